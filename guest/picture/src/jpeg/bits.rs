//! The bits of a scan: entropy-coded bytes with their stuffing removed, up to the
//! next marker. Past the end come zeros, and `overdrawn` tells of it, so that
//! nothing has to ask before each bit.

use crate::error::Error;

/// What remains of a file, with a window of up to 64 bits on it.
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, from the highest downwards; zeros after the last.
    window: u64,
    /// How many of them are the file's: negative once more were taken.
    count: i32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Bits { rest, window: 0, count: 0 }
    }

    /// Sees to it that at least 32 bits can be taken.
    #[inline]
    pub(super) fn refill(&mut self) {
        if self.count < 32 {
            self.fill();
        }
    }

    #[inline]
    fn fill(&mut self) {
        // Four bytes at once, unless one of them may begin a marker.
        if self.count >= 0
            && let Some((&bytes, rest)) = self.rest.split_first_chunk::<4>()
            && !bytes.contains(&0xFF)
        {
            self.window |= u64::from(u32::from_be_bytes(bytes)) << (32 - self.count);
            self.count += 32;
            self.rest = rest;
            return;
        }
        self.fill_bytewise();
    }

    #[cold]
    #[inline(never)]
    fn fill_bytewise(&mut self) {
        while (0..=56).contains(&self.count) {
            let (byte, rest) = match *self.rest {
                [0xFF, 0, ref rest @ ..] => (0xFF, rest),
                [0xFF, ..] | [] => return,
                [byte, ref rest @ ..] => (byte, rest),
            };
            self.window |= u64::from(byte) << (56 - self.count);
            self.count += 8;
            self.rest = rest;
        }
    }

    /// The next `count` bits, 1 to 32, without taking them.
    #[inline]
    pub(super) fn peek(&self, count: u32) -> u32 {
        (self.window >> (64 - count)) as u32
    }

    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.window <<= count;
        self.count -= count as i32;
    }

    /// Takes 0 to 16 bits.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        // In two steps, since a shift by 64 is none.
        let bits = (self.window >> 1 >> (63 - count)) as u32;
        self.skip(count);
        bits
    }

    /// Takes a number of `size` bits, 0 to 16, as JPEG writes it: the lower half
    /// of them is negative.
    #[inline]
    pub(super) fn number(&mut self, size: u32) -> i32 {
        extend(self.take(size), size)
    }

    /// Whether more was taken than the scan has.
    #[inline]
    pub(super) fn overdrawn(&self) -> bool {
        self.count < 0
    }

    /// Goes on after the restart marker of this number, 0 to 7.
    pub(super) fn restart(&mut self, number: u8) -> Result<(), Error> {
        let found;
        (found, self.rest) = next_marker(self.rest).ok_or(super::CUT_SHORT)?;
        if found != 0xD0 + number {
            return Err(Error::Corrupt("a JPEG's restart markers are out of order"));
        }
        (self.window, self.count) = (0, 0);
        Ok(())
    }

    /// What follows the bytes that were looked at.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// The number that `size` bits stand for.
#[inline]
pub(super) fn extend(bits: u32, size: u32) -> i32 {
    let bits = bits as i32;
    let half = (1 << size) >> 1;
    if bits < half { bits - (1 << size) + 1 } else { bits }
}

/// The next marker and what follows it; bytes before it are skipped, as libjpeg does.
pub(super) fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = bytes;
    loop {
        let at = rest.iter().position(|&byte| byte == 0xFF)?;
        rest = rest.get(at + 1..)?;
        let &marker = rest.iter().find(|&&byte| byte != 0xFF)?;
        if marker != 0 {
            let at = rest.iter().position(|&byte| byte == marker)?;
            return Some((marker, rest.get(at + 1..)?));
        }
    }
}
