//! Four numbers at a time: a vector of WebAssembly's, or four numbers in turn
//! elsewhere, which is what tests compare. Only what the compiler does not find out
//! itself is worth a place here: exchanging lanes, and staying in vectors between.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[path = "lanes/simd.rs"]
mod imp;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[path = "lanes/plain.rs"]
mod imp;

pub(crate) use imp::{Lanes, interleaved};
use std::ops::{Add, Mul, Sub};

impl Lanes {
    /// Without its lowest bits, rounded.
    #[inline]
    pub(crate) fn rounded<const BITS: u32>(self) -> Self {
        (self + Lanes::splat(1 << (BITS - 1))).shifted_right::<BITS>()
    }
}

impl Add for Lanes {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        self.plus(other)
    }
}

impl Sub for Lanes {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        self.minus(other)
    }
}

impl Mul<i32> for Lanes {
    type Output = Self;
    #[inline]
    fn mul(self, factor: i32) -> Self {
        self.times(Lanes::splat(factor))
    }
}

#[cfg(test)]
mod tests {
    use super::Lanes;

    #[test]
    fn wraps_and_saturates() {
        let most = Lanes::splat(i32::MAX);
        assert_eq!((most + Lanes::splat(1)).numbers(), [i32::MIN; 4]);
        assert_eq!((most * 2).numbers(), [-2; 4]);
        assert_eq!(Lanes::new([6, -6, 5, -5]).rounded::<2>().numbers(), [2, -1, 1, -1]);
        let bytes = Lanes::bytes(Lanes::new([-1, 0, 255, 256]), Lanes::new([1, 2, 300, i32::MIN]));
        assert_eq!(bytes, [0, 0, 255, 255, 1, 2, 255, 0]);
    }

    #[test]
    fn transposes() {
        let rows = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]];
        let columns = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]];
        assert_eq!(Lanes::transposed(rows.map(Lanes::new)).map(Lanes::numbers), columns);
    }

    #[test]
    fn interleaves() {
        let eight = |first: u8| std::array::from_fn(|place| first.wrapping_add(place as u8));
        let all = super::interleaved([eight(0), eight(10), eight(20)]);
        let expected: [u8; 8] = eight(0);
        assert_eq!(all, expected.map(|number| [number, number + 10, number + 20]));
        let [left, right] = Lanes::widened(&eight(250));
        assert_eq!([left, right].map(Lanes::numbers), [[250, 251, 252, 253], [254, 255, 0, 1]]);
    }

    #[test]
    fn multiplies_in_16_bits() {
        let [left, right] =
            Lanes::products(&[1, -2, 300, 4, 5, 6, 7, 8], &[1, 2, 300, 4, 5, 6, 7, -8]);
        assert_eq!(left.numbers(), [1, -4, 24_464, 16]);
        assert_eq!(right.numbers(), [25, 36, 49, -64]);
    }
}
