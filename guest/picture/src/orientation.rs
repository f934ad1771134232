//! How a camera was held: the orientation in a file's EXIF or, where that has
//! none, XMP, and the turn that undoes it (Pillow's `ImageOps.exif_transpose`).

use crate::picture::Picture;

/// EXIF's orientation, 1 to 8: how the stored rows are to be turned to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Orientation {
    /// Right becomes left; done after the transposition, like the next.
    mirrored: bool,
    /// Top becomes bottom.
    upended: bool,
    /// Rows become columns.
    transposed: bool,
}

impl Orientation {
    /// That of EXIF's number; any that EXIF does not define is 1, as stored.
    #[must_use]
    pub fn from_exif(number: u32) -> Self {
        let (mirrored, upended, transposed) = match number {
            2 => (true, false, false),
            3 => (true, true, false),
            4 => (false, true, false),
            5 => (false, false, true),
            6 => (true, false, true),
            7 => (true, true, true),
            8 => (false, true, true),
            _ => (false, false, false),
        };
        Orientation { mirrored, upended, transposed }
    }

    /// Whether width and height change places.
    #[must_use]
    pub fn is_transposed(self) -> bool {
        self.transposed
    }
}

/// Turns the picture as its file says.
#[must_use]
pub fn orient(picture: Picture) -> Picture {
    let Orientation { mirrored, upended, transposed } = picture.orientation;
    let (width, height, channels) = (picture.width(), picture.height(), picture.channels());
    if !(mirrored || upended || transposed) {
        return picture;
    }
    let count = channels.count();
    let mut pixels = Vec::with_capacity(picture.pixels().len());
    // What is a row of the result lies in the source as a row, or as a column.
    let rows = if transposed { width } else { height };
    for row in 0..rows {
        let row = if upended { rows - 1 - row } else { row };
        let (skip, step) = if transposed { (row, width) } else { (row * width, 1) };
        let line = picture.pixels().chunks_exact(count).skip(skip).step_by(step);
        let length = if transposed { height } else { width };
        if mirrored {
            pixels.extend(line.take(length).rev().flatten());
        } else {
            pixels.extend(line.take(length).flatten());
        }
    }
    if transposed {
        Picture::of(height, width, channels, pixels)
    } else {
        Picture::of(width, height, channels, pixels)
    }
}

/// The orientation in the metadata of a file, as Pillow looks for it.
pub(crate) fn find(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Orientation {
    let number = exif.and_then(in_exif).or_else(|| xmp.and_then(in_xmp));
    Orientation::from_exif(number.unwrap_or(1))
}

/// The orientation of a TIFF structure, which is what EXIF is, in its first directory.
fn in_exif(exif: &[u8]) -> Option<u32> {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let little = match exif.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = exif.get(at..)?.first_chunk::<2>()?;
        Some(u32::from(if little {
            u16::from_le_bytes(*bytes)
        } else {
            u16::from_be_bytes(*bytes)
        }))
    };
    let long = |at: usize| {
        let bytes = exif.get(at..)?.first_chunk::<4>()?;
        Some(if little { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) })
    };
    let directory = usize::try_from(long(4)?).ok()?;
    let entries = usize::try_from(short(directory)?).ok()?;
    (0..entries).find_map(|entry| {
        let entry = directory.checked_add(2 + 12 * entry)?;
        if short(entry)? != 0x0112 || long(entry + 4)? != 1 {
            return None;
        }
        match short(entry + 2)? {
            1 => exif.get(entry + 8).copied().map(u32::from),
            3 => short(entry + 8),
            4 => long(entry + 8),
            _ => None,
        }
    })
}

/// The digit of `tiff:Orientation="6"` or `<tiff:Orientation>6`.
fn in_xmp(xmp: &[u8]) -> Option<u32> {
    const NAME: &[u8] = b"tiff:Orientation";
    xmp.windows(NAME.len() + 3).find_map(|text| {
        let rest = text.strip_prefix(NAME)?;
        let digit = match rest {
            [b'=', b'"', digit] | [b'>', digit, _] => digit,
            _ => return None,
        };
        digit.is_ascii_digit().then(|| u32::from(digit - b'0'))
    })
}
