//! The numbers in turn, for machines that are not WebAssembly's.

/// Four numbers.
#[derive(Clone, Copy)]
pub(crate) struct Lanes([i32; 4]);

impl Lanes {
    #[inline]
    pub(crate) fn new(numbers: [i32; 4]) -> Self {
        Lanes(numbers)
    }

    #[inline]
    pub(crate) fn splat(number: i32) -> Self {
        Lanes([number; 4])
    }

    /// For tests.
    #[cfg(test)]
    pub(super) fn numbers(self) -> [i32; 4] {
        self.0
    }

    /// Eight bytes as numbers.
    #[inline]
    pub(crate) fn widened(&[a, b, c, d, e, f, g, h]: &[u8; 8]) -> [Self; 2] {
        [Lanes([a, b, c, d].map(i32::from)), Lanes([e, f, g, h].map(i32::from))]
    }

    /// Products of 16 bits, the first four and the last four.
    #[inline]
    pub(crate) fn products(values: &[i16; 8], factors: &[i16; 8]) -> [Self; 2] {
        let mut products = values.map(i32::from);
        for (product, &factor) in products.iter_mut().zip(factors) {
            *product = i32::from((*product as i16).wrapping_mul(factor));
        }
        let [a, b, c, d, e, f, g, h] = products;
        [Lanes([a, b, c, d]), Lanes([e, f, g, h])]
    }

    #[inline]
    fn each(self, other: Self, f: impl Fn(i32, i32) -> i32) -> Self {
        let ([a, b, c, d], [e, g, h, i]) = (self.0, other.0);
        Lanes([f(a, e), f(b, g), f(c, h), f(d, i)])
    }

    #[inline]
    pub(super) fn plus(self, other: Self) -> Self {
        self.each(other, i32::wrapping_add)
    }

    #[inline]
    pub(super) fn minus(self, other: Self) -> Self {
        self.each(other, i32::wrapping_sub)
    }

    #[inline]
    pub(crate) fn times(self, other: Self) -> Self {
        self.each(other, i32::wrapping_mul)
    }

    #[inline]
    pub(crate) fn shifted_left<const BITS: u32>(self) -> Self {
        Lanes(self.0.map(|number| number << BITS))
    }

    #[inline]
    pub(crate) fn shifted_right<const BITS: u32>(self) -> Self {
        Lanes(self.0.map(|number| number >> BITS))
    }

    #[inline]
    pub(crate) fn transposed([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let (Lanes([a0, a1, a2, a3]), Lanes([b0, b1, b2, b3])) = (a, b);
        let (Lanes([c0, c1, c2, c3]), Lanes([d0, d1, d2, d3])) = (c, d);
        [[a0, b0, c0, d0], [a1, b1, c1, d1], [a2, b2, c2, d2], [a3, b3, c3, d3]].map(Lanes)
    }

    /// Eight numbers as bytes, those that are none as the nearest.
    #[inline]
    pub(crate) fn bytes(left: Self, right: Self) -> [u8; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (left.0, right.0);
        [a, b, c, d, e, f, g, h].map(|number| number.clamp(0, 255) as u8)
    }
}

/// Eight of three, side by side.
#[inline]
pub(crate) fn interleaved(planes: [[u8; 8]; 3]) -> [[u8; 3]; 8] {
    let [first, second, third] = planes;
    let mut triples = [[0; 3]; 8];
    for (((triple, a), b), c) in triples.iter_mut().zip(first).zip(second).zip(third) {
        *triple = [a, b, c];
    }
    triples
}
