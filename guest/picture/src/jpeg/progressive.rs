//! The progressive way to code blocks: every scan brings some coefficients of all
//! blocks, or one more bit of them, so that they wait in memory for the last scan.

use super::bits::Bits;
use super::frame::Component;
use super::huffman::Huffman;
use super::scan::{Coder, Part, TOO_MANY, ZIGZAG};
use crate::error::Error;

/// One scan's part of every block.
pub(super) struct Progressive {
    /// The first and the last coefficient, in the order of the file.
    first: usize,
    last: usize,
    /// Whether it brings one more bit of coefficients that are known.
    refines: bool,
    /// How many bits are still to come.
    low: u32,
    /// How many blocks more have nothing new, besides refinements.
    ended: u32,
}

impl Progressive {
    /// From the last three bytes of a scan's header.
    pub(super) fn new([first, last, bits]: [u8; 3], parts: usize) -> Result<Self, Error> {
        let (high, low) = (bits >> 4, bits & 15);
        let band = if first == 0 { last == 0 } else { first <= last && last < 64 && parts == 1 };
        if !band || low > 13 || (high > 0 && high != low + 1) {
            return Err(Error::Corrupt("a progressive JPEG's scan refines what there is not"));
        }
        Ok(Progressive {
            first: first.into(),
            last: last.into(),
            refines: high > 0,
            low: low.into(),
            ended: 0,
        })
    }

    /// Which tables the scan needs: those of first coefficients, and of others.
    pub(super) fn needs(&self) -> (bool, bool) {
        (self.first == 0 && !self.refines, self.first > 0)
    }

    fn band(&mut self, bits: &mut Bits, ac: &Huffman, block: &mut [i16; 64]) -> Result<(), Error> {
        if self.ended > 0 {
            self.ended -= 1;
            return Ok(());
        }
        let mut next = self.first;
        while next <= self.last {
            bits.refill();
            let coded = ac.coded(bits)?;
            next += coded.run;
            if coded.size == 0 {
                if coded.run < 15 {
                    self.ended = (1 << coded.run) + bits.take(coded.run as u32) - 1;
                    break;
                }
            } else {
                *at(block, next)? = (coded.value << self.low) as i16;
            }
            next += 1;
        }
        Ok(())
    }

    fn refine(
        &mut self,
        bits: &mut Bits,
        ac: &Huffman,
        block: &mut [i16; 64],
    ) -> Result<(), Error> {
        let bit = 1_i16 << self.low;
        let mut next = self.first;
        if self.ended == 0 {
            while next <= self.last {
                bits.refill();
                let symbol = ac.symbol(bits)?;
                let (mut zeros, size) = (symbol >> 4, symbol & 15);
                let mut value = 0;
                if size > 0 {
                    value = if bits.take(1) > 0 { bit } else { -bit };
                } else if zeros < 15 {
                    self.ended = (1 << zeros) + bits.take(zeros.into());
                    break;
                }
                // Past so many zeros, refining what lies between them.
                while next <= self.last {
                    let coefficient = at(block, next)?;
                    if *coefficient != 0 {
                        correct(bits, coefficient, bit);
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    next += 1;
                }
                if value != 0 {
                    *at(block, next)? = value;
                }
                next += 1;
            }
        }
        if self.ended > 0 {
            // Many blocks have nothing to refine, and cost a scan hardly any byte.
            let [_, others @ ..] = &*block;
            if others.iter().fold(0, |all, one| all | one) == 0 {
                self.ended -= 1;
                return Ok(());
            }
            for next in next..=self.last {
                let coefficient = at(block, next)?;
                if *coefficient != 0 {
                    correct(bits, coefficient, bit);
                }
            }
            self.ended -= 1;
        }
        Ok(())
    }
}

#[inline]
fn at(block: &mut [i16; 64], place: usize) -> Result<&mut i16, Error> {
    let place = ZIGZAG.get(place).ok_or(TOO_MANY)?;
    block.get_mut(usize::from(*place)).ok_or(TOO_MANY)
}

/// One more bit of a coefficient, away from 0.
#[inline]
fn correct(bits: &mut Bits, coefficient: &mut i16, bit: i16) {
    bits.refill();
    if bits.take(1) > 0 && *coefficient & bit == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient > 0 { bit } else { -bit });
    }
}

impl Coder for Progressive {
    fn block(
        &mut self,
        bits: &mut Bits,
        part: &mut Part,
        component: &mut Component,
        (column, row): (usize, usize),
    ) -> Result<(), Error> {
        let place = row * component.blocks.0 + column;
        let Some(block) = component.coefficients.get_mut(place) else { return Ok(()) };
        match (&part.dc, &part.ac) {
            (Some(dc), _) => {
                bits.refill();
                part.predicted = part.predicted.wrapping_add(dc.coded(bits)?.value);
                block[0] = (part.predicted << self.low) as i16;
            }
            (None, Some(ac)) if self.refines => self.refine(bits, ac, block)?,
            (None, Some(ac)) => self.band(bits, ac, block)?,
            (None, None) => {
                bits.refill();
                block[0] |= (bits.take(1) << self.low) as i16;
            }
        }
        Ok(())
    }

    fn restart(&mut self) {
        self.ended = 0;
    }
}
