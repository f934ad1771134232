//! Scaling, with the numbers of Pillow's `Image.resize`, bit for bit: two passes,
//! across and then down, each with weights of 22 bits after the point and rounded
//! to 8 bits. When it shrinks, a filter is as much wider, so that every pixel of
//! the source counts.

use crate::error::Error;
use crate::lanes::Lanes;
use crate::limits::Limits;
use crate::picture::{Channels, Picture};
use serde::Deserialize;
use std::f64::consts::PI;
use std::ops::Range;

/// How the pixels around a place make the one there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// The one pixel that is there.
    Nearest,
    /// The mean of those it covers.
    Box,
    /// Linear from one to the next.
    #[default]
    Bilinear,
    /// Catmull and Rom's cubic.
    Bicubic,
    /// Lanczos's windowed sinc, of three lobes.
    Lanczos,
}

impl Filter {
    /// How far it reaches, and its weight at a distance.
    fn shape(self) -> (f64, fn(f64) -> f64) {
        match self {
            // Nearest has a way of its own.
            Filter::Nearest | Filter::Box => {
                (0.5, |x| if x > -0.5 && x <= 0.5 { 1.0 } else { 0.0 })
            }
            Filter::Bilinear => (1.0, |x| (1.0 - x.abs()).max(0.0)),
            Filter::Bicubic => (2.0, bicubic),
            Filter::Lanczos => (3.0, lanczos),
        }
    }
}

fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn lanczos(x: f64) -> f64 {
    fn sinc(x: f64) -> f64 {
        if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
    }
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// Scales a picture to exactly this size.
///
/// # Errors
///
/// If that is larger than the limits, or nothing.
pub fn scale(
    picture: Picture,
    width: usize,
    height: usize,
    filter: Filter,
    limits: &Limits,
) -> Result<Picture, Error> {
    if width == 0 || height == 0 {
        return Err(Error::Unsupported(
            "it is so long and narrow that nothing is left of it when it is scaled; crop it",
        ));
    }
    limits.check(width, height)?;
    if (picture.width(), picture.height()) == (width, height) {
        return Ok(picture);
    }
    let (channels, orientation) = (picture.channels(), picture.orientation());
    let pixels = match (filter, channels) {
        (Filter::Nearest, Channels::Gray) => nearest::<1>(&picture, width, height),
        (Filter::Nearest, Channels::Rgb) => nearest::<3>(&picture, width, height),
        _ => convolved(&picture, width, height, filter, limits)?,
    };
    Ok(Picture::of(width, height, channels, pixels).lying(orientation))
}

fn convolved(
    picture: &Picture,
    width: usize,
    height: usize,
    filter: Filter,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let (pixels, channels) = (picture.pixels(), picture.channels());
    let length = picture.width() * channels.count();
    let across = || Weights::new(picture.width(), width, filter);
    let down = || Weights::new(picture.height(), height, filter);
    if width == picture.width() {
        return Ok(scaled_down(pixels, length, &down(), 0));
    }
    if height == picture.height() {
        return Ok(scaled_across(pixels, length, channels, &across()));
    }
    // Pillow's rule since its version 13; before, it was always across first.
    if picture.height().saturating_sub(height) > 2 * picture.width().saturating_sub(width) {
        limits.check(picture.width(), height)?;
        let between = scaled_down(pixels, length, &down(), 0);
        return Ok(scaled_across(&between, length, channels, &across()));
    }
    // Rows that count nowhere are not scaled.
    let down = down();
    let Range { start, end } = down.sources();
    limits.check(width, end - start)?;
    let rows = pixels.get(start * length..end * length).unwrap_or_default();
    let between = scaled_across(rows, length, channels, &across());
    Ok(scaled_down(&between, width * channels.count(), &down, start))
}

const PRECISION_BITS: u32 = 32 - 8 - 2;

/// The weights of one dimension: for each place of the result, where its sources
/// begin, and the weight of each.
struct Weights {
    starts: Vec<usize>,
    ends: Vec<usize>,
    weights: Vec<i32>,
}

impl Weights {
    /// Pillow's `precompute_coeffs`.
    fn new(from: usize, to: usize, filter: Filter) -> Self {
        let (reach, weight) = filter.shape();
        let scale = from as f64 / to as f64;
        let stretch = scale.max(1.0);
        let reach = reach * stretch;
        let narrow = 1.0 / stretch;
        let mut all = Weights {
            starts: Vec::with_capacity(to),
            ends: Vec::with_capacity(to),
            weights: Vec::new(),
        };
        let mut exact = Vec::new();
        for place in 0..to {
            let centre = (place as f64 + 0.5) * scale;
            let start = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).min(from);
            exact.clear();
            exact
                .extend((start..end).map(|source| weight((source as f64 - centre + 0.5) * narrow)));
            let sum: f64 = exact.iter().sum();
            all.weights.extend(exact.iter().map(|&weight| {
                let weight = if sum == 0.0 { weight } else { weight / sum };
                let weight = weight * f64::from(1 << PRECISION_BITS);
                (weight + if weight < 0.0 { -0.5 } else { 0.5 }) as i32
            }));
            all.starts.push(start);
            all.ends.push(all.weights.len());
        }
        all
    }

    /// For each place, where its sources begin and what they weigh.
    fn places(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let mut begin = 0;
        self.starts.iter().zip(&self.ends).map(move |(&start, &end)| {
            let weights = self.weights.get(begin..end).unwrap_or_default();
            begin = end;
            (start, weights)
        })
    }

    /// The sources that any place has.
    fn sources(&self) -> Range<usize> {
        let start = self.starts.first().copied().unwrap_or(0);
        start..self.places().map(|(start, weights)| start + weights.len()).max().unwrap_or(start)
    }
}

const HALF: i32 = 1 << (PRECISION_BITS - 1);

/// Rounded to a pixel; sums begin with `HALF`.
#[inline]
fn rounded(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// Rows of `length` bytes, each scaled.
fn scaled_across(rows: &[u8], length: usize, channels: Channels, across: &Weights) -> Vec<u8> {
    let rows = rows.chunks_exact(length.max(1));
    let length = across.starts.len() * channels.count();
    let mut out = vec![0; rows.len() * length];
    let pairs = rows.zip(out.chunks_exact_mut(length.max(1)));
    match channels {
        Channels::Gray => pairs.for_each(|(row, out)| across_gray(row, across, out)),
        Channels::Rgb => {
            let mut wide = Vec::new();
            pairs.for_each(|(row, out)| across_rgb(row, across, out, &mut wide));
        }
    }
    out
}

fn across_gray(row: &[u8], across: &Weights, out: &mut [u8]) {
    for ((start, weights), pixel) in across.places().zip(out) {
        let terms = row.get(start..).unwrap_or_default().iter().zip(weights);
        *pixel = rounded(terms.fold(HALF, |sum, (&source, &weight)| {
            sum.wrapping_add(i32::from(source).wrapping_mul(weight))
        }));
    }
}

/// A pixel is widened to four numbers, once for all the places that it is a source
/// of, since that is what a vector holds; `wide` is room for a row of them.
fn across_rgb(row: &[u8], across: &Weights, out: &mut [u8], wide: &mut Vec<Lanes>) {
    wide.clear();
    wide.extend(
        row.as_chunks::<3>().0.iter().map(|&[r, g, b]| Lanes::new([r, g, b, 0].map(i32::from))),
    );
    for ((start, weights), pixel) in across.places().zip(out.as_chunks_mut::<3>().0) {
        let sources = wide.get(start..).unwrap_or_default();
        let mut sums = Lanes::splat(HALF);
        for (&source, &weight) in sources.iter().zip(weights) {
            sums = sums + source * weight;
        }
        let sums = sums.shifted_right::<PRECISION_BITS>();
        let [r, g, b, ..] = Lanes::bytes(sums, sums);
        *pixel = [r, g, b];
    }
}

/// Rows of `length` bytes, of which the first is the source's `first`.
fn scaled_down(rows: &[u8], length: usize, down: &Weights, first: usize) -> Vec<u8> {
    let mut out = vec![0; length * down.starts.len()];
    let mut sums = vec![HALF; length];
    for ((start, weights), out) in down.places().zip(out.chunks_exact_mut(length.max(1))) {
        sums.fill(HALF);
        let sources = rows.chunks_exact(length.max(1)).skip(start - first);
        for (source, &weight) in sources.zip(weights) {
            for (sum, &source) in sums.iter_mut().zip(source) {
                *sum = sum.wrapping_add(i32::from(source).wrapping_mul(weight));
            }
        }
        for (pixel, &sum) in out.iter_mut().zip(&sums) {
            *pixel = rounded(sum);
        }
    }
    out
}

/// Pillow's affine transformation, which adds up steps instead of multiplying.
fn nearest<const CHANNELS: usize>(picture: &Picture, width: usize, height: usize) -> Vec<u8> {
    let places = |from: usize, to: usize| {
        let step = from as f64 / to as f64;
        let mut place = step * 0.5;
        let mut next = move || {
            let source = place as usize;
            place += step;
            source.min(from - 1)
        };
        (0..to).map(move |_| next()).collect::<Vec<_>>()
    };
    let columns = places(picture.width(), width);
    let mut out = Vec::with_capacity(width * height * CHANNELS);
    for source in places(picture.height(), height) {
        let row = picture.rows().nth(source).unwrap_or_default();
        let (pixels, _) = row.as_chunks::<CHANNELS>();
        out.extend(columns.iter().filter_map(|&column| pixels.get(column)).flatten());
    }
    out
}
