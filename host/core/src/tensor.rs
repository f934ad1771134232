//! Tensors: a datatype, a shape, and little-endian bytes in row-major order.

use std::fmt;
use std::str::FromStr;

/// Element types of the Open Inference Protocol (V2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Datatype {
    /// One byte an element, 0 or 1.
    Bool,
    #[allow(missing_docs)]
    Uint8,
    #[allow(missing_docs)]
    Uint16,
    #[allow(missing_docs)]
    Uint32,
    #[allow(missing_docs)]
    Uint64,
    #[allow(missing_docs)]
    Int8,
    #[allow(missing_docs)]
    Int16,
    #[allow(missing_docs)]
    Int32,
    #[allow(missing_docs)]
    Int64,
    /// IEEE 754 half precision.
    Fp16,
    /// IEEE 754 single precision.
    Fp32,
    /// IEEE 754 double precision.
    Fp64,
    /// Byte strings, each preceded by its length as a little-endian `u32`.
    Bytes,
}

impl Datatype {
    /// Every datatype, in the order of the contract.
    pub const ALL: [Datatype; 13] = [
        Datatype::Bool,
        Datatype::Uint8,
        Datatype::Uint16,
        Datatype::Uint32,
        Datatype::Uint64,
        Datatype::Int8,
        Datatype::Int16,
        Datatype::Int32,
        Datatype::Int64,
        Datatype::Fp16,
        Datatype::Fp32,
        Datatype::Fp64,
        Datatype::Bytes,
    ];

    /// The protocol's spelling, `FP32` for example.
    pub fn name(self) -> &'static str {
        match self {
            Datatype::Bool => "BOOL",
            Datatype::Uint8 => "UINT8",
            Datatype::Uint16 => "UINT16",
            Datatype::Uint32 => "UINT32",
            Datatype::Uint64 => "UINT64",
            Datatype::Int8 => "INT8",
            Datatype::Int16 => "INT16",
            Datatype::Int32 => "INT32",
            Datatype::Int64 => "INT64",
            Datatype::Fp16 => "FP16",
            Datatype::Fp32 => "FP32",
            Datatype::Fp64 => "FP64",
            Datatype::Bytes => "BYTES",
        }
    }

    /// Bytes that one element takes; `None` for byte strings.
    pub fn size(self) -> Option<usize> {
        match self {
            Datatype::Bool | Datatype::Uint8 | Datatype::Int8 => Some(1),
            Datatype::Uint16 | Datatype::Int16 | Datatype::Fp16 => Some(2),
            Datatype::Uint32 | Datatype::Int32 | Datatype::Fp32 => Some(4),
            Datatype::Uint64 | Datatype::Int64 | Datatype::Fp64 => Some(8),
            Datatype::Bytes => None,
        }
    }
}

impl fmt::Display for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Datatype {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Datatype::ALL.into_iter().find(|datatype| datatype.name() == name).ok_or_else(|| {
            let known: Vec<_> = Datatype::ALL.iter().map(|datatype| datatype.name()).collect();
            format!("`{name}` is not a datatype; the datatypes are {}", known.join(", "))
        })
    }
}

/// A dense array with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name of the input or output.
    pub name: String,
    /// Type of the elements.
    pub datatype: Datatype,
    /// Extent of each dimension; empty for a scalar.
    pub shape: Vec<u64>,
    /// The elements, little-endian, row-major, without padding.
    pub data: Vec<u8>,
}

impl Tensor {
    /// The elements as `f64`, for comparison and for display; `None` for byte
    /// strings. 64-bit integers beyond 2^53 are rounded.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        fn each<const N: usize>(data: &[u8], convert: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            data.as_chunks::<N>().0.iter().map(|&bytes| convert(bytes)).collect()
        }
        #[allow(clippy::cast_precision_loss)]
        Some(match self.datatype {
            Datatype::Bool | Datatype::Uint8 => each::<1>(&self.data, |[b]| f64::from(b)),
            Datatype::Int8 => each(&self.data, |b| f64::from(i8::from_le_bytes(b))),
            Datatype::Uint16 => each(&self.data, |b| f64::from(u16::from_le_bytes(b))),
            Datatype::Int16 => each(&self.data, |b| f64::from(i16::from_le_bytes(b))),
            Datatype::Uint32 => each(&self.data, |b| f64::from(u32::from_le_bytes(b))),
            Datatype::Int32 => each(&self.data, |b| f64::from(i32::from_le_bytes(b))),
            Datatype::Uint64 => each(&self.data, |b| u64::from_le_bytes(b) as f64),
            Datatype::Int64 => each(&self.data, |b| i64::from_le_bytes(b) as f64),
            Datatype::Fp16 => each(&self.data, |b| half::f16::from_le_bytes(b).to_f64()),
            Datatype::Fp32 => each(&self.data, |b| f64::from(f32::from_le_bytes(b))),
            Datatype::Fp64 => each(&self.data, f64::from_le_bytes),
            Datatype::Bytes => return None,
        })
    }

    /// The elements of a tensor of byte strings, as far as they are well-formed.
    pub fn byte_strings(&self) -> impl Iterator<Item = &[u8]> {
        byte_strings(&self.data)
    }
}

/// The elements of BYTES, each after its length of 4 bytes, as far as they are
/// well-formed.
pub fn byte_strings(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, tail) = data.split_first_chunk::<4>()?;
        let (bytes, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        data = tail;
        Some(bytes)
    })
}

/// What a module expects of an input, or promises of an output.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorSpec {
    /// Name of the input or output.
    pub name: String,
    /// Type of the elements.
    pub datatype: Datatype,
    /// Extent of each dimension, -1 where it may vary.
    pub shape: Vec<i64>,
}

/// The product of a shape does not fit an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeError;

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the shape has more elements than can be addressed")
    }
}

/// Number of elements of a shape; 1 for a scalar.
///
/// # Errors
/// [`ShapeError`] if the product overflows.
pub fn element_count(shape: &[u64]) -> Result<usize, ShapeError> {
    shape
        .iter()
        .try_fold(1_u64, |product, &extent| product.checked_mul(extent))
        .and_then(|count| usize::try_from(count).ok())
        .ok_or(ShapeError)
}
