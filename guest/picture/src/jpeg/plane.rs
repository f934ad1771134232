//! The samples of one component, and how a row of them is stretched to the
//! picture's width: with the weights of libjpeg's "fancy" upsampling (`jdsample`),
//! 3 to the nearer and 1 to the farther sample, and its rules on when to use them.

use crate::error::Error;

/// One component, in rows that are a whole number of blocks long.
#[derive(Default)]
pub(super) struct Plane {
    /// Samples in a row that belong to the picture.
    pub(super) width: usize,
    /// Rows that do.
    pub(super) height: usize,
    stride: usize,
    samples: Vec<u8>,
}

/// How the samples of a component become those of the picture.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stretch {
    None,
    /// By two in the one direction, by two in the other, or both.
    Fancy {
        across: bool,
        down: bool,
    },
    /// Every sample so many times across and down.
    Repeat {
        across: usize,
        down: usize,
    },
}

impl Stretch {
    /// How libjpeg does it for a component of these sampling factors, `width`
    /// samples wide, among others of at most `most`.
    pub(super) fn new(
        own: (usize, usize),
        most: (usize, usize),
        width: usize,
    ) -> Result<Self, Error> {
        if !most.0.is_multiple_of(own.0) || !most.1.is_multiple_of(own.1) {
            return Err(Error::Unsupported(
                "it is a JPEG whose sampling factors are not multiples of each other; save it anew",
            ));
        }
        Ok(match (most.0 / own.0, most.1 / own.1) {
            (1, 1) => Stretch::None,
            (1, 2) => Stretch::Fancy { across: false, down: true },
            (2, down @ 1..=2) if width > 2 => Stretch::Fancy { across: true, down: down == 2 },
            (across, down) => Stretch::Repeat { across, down },
        })
    }
}

impl Plane {
    /// Without samples for now.
    pub(super) fn sized(width: usize, height: usize) -> Self {
        Plane { width, height, ..Plane::default() }
    }

    pub(super) fn new(width: usize, height: usize, blocks: (usize, usize)) -> Self {
        let stride = blocks.0 * 8;
        Plane { width, height, stride, samples: vec![0; stride * blocks.1 * 8] }
    }

    /// Sets the block in this column and row of blocks.
    #[inline]
    pub(super) fn set(&mut self, column: usize, row: usize, block: &[[u8; 8]; 8]) {
        let start = row * 8 * self.stride + column * 8;
        let Some(samples) = self.samples.get_mut(start..) else { return };
        for (row, values) in samples.chunks_mut(self.stride.max(1)).zip(block) {
            if let Some(row) = row.first_chunk_mut() {
                *row = *values;
            }
        }
    }

    /// The row of the picture's that these samples are stretched to, in `out` or
    /// where it lies. It may be longer than the picture is wide.
    pub(super) fn row<'a>(
        &'a self,
        y: usize,
        stretch: Stretch,
        scratch: &'a mut Scratch,
    ) -> &'a [u8] {
        let Scratch { sums, out } = scratch;
        match stretch {
            Stretch::None => return self.samples_of(y),
            Stretch::Repeat { across, down } => {
                out.clear();
                for &sample in self.samples_of(y / down) {
                    out.extend(std::iter::repeat_n(sample, across));
                }
            }
            Stretch::Fancy { across: true, down: false } => {
                sum(sums, self.samples_of(y), None);
                doubled::<1, 2, 2>(sums, out);
            }
            Stretch::Fancy { across: true, down: true } => {
                sum(sums, self.samples_of(y / 2), Some(self.farther(y)));
                doubled::<8, 7, 4>(sums, out);
            }
            Stretch::Fancy { across: false, .. } => {
                let bias = if y.is_multiple_of(2) { 1 } else { 2 };
                out.clear();
                out.extend(self.samples_of(y / 2).iter().zip(self.farther(y)).map(
                    |(&nearer, &farther)| {
                        ((3 * u16::from(nearer) + u16::from(farther) + bias) >> 2) as u8
                    },
                ));
            }
        }
        out
    }

    /// The samples of a row; after the last one, the last one's.
    fn samples_of(&self, row: usize) -> &[u8] {
        let start = row.min(self.height.saturating_sub(1)) * self.stride;
        self.samples.get(start..start + self.width).unwrap_or_default()
    }

    /// The row on the other side of a row of twice as many.
    fn farther(&self, y: usize) -> &[u8] {
        self.samples_of(if y.is_multiple_of(2) { (y / 2).saturating_sub(1) } else { y / 2 + 1 })
    }
}

/// Room for the rows in between.
#[derive(Default)]
pub(super) struct Scratch {
    sums: Vec<u16>,
    out: Vec<u8>,
}

/// Three times the nearer and once the farther row, if there is one, with the
/// first and the last again beyond the ends: what libjpeg does there comes to it.
fn sum(sums: &mut Vec<u16>, nearer: &[u8], farther: Option<&[u8]>) {
    sums.clear();
    sums.push(0);
    match farther {
        Some(farther) => sums.extend(
            nearer.iter().zip(farther).map(|(&near, &far)| 3 * u16::from(near) + u16::from(far)),
        ),
        None => sums.extend(nearer.iter().copied().map(u16::from)),
    }
    sums.push(0);
    if let [first, second, .., last, end] = sums.as_mut_slice() {
        (*first, *end) = (*second, *last);
    }
}

/// Two between every three neighbours, nearer to the middle one.
fn doubled<const LEFT: u16, const RIGHT: u16, const SHIFT: u32>(sums: &[u16], out: &mut Vec<u8>) {
    let count = sums.len().saturating_sub(2);
    out.resize(2 * count, 0);
    let (pairs, _) = out.as_chunks_mut::<2>();
    let (left, rest) = (sums, sums.get(1..).unwrap_or_default());
    let right = rest.get(1..).unwrap_or_default();
    for (((pair, &left), &middle), &right) in pairs.iter_mut().zip(left).zip(rest).zip(right) {
        *pair = [
            ((3 * middle + left + LEFT) >> SHIFT) as u8,
            ((3 * middle + right + RIGHT) >> SHIFT) as u8,
        ];
    }
}
