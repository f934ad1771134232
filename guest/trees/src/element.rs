//! The types of ONNX's tensors that go in and come out.

/// An element of the input: f32, f64, i32 or i64.
pub trait Element: Copy {
    /// Whether single precision would lose something that ONNX keeps. It does not
    /// keep all of an integer: ONNX Runtime compares integers as f32.
    const DOUBLE: bool;
    #[doc(hidden)]
    fn single(self) -> f32;
    #[doc(hidden)]
    fn double(self) -> f64;
}

/// A score: f32, or f64 from a `TreeEnsemble` of double precision.
pub trait Score {
    #[doc(hidden)]
    fn from_f64(value: f64) -> Self;
}

macro_rules! single {
    ($($type:ty),*) => { $(
        impl Element for $type {
            const DOUBLE: bool = false;
            #[inline(always)]
            #[allow(clippy::cast_precision_loss)]
            fn single(self) -> f32 {
                self as f32
            }
            #[inline(always)]
            fn double(self) -> f64 {
                f64::from(self.single())
            }
        }
    )* };
}
single!(f32, i32, i64);

impl Element for f64 {
    const DOUBLE: bool = true;
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)]
    fn single(self) -> f32 {
        self as f32
    }
    #[inline(always)]
    fn double(self) -> f64 {
        self
    }
}

impl Score for f32 {
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Score for f64 {
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
}
