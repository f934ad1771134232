//! PNG, of every colour type and depth, interlaced or not: the first picture of a
//! file, with the pixels of Pillow's `convert`. The crate `png` inflates and
//! unfilters; the rest is done here, because Pillow has ways of its own: it drops
//! alpha, and cuts off what exceeds 255 in gray of 16 bits.

use crate::error::Error;
use crate::limits::Limits;
use crate::orientation;
use crate::picture::{Channels, Picture};
use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Transformations};
use std::io::Cursor;

const CUT_SHORT: Error = Error::Corrupt("a PNG ends before its picture does");
const INVALID: Error = Error::Corrupt("a PNG contradicts itself or its checksums");

/// What no file compresses to: deflate's smallest is 1,032 times smaller.
const MOST_DEFLATED: usize = 1032;

/// The picture of a file that begins as a PNG does: gray or of red, green and blue.
pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, Error> {
    let mut options = DecodeOptions::default();
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_transformations(Transformations::IDENTITY);
    let (width, height) = {
        let info = decoder.read_header_info().map_err(refusal)?;
        let (width, height) = (info.width as usize, info.height as usize);
        limits.check(width, height)?;
        let bits = info.bits_per_pixel().saturating_mul(width);
        if (bits / 8).saturating_mul(height) / MOST_DEFLATED > bytes.len() {
            return Err(CUT_SHORT);
        }
        (width, height)
    };
    // Beyond the rows, the decoder holds no more than metadata and two rows.
    decoder.set_limits(png::Limits { bytes: usize::MAX });
    let mut reader = decoder.read_info().map_err(refusal)?;
    let (colours, depth) = reader.output_color_type();
    let palette = reader.info().palette.as_deref().unwrap_or_default().to_vec();
    let colours = match colours {
        ColorType::Indexed if palette.is_empty() => {
            return Err(Error::Corrupt("a PNG of palette colours has no palette"));
        }
        ColorType::Indexed => Row::Palette(palette.as_chunks::<3>().0),
        ColorType::Grayscale => Row::Gray,
        ColorType::GrayscaleAlpha => Row::GrayAlpha,
        ColorType::Rgb => Row::Rgb,
        ColorType::Rgba => Row::Rgba,
    };
    let channels = match colours {
        Row::Gray | Row::GrayAlpha => Channels::Gray,
        Row::Palette(_) | Row::Rgb | Row::Rgba => Channels::Rgb,
    };
    let length = width * channels.count();
    let mut pixels = vec![0; length * height];
    let rows = pixels.chunks_exact_mut(length.max(1));
    if reader.info().interlaced {
        let size = reader.output_buffer_size().ok_or(INVALID)?;
        let mut data = vec![0; size];
        let line = reader.next_frame(&mut data).map_err(refusal)?.line_size;
        for (row, data) in rows.zip(data.chunks_exact(line.max(1))) {
            colours.convert(depth, data, row);
        }
    } else {
        for row in rows {
            let data = reader.next_row().map_err(refusal)?.ok_or(CUT_SHORT)?;
            colours.convert(depth, data.data(), row);
        }
    }
    // The checksum of the rows comes after them. What else follows may be missing.
    match reader.finish() {
        Ok(()) | Err(DecodingError::IoError(_)) => {}
        Err(error) => return Err(refusal(error)),
    }
    let (exif, xmp) = metadata(bytes);
    Ok(Picture::of(width, height, channels, pixels).lying(orientation::find(exif, xmp)))
}

fn refusal(error: DecodingError) -> Error {
    match error {
        DecodingError::IoError(_) => CUT_SHORT,
        DecodingError::Format(_) | DecodingError::Parameter(_) => INVALID,
        DecodingError::LimitsExceeded => Error::Unsupported("it is a PNG of too much metadata"),
    }
}

/// What the bytes of a row are.
#[derive(Clone, Copy)]
enum Row<'a> {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    Palette(&'a [[u8; 3]]),
}

impl Row<'_> {
    fn convert(self, depth: BitDepth, data: &[u8], out: &mut [u8]) {
        let wide = depth == BitDepth::Sixteen;
        match self {
            // Pillow cuts this off at 255, but takes the upper byte of the others.
            Row::Gray if wide => {
                for (pixel, &[high, low]) in out.iter_mut().zip(data.as_chunks::<2>().0) {
                    *pixel = if high == 0 { low } else { 255 };
                }
            }
            Row::Gray => match depth {
                BitDepth::One => unpacked::<1>(data, out, |bit| bit * 255),
                BitDepth::Two => unpacked::<2>(data, out, |bits| bits * 85),
                BitDepth::Four => unpacked::<4>(data, out, |bits| bits * 17),
                BitDepth::Eight | BitDepth::Sixteen => out.copy_from_slice(data),
            },
            Row::GrayAlpha if wide => picked::<1, 4>(data, out, |[gray, ..]| [gray]),
            Row::GrayAlpha => picked::<1, 2>(data, out, |[gray, _]| [gray]),
            Row::Rgb if wide => picked::<3, 6>(data, out, |[r, _, g, _, b, _]| [r, g, b]),
            Row::Rgb => out.copy_from_slice(data),
            Row::Rgba if wide => picked::<3, 8>(data, out, |[r, _, g, _, b, ..]| [r, g, b]),
            Row::Rgba => picked::<3, 4>(data, out, |[r, g, b, _]| [r, g, b]),
            Row::Palette(palette) => match depth {
                BitDepth::One => looked_up::<1>(data, out, palette),
                BitDepth::Two => looked_up::<2>(data, out, palette),
                BitDepth::Four => looked_up::<4>(data, out, palette),
                BitDepth::Eight | BitDepth::Sixteen => looked_up::<8>(data, out, palette),
            },
        }
    }
}

/// From each pixel of `FROM` bytes, `TO` of them.
fn picked<const TO: usize, const FROM: usize>(
    data: &[u8],
    out: &mut [u8],
    pick: impl Fn([u8; FROM]) -> [u8; TO],
) {
    for (pixel, &bytes) in out.as_chunks_mut::<TO>().0.iter_mut().zip(data.as_chunks().0) {
        *pixel = pick(bytes);
    }
}

/// The numbers of `BITS` bits in a row.
fn numbers<const BITS: u32>(data: &[u8]) -> impl Iterator<Item = u8> {
    data.iter()
        .flat_map(|&byte| (0..8 / BITS).map(move |place| byte << (place * BITS) >> (8 - BITS)))
}

fn unpacked<const BITS: u32>(data: &[u8], out: &mut [u8], gray: impl Fn(u8) -> u8) {
    for (pixel, number) in out.iter_mut().zip(numbers::<BITS>(data)) {
        *pixel = gray(number);
    }
}

/// What a palette does not have is black.
fn looked_up<const BITS: u32>(data: &[u8], out: &mut [u8], palette: &[[u8; 3]]) {
    for (pixel, number) in out.as_chunks_mut::<3>().0.iter_mut().zip(numbers::<BITS>(data)) {
        *pixel = palette.get(usize::from(number)).copied().unwrap_or_default();
    }
}

/// The chunks of EXIF and XMP, if the file has them.
fn metadata(bytes: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let (mut exif, mut xmp) = (None, None);
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((&length, after)) = rest.split_first_chunk::<4>() {
        let Some((name, after)) = after.split_first_chunk::<4>() else { break };
        let length = u32::from_be_bytes(length) as usize;
        let Some((data, after)) = after.split_at_checked(length) else { break };
        match name {
            b"eXIf" => exif = Some(data),
            // Uncompressed, as it always is.
            b"iTXt" => xmp = data.strip_prefix(b"XML:com.adobe.xmp\0\0").or(xmp),
            _ => {}
        }
        rest = after.get(4..).unwrap_or_default();
    }
    (exif, xmp)
}
