//! The inverse cosine transform, with the numbers of libjpeg's `jidctint`, which
//! Pillow uses: two passes of the algorithm of Loeffler, Ligtenberg and Moschytz
//! in fixed point, four columns at a time.

use crate::lanes::Lanes;

/// Bits after the point in the factors.
const CONST_BITS: u32 = 13;
/// Bits after the point between the passes.
const PASS1_BITS: u32 = 2;

/// The pixels of a block from its coefficients, times the table of its component.
#[inline]
pub(super) fn block(coefficients: &[i16; 64], table: &[i16; 64]) -> [[u8; 8]; 8] {
    let mut rows = [[Lanes::splat(0); 2]; 8];
    let factors = table.as_chunks::<8>().0;
    for (row, (values, factors)) in
        rows.iter_mut().zip(coefficients.as_chunks::<8>().0.iter().zip(factors))
    {
        *row = Lanes::products(values, factors);
    }
    let columns = pass::<{ CONST_BITS - PASS1_BITS }>(rows);
    let rows = pass::<{ CONST_BITS + PASS1_BITS + 3 }>(columns);
    let middle = Lanes::splat(128);
    rows.map(|[left, right]| Lanes::bytes(left + middle, right + middle))
}

/// The pixel that all of a block has whose coefficients but the first are 0.
#[inline]
pub(super) fn flat(first: i16, factor: i16) -> u8 {
    let value = i32::from(first.wrapping_mul(factor));
    (((value + 4) >> 3) + 128).clamp(0, 255) as u8
}

/// One dimension of the transform, and rows become columns.
#[inline]
fn pass<const BITS: u32>(rows: [[Lanes; 2]; 8]) -> [[Lanes; 2]; 8] {
    let [a, b, c, d, e, f, g, h] = half::<BITS>(rows.map(|[left, _]| left));
    let [i, j, k, l, m, n, o, p] = half::<BITS>(rows.map(|[_, right]| right));
    let [a, b, c, d] = Lanes::transposed([a, b, c, d]);
    let [e, f, g, h] = Lanes::transposed([e, f, g, h]);
    let [i, j, k, l] = Lanes::transposed([i, j, k, l]);
    let [m, n, o, p] = Lanes::transposed([m, n, o, p]);
    [[a, e], [b, f], [c, g], [d, h], [i, m], [j, n], [k, o], [l, p]]
}

/// The same for four columns, which stay so. The names are libjpeg's.
#[inline]
fn half<const BITS: u32>(rows: [Lanes; 8]) -> [Lanes; 8] {
    let [in0, in1, in2, in3, in4, in5, in6, in7] = rows;

    let z1 = (in2 + in6) * 4433;
    let tmp2 = z1 - in6 * 15137;
    let tmp3 = z1 + in2 * 6270;
    let tmp0 = (in0 + in4).shifted_left::<CONST_BITS>();
    let tmp1 = (in0 - in4).shifted_left::<CONST_BITS>();
    let (tmp10, tmp13) = (tmp0 + tmp3, tmp0 - tmp3);
    let (tmp11, tmp12) = (tmp1 + tmp2, tmp1 - tmp2);

    let z5 = (in7 + in3 + in5 + in1) * 9633;
    let z1 = (in7 + in1) * -7373;
    let z2 = (in5 + in3) * -20995;
    let z3 = (in7 + in3) * -16069 + z5;
    let z4 = (in5 + in1) * -3196 + z5;
    let tmp0 = in7 * 2446 + z1 + z3;
    let tmp1 = in5 * 16819 + z2 + z4;
    let tmp2 = in3 * 25172 + z2 + z3;
    let tmp3 = in1 * 12299 + z1 + z4;

    [
        (tmp10 + tmp3).rounded::<BITS>(),
        (tmp11 + tmp2).rounded::<BITS>(),
        (tmp12 + tmp1).rounded::<BITS>(),
        (tmp13 + tmp0).rounded::<BITS>(),
        (tmp13 - tmp0).rounded::<BITS>(),
        (tmp12 - tmp1).rounded::<BITS>(),
        (tmp11 - tmp2).rounded::<BITS>(),
        (tmp10 - tmp3).rounded::<BITS>(),
    ]
}
