//! A small stand-in for the crate `rustfft`, with as much of its interface as
//! tract uses. The real one brings 0.7 MB of specialised butterflies into every
//! module, for two operators (DFT, STFT) that few models have; this one is a
//! kilobyte or two. It is of order n·Σp over the prime factors p of n, instead
//! of n·log n.

pub use num_complex;
pub use num_traits;

use num_complex::Complex;
use num_traits::{FromPrimitive, Signed};
use std::f64::consts::TAU;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

/// Numbers that can be transformed.
pub trait FftNum: Copy + FromPrimitive + Signed + Sync + Send + Debug + 'static {}
impl<T: Copy + FromPrimitive + Signed + Sync + Send + Debug + 'static> FftNum for T {}

/// Sign of the exponent: negative forward, positive inverse. Neither is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FftDirection {
    /// Σ x·exp(−2πi·jk/n)
    Forward,
    /// Σ x·exp(+2πi·jk/n)
    Inverse,
}

/// Makes transforms.
pub struct FftPlanner<T>(PhantomData<T>);

/// A transform of one length.
pub struct Fft<T> {
    /// exp(±2πi·k/n) for all k.
    roots: Vec<Complex<T>>,
}

impl<T: FftNum> Default for FftPlanner<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: FftNum> FftPlanner<T> {
    /// A planner; it keeps nothing.
    pub fn new() -> Self {
        FftPlanner(PhantomData)
    }

    /// A transform of `length` numbers.
    pub fn plan_fft(&mut self, length: usize, direction: FftDirection) -> Arc<Fft<T>> {
        let sign = if direction == FftDirection::Forward { -1.0 } else { 1.0 };
        #[allow(clippy::cast_precision_loss)] // lengths are far below 2^53
        let root = |k: usize| {
            let angle = sign * TAU * k as f64 / length as f64;
            let number = |value: f64| T::from_f64(value).unwrap_or_else(T::zero);
            Complex::new(number(angle.cos()), number(angle.sin()))
        };
        Arc::new(Fft { roots: (0..length).map(root).collect() })
    }

    /// A forward transform of `length` numbers.
    pub fn plan_fft_forward(&mut self, length: usize) -> Arc<Fft<T>> {
        self.plan_fft(length, FftDirection::Forward)
    }
}

impl<T: FftNum> Fft<T> {
    /// Transforms each run of the plan's length, in place.
    pub fn process(&self, buffer: &mut [Complex<T>]) {
        for run in buffer.chunks_exact_mut(self.roots.len().max(1)) {
            let transformed = self.transform(run, 1, run.len());
            run.copy_from_slice(&transformed);
        }
    }

    /// Transforms the `length` elements of `x` that lie `stride` apart
    /// (Cooley and Tukey 1965, by the smallest factor first).
    fn transform(&self, x: &[Complex<T>], stride: usize, length: usize) -> Vec<Complex<T>> {
        let factor = (2..).take_while(|p| p * p <= length).find(|p| length.is_multiple_of(*p));
        let factor = factor.unwrap_or(length.max(1));
        let zero = Complex::new(T::zero(), T::zero());
        let parts: Vec<Vec<Complex<T>>> = (0..factor)
            .map(|offset| {
                let part = x.get(offset * stride..).unwrap_or_default();
                if factor == length {
                    part.first().copied().into_iter().collect()
                } else {
                    self.transform(part, stride * factor, length / factor)
                }
            })
            .collect();
        // The roots of a shorter transform are every `stride`-th of the whole's.
        (0..length)
            .map(|k| {
                parts.iter().enumerate().fold(zero, |sum, (offset, part)| {
                    let root = self.roots.get((offset * k * stride) % self.roots.len());
                    match (part.get(k % part.len().max(1)), root) {
                        (Some(&value), Some(&root)) => sum + value * root,
                        _ => sum,
                    }
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transform(x: &[(f64, f64)], direction: FftDirection) -> Vec<Complex<f64>> {
        let mut buffer: Vec<_> = x.iter().map(|&(re, im)| Complex::new(re, im)).collect();
        FftPlanner::new().plan_fft(x.len(), direction).process(&mut buffer);
        buffer
    }

    /// numpy.fft.fft([1, 2-1j, -1j, -1+2j, 0.5, 3]), NumPy 2.4.6.
    #[test]
    fn six_numbers_as_numpy_has_them() {
        let x = [(1.0, 0.0), (2.0, -1.0), (0.0, -1.0), (-1.0, 2.0), (0.5, 0.0), (3.0, 0.0)];
        let expected = [
            (5.5, 0.0),
            (2.517949192431123, -0.700961894323342),
            (-2.75, 3.433012701892219),
            (-2.5, -2.0),
            (-2.75, 2.566987298107781),
            (5.982050807568877, -3.299038105676658),
        ];
        for (got, (re, im)) in transform(&x, FftDirection::Forward).iter().zip(expected) {
            assert!((got - Complex::new(re, im)).norm() < 1e-12, "{got} instead of {re} {im}");
        }
    }

    #[test]
    fn inverse_undoes_forward_at_any_length() {
        for length in [1, 2, 3, 4, 5, 7, 8, 12, 30, 97, 400] {
            let x: Vec<(f64, f64)> = (0..length)
                .map(|i| ((f64::from(i) * 0.7).sin(), (f64::from(i) * 1.3).cos()))
                .collect();
            let forward = transform(&x, FftDirection::Forward);
            let pairs: Vec<_> = forward.iter().map(|c| (c.re, c.im)).collect();
            for (got, (re, im)) in transform(&pairs, FftDirection::Inverse).iter().zip(x) {
                let difference = got / f64::from(length) - Complex::new(re, im);
                assert!(difference.norm() < 1e-12, "length {length}");
            }
        }
    }
}
