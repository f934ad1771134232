//! The order of blocks in a scan, and the sequential way to code them. The
//! progressive way is in `progressive`.

use super::bits::Bits;
use super::frame::{Component, Frame};
use super::huffman::Huffman;
use super::{CUT_SHORT, idct};
use crate::error::Error;

/// Where each coefficient of a block goes, in the order of the file.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

pub(super) const TOO_MANY: Error =
    Error::Corrupt("a JPEG has a block of more than 64 coefficients");

/// One component's part in a scan.
#[derive(Clone)]
pub(super) struct Part {
    /// Its number in the frame.
    pub(super) component: usize,
    pub(super) dc: Option<Huffman>,
    pub(super) ac: Option<Huffman>,
    /// The first coefficient of the block before, from which the next differs.
    pub(super) predicted: i32,
}

/// What is done with each block.
pub(super) trait Coder {
    fn block(
        &mut self,
        bits: &mut Bits,
        part: &mut Part,
        component: &mut Component,
        at: (usize, usize),
    ) -> Result<(), Error>;

    /// Forgets what went before, but for the first coefficients.
    fn restart(&mut self) {}
}

/// Goes over the blocks of a scan; `interval` is that of the restart markers, or 0.
/// Returns what follows the scan.
pub(super) fn walk<'a>(
    data: &'a [u8],
    frame: &mut Frame,
    parts: &mut [Part],
    interval: usize,
    coder: &mut impl Coder,
) -> Result<&'a [u8], Error> {
    let mut bits = Bits::new(data);
    // A component alone has no blocks that only fill a unit up.
    let alone = match &*parts {
        [part] => frame.components.get(part.component).map(Component::own_blocks),
        _ => None,
    };
    let (columns, rows) = alone.unwrap_or(frame.units);
    let mut left = interval;
    let mut number = 0;
    for row in 0..rows {
        for column in 0..columns {
            if interval > 0 {
                if left == 0 {
                    bits.restart(number)?;
                    number = (number + 1) % 8;
                    left = interval;
                    parts.iter_mut().for_each(|part| part.predicted = 0);
                    coder.restart();
                }
                left -= 1;
            }
            for part in &mut *parts {
                let Some(component) = frame.components.get_mut(part.component) else { continue };
                if alone.is_some() {
                    coder.block(&mut bits, part, component, (column, row))?;
                    continue;
                }
                let (across, down) = component.sampling;
                for y in row * down..(row + 1) * down {
                    for x in column * across..(column + 1) * across {
                        coder.block(&mut bits, part, component, (x, y))?;
                    }
                }
            }
            if bits.overdrawn() {
                return Err(CUT_SHORT);
            }
        }
    }
    Ok(bits.rest())
}

/// Blocks that are complete as they come.
pub(super) struct Sequential;

impl Coder for Sequential {
    #[inline]
    fn block(
        &mut self,
        bits: &mut Bits,
        part: &mut Part,
        component: &mut Component,
        (column, row): (usize, usize),
    ) -> Result<(), Error> {
        let (Some(dc), Some(ac)) = (&part.dc, &part.ac) else { return Err(super::NO_TABLE) };
        bits.refill();
        part.predicted = part.predicted.wrapping_add(dc.coded(bits)?.value);
        let first = part.predicted as i16;
        let mut coefficients = [0_i16; 64];
        coefficients[0] = first;
        let mut next = 1;
        let mut last = 0;
        while next < 64 {
            bits.refill();
            let coded = ac.coded(bits)?;
            if coded.size == 0 {
                // 16 zeros, or zeros to the end.
                if coded.run < 15 {
                    break;
                }
                next += 16;
                continue;
            }
            let at = ZIGZAG.get(next + coded.run).ok_or(TOO_MANY)?;
            if let Some(slot) = coefficients.get_mut(usize::from(*at)) {
                *slot = coded.value as i16;
            }
            last = next;
            next += coded.run + 1;
        }
        if last == 0 {
            let value = idct::flat(first, component.table[0]);
            component.plane.set(column, row, &[[value; 8]; 8]);
        } else {
            component.plane.set(column, row, &idct::block(&coefficients, &component.table));
        }
        Ok(())
    }
}
