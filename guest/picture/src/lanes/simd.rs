//! A vector of WebAssembly's. Its intrinsics are safe, and arrays that are taken
//! apart and put together again become loads and stores of a vector.

use std::arch::wasm32::{
    i8x16_shuffle, i16x8, i16x8_mul, i16x8_narrow_i32x4, i32x4, i32x4_add, i32x4_extend_high_i16x8,
    i32x4_extend_low_i16x8, i32x4_mul, i32x4_shl, i32x4_shr, i32x4_shuffle, i32x4_splat, i32x4_sub,
    u8x16_narrow_i16x8, u16x8_extend_low_u8x16, u32x4_extend_high_u16x8, u32x4_extend_low_u16x8,
    u64x2, u64x2_extract_lane, v128,
};

/// Four numbers.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(v128);

impl Lanes {
    #[inline]
    pub(crate) fn new([a, b, c, d]: [i32; 4]) -> Self {
        Lanes(i32x4(a, b, c, d))
    }

    #[inline]
    pub(crate) fn splat(number: i32) -> Self {
        Lanes(i32x4_splat(number))
    }

    /// For tests.
    #[cfg(test)]
    pub(super) fn numbers(self) -> [i32; 4] {
        let (low, high) = (u64x2_extract_lane::<0>(self.0), u64x2_extract_lane::<1>(self.0));
        [low, low >> 32, high, high >> 32].map(|number| number as i32)
    }

    /// Eight bytes as numbers.
    #[inline]
    pub(crate) fn widened(bytes: &[u8; 8]) -> [Self; 2] {
        let words = u16x8_extend_low_u8x16(u64x2(u64::from_le_bytes(*bytes), 0));
        [Lanes(u32x4_extend_low_u16x8(words)), Lanes(u32x4_extend_high_u16x8(words))]
    }

    /// Products of 16 bits, the first four and the last four.
    #[inline]
    pub(crate) fn products(values: &[i16; 8], factors: &[i16; 8]) -> [Self; 2] {
        let vector = |&[a, b, c, d, e, f, g, h]: &[i16; 8]| i16x8(a, b, c, d, e, f, g, h);
        let products = i16x8_mul(vector(values), vector(factors));
        [Lanes(i32x4_extend_low_i16x8(products)), Lanes(i32x4_extend_high_i16x8(products))]
    }

    #[inline]
    pub(super) fn plus(self, other: Self) -> Self {
        Lanes(i32x4_add(self.0, other.0))
    }

    #[inline]
    pub(super) fn minus(self, other: Self) -> Self {
        Lanes(i32x4_sub(self.0, other.0))
    }

    #[inline]
    pub(crate) fn times(self, other: Self) -> Self {
        Lanes(i32x4_mul(self.0, other.0))
    }

    #[inline]
    pub(crate) fn shifted_left<const BITS: u32>(self) -> Self {
        Lanes(i32x4_shl(self.0, BITS))
    }

    #[inline]
    pub(crate) fn shifted_right<const BITS: u32>(self) -> Self {
        Lanes(i32x4_shr(self.0, BITS))
    }

    #[inline]
    pub(crate) fn transposed([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let (ab, cd) =
            (i32x4_shuffle::<0, 4, 1, 5>(a.0, b.0), i32x4_shuffle::<0, 4, 1, 5>(c.0, d.0));
        let (ef, gh) =
            (i32x4_shuffle::<2, 6, 3, 7>(a.0, b.0), i32x4_shuffle::<2, 6, 3, 7>(c.0, d.0));
        [
            Lanes(i32x4_shuffle::<0, 1, 4, 5>(ab, cd)),
            Lanes(i32x4_shuffle::<2, 3, 6, 7>(ab, cd)),
            Lanes(i32x4_shuffle::<0, 1, 4, 5>(ef, gh)),
            Lanes(i32x4_shuffle::<2, 3, 6, 7>(ef, gh)),
        ]
    }

    /// Eight numbers as bytes, those that are none as the nearest.
    #[inline]
    pub(crate) fn bytes(left: Self, right: Self) -> [u8; 8] {
        let words = i16x8_narrow_i32x4(left.0, right.0);
        u64x2_extract_lane::<0>(u8x16_narrow_i16x8(words, words)).to_le_bytes()
    }
}

/// Eight of three, side by side.
#[inline]
pub(crate) fn interleaved(planes: [[u8; 8]; 3]) -> [[u8; 3]; 8] {
    let [a, b, c] = planes.map(u64::from_le_bytes);
    let (ab, c) = (u64x2(a, b), u64x2(c, 0));
    let first = i8x16_shuffle::<0, 8, 16, 1, 9, 17, 2, 10, 18, 3, 11, 19, 4, 12, 20, 5>(ab, c);
    let last = i8x16_shuffle::<13, 21, 6, 14, 22, 7, 15, 23, 0, 0, 0, 0, 0, 0, 0, 0>(ab, c);
    let mut triples = [[0; 3]; 8];
    let (eights, _) = triples.as_flattened_mut().as_chunks_mut::<8>();
    let words = [
        u64x2_extract_lane::<0>(first),
        u64x2_extract_lane::<1>(first),
        u64x2_extract_lane::<0>(last),
    ];
    for (eight, word) in eights.iter_mut().zip(words) {
        *eight = word.to_le_bytes();
    }
    triples
}
