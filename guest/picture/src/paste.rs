//! Parts of pictures, and pictures on larger ones.

use crate::error::Error;
use crate::limits::Limits;
use crate::picture::Picture;

/// A picture of this size with another on it, whose upper left corner lies at
/// `left` and `top`, beyond the edge if they are negative. `fill` is what the rest
/// has: a number for each channel, or one for all.
///
/// # Errors
///
/// If it is larger than the limits.
pub fn frame(
    picture: Picture,
    (width, height): (usize, usize),
    (left, top): (isize, isize),
    fill: &[u8],
    limits: &Limits,
) -> Result<Picture, Error> {
    if (picture.width(), picture.height(), left, top) == (width, height, 0, 0) {
        return Ok(picture);
    }
    if width == 0 || height == 0 {
        return Err(Error::Unsupported("nothing is left of it"));
    }
    limits.check(width, height)?;
    let count = picture.channels().count();
    let length = width * count;
    let fill = if fill.is_empty() { &[0] } else { fill };
    let background: Vec<u8> = fill.iter().copied().cycle().take(length).collect();
    // The row of the result in which it begins, and what is left of each of its rows.
    let (before, skipped) = (left.max(0).unsigned_abs(), left.min(0).unsigned_abs());
    let mut pixels = Vec::with_capacity(length * height);
    for y in 0..height {
        let row = y.checked_add_signed(top.saturating_neg()).and_then(|y| picture.rows().nth(y));
        let row = row.and_then(|row| row.get(skipped * count..)).unwrap_or_default();
        let (before, rest) =
            background.split_at_checked(before * count).unwrap_or((&background, &[]));
        let row = row.get(..rest.len()).unwrap_or(row);
        pixels.extend_from_slice(before);
        pixels.extend_from_slice(row);
        pixels.extend_from_slice(rest.get(row.len()..).unwrap_or_default());
    }
    Ok(Picture::of(width, height, picture.channels(), pixels).lying(picture.orientation()))
}
