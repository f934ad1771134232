//! Huffman codes. A table of the next ten bits answers most of them at once, and
//! where code and number together fit in, the number too.

use super::bits::{Bits, extend};
use crate::error::Error;

const LOOK: u32 = 10;

const INVALID: Error = Error::Corrupt("a JPEG's Huffman table is not one");
const NO_CODE: Error = Error::Corrupt("a JPEG has a code that its Huffman table has not");

/// A table, as a file defines it.
#[derive(Clone)]
pub(super) struct Huffman {
    /// By the next bits; see [`Entry`].
    look: Box<[Entry; 1 << LOOK]>,
    /// For each length of a code above `LOOK`: the first 16 bits after its codes,
    /// and what to add to a code to get its place in `symbols`.
    long: [(u32, i32); 16 - LOOK as usize],
    symbols: Vec<u8>,
}

/// What ten bits begin with. The zero of `length` says that the code is longer,
/// the zero of `total` that code and number together are.
#[derive(Clone, Copy, Default)]
struct Entry {
    value: i16,
    symbol: u8,
    /// Of the code in the lower four bits; of code and number in the upper.
    lengths: u8,
}

/// A symbol and the number of as many bits as its lower half says.
#[derive(Clone, Copy)]
pub(super) struct Coded {
    /// The symbol's upper half.
    pub(super) run: usize,
    /// The symbol's lower half.
    pub(super) size: u32,
    pub(super) value: i32,
}

impl Huffman {
    /// From the number of codes of each length, and their symbols in order.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Error> {
        let mut look = Box::new([Entry::default(); 1 << LOOK]);
        let mut long = [(0, 0); 16 - LOOK as usize];
        let mut left = symbols;
        let mut code = 0_u32;
        for (length, &count) in (1_u32..).zip(counts) {
            let first = code;
            let taken = (symbols.len() - left.len()) as i32;
            let (now, rest) = left.split_at_checked(usize::from(count)).ok_or(INVALID)?;
            left = rest;
            for &symbol in now {
                if length <= LOOK {
                    let at = (code << (LOOK - length)) as usize;
                    let entries = look.get_mut(at..at + (1 << (LOOK - length))).ok_or(INVALID)?;
                    fill(entries, length, symbol);
                }
                code += 1;
            }
            if code > 1 << length {
                return Err(INVALID);
            }
            if let Some(long) = long.get_mut((length as usize).wrapping_sub(LOOK as usize + 1)) {
                *long = (code << (16 - length), taken - first as i32);
            }
            code <<= 1;
        }
        Ok(Huffman { look, long, symbols: symbols.to_vec() })
    }

    /// Takes a symbol and, in the case of 1 to 15 as its lower half, a number of
    /// as many bits. At least 32 bits must be there.
    #[inline]
    pub(super) fn coded(&self, bits: &mut Bits) -> Result<Coded, Error> {
        let entry = self.entry(bits);
        let total = u32::from(entry.lengths >> 4);
        if total > 0 {
            bits.skip(total);
            return Ok(Coded {
                run: usize::from(entry.symbol >> 4),
                size: u32::from(entry.symbol & 15),
                value: i32::from(entry.value),
            });
        }
        let symbol = self.symbol(bits)?;
        let size = u32::from(symbol & 15);
        Ok(Coded { run: usize::from(symbol >> 4), size, value: bits.number(size) })
    }

    /// Takes a symbol only. At least 16 bits must be there.
    #[inline]
    pub(super) fn symbol(&self, bits: &mut Bits) -> Result<u8, Error> {
        let entry = self.entry(bits);
        let length = u32::from(entry.lengths & 15);
        if length > 0 {
            bits.skip(length);
            return Ok(entry.symbol);
        }
        self.long(bits)
    }

    #[inline]
    fn entry(&self, bits: &Bits) -> Entry {
        // Ten bits are always within: the compiler drops the default.
        self.look.get(bits.peek(LOOK) as usize).copied().unwrap_or_default()
    }

    #[cold]
    #[inline(never)]
    fn long(&self, bits: &mut Bits) -> Result<u8, Error> {
        let next = bits.peek(16);
        for (length, &(end, offset)) in (LOOK + 1..).zip(&self.long) {
            if next < end {
                let at = (next >> (16 - length)) as i32 + offset;
                let symbol = usize::try_from(at).ok().and_then(|at| self.symbols.get(at));
                bits.skip(length);
                return symbol.copied().ok_or(NO_CODE);
            }
        }
        Err(NO_CODE)
    }
}

/// The entries that begin with this code.
fn fill(entries: &mut [Entry], length: u32, symbol: u8) {
    let size = u32::from(symbol & 15);
    let spare = LOOK - length;
    for (bits, entry) in (0_u32..).zip(entries) {
        let (value, total) = if size <= spare {
            (extend(bits >> (spare - size), size), length + size)
        } else {
            (0, 0)
        };
        *entry = Entry { value: value as i16, symbol, lengths: (total << 4 | length) as u8 };
    }
}
