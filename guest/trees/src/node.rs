//! The two formats of a node. Nearly every ensemble of single precision fits the
//! narrow one: half the memory, so twice the trees in the same cache.

use crate::walk::LANES;
use std::ops::Add;

/// A number that is compared and added.
pub(crate) trait Number: Copy + PartialOrd + Add<Output = Self> {
    const NAN: Self;
    const NEG_INFINITY: Self;
    fn new(value: f64) -> Self;
    fn double(self) -> f64;
    fn is_nan(self) -> bool;
    /// As an index: it was one.
    fn index(self) -> usize;
}

macro_rules! number {
    ($type:ty) => {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        impl Number for $type {
            const NAN: Self = <$type>::NAN;
            const NEG_INFINITY: Self = <$type>::NEG_INFINITY;
            fn new(value: f64) -> Self {
                value as Self
            }
            #[inline(always)]
            fn double(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn index(self) -> usize {
                self as usize
            }
        }
    };
}
number!(f32);
number!(f64);

/// A place in a tree. A step goes on by `distance`, and by one more if the value
/// at `offset` is at most `value`: so the left child lies behind the right one.
///
/// * A split has its threshold for `value`.
/// * A leaf has the distance 0 and looks at NaN, so it leads to itself; `value`
///   is free to hold what the leaf is worth.
/// * A jump, the second way to a shared node, looks at NaN too.
pub(crate) trait Node: Copy {
    type Value: Number;
    /// None if it does not fit.
    fn new(place: &Place) -> Option<Self>;
    fn value(&self) -> Self::Value;
    /// Bytes from the first slot to the one to look at.
    fn offset(&self) -> usize;
    /// Nodes from this one to its right child.
    fn distance(&self) -> usize;
}

/// A node in any format.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Number of the slot to look at.
    pub slot: u32,
    pub distance: u32,
    pub value: f64,
    /// `value` is an index, which must be exact.
    pub is_index: bool,
}

/// Single precision, up to 2047 slots.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Narrow {
    value: f32,
    offset: u16,
    distance: u16,
}

/// Double precision, or many slots, or a tree of very many nodes.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Wide {
    value: f64,
    offset: u32,
    distance: u32,
}

/// Bytes from one slot to the next.
fn stride<T>() -> usize {
    LANES * size_of::<T>()
}

impl Node for Narrow {
    type Value = f32;

    #[allow(clippy::cast_possible_truncation)]
    fn new(place: &Place) -> Option<Self> {
        let value = place.value as f32;
        if place.is_index && f64::from(value) != place.value {
            return None;
        }
        Some(Narrow {
            value,
            offset: (place.slot as usize).checked_mul(stride::<f32>())?.try_into().ok()?,
            distance: place.distance.try_into().ok()?,
        })
    }

    #[inline(always)]
    fn value(&self) -> f32 {
        self.value
    }

    #[inline(always)]
    fn offset(&self) -> usize {
        usize::from(self.offset)
    }

    #[inline(always)]
    fn distance(&self) -> usize {
        usize::from(self.distance)
    }
}

impl Node for Wide {
    type Value = f64;

    fn new(place: &Place) -> Option<Self> {
        let offset = (place.slot as usize).checked_mul(stride::<f64>())?.try_into().ok()?;
        Some(Wide { value: place.value, offset, distance: place.distance })
    }

    #[inline(always)]
    fn value(&self) -> f64 {
        self.value
    }

    #[inline(always)]
    fn offset(&self) -> usize {
        self.offset as usize
    }

    #[inline(always)]
    fn distance(&self) -> usize {
        self.distance as usize
    }
}
