//! From the bytes of a file to its pixels, whichever format it is of.

use crate::error::Error;
use crate::limits::Limits;
use crate::picture::{Channels, Picture};
use crate::{jpeg, png};

/// The pixels of a JPEG or PNG, with what its file says: gray if the file is gray,
/// else red, green and blue. It lies as it is stored; see [`crate::orient`].
///
/// # Errors
///
/// If the file is neither of them, damaged, or larger than the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, Error> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => jpeg::decode(bytes, limits),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => png::decode(bytes, limits),
        _ => Err(Error::NotAPicture),
    }
}

/// As many channels as wanted, with the numbers of Pillow's `convert`.
#[must_use]
pub fn convert(picture: Picture, channels: Channels) -> Picture {
    let (width, height, orientation) = (picture.width(), picture.height(), picture.orientation());
    let pixels = match (picture.channels(), channels) {
        (Channels::Gray, Channels::Rgb) => {
            let mut pixels = vec![0; width * height * 3];
            let (triples, _) = pixels.as_chunks_mut::<3>();
            for (pixel, &gray) in triples.iter_mut().zip(picture.pixels()) {
                *pixel = [gray; 3];
            }
            pixels
        }
        (Channels::Rgb, Channels::Gray) => {
            picture.pixels().as_chunks::<3>().0.iter().map(luma).collect()
        }
        _ => return picture,
    };
    Picture::of(width, height, channels, pixels).lying(orientation)
}

/// How bright a colour is by ITU-R 601-2, in Pillow's fixed point.
fn luma(&[r, g, b]: &[u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(r) + 38_470 * u32::from(g) + 7471 * u32::from(b);
    ((sum + 0x8000) >> 16) as u8
}
