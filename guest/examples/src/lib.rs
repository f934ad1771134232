//! What the examples share: vectors of FP32 and the bytes that carry them.

use outpost_guest::{Datatype, Tensor, TensorSpec};

/// FP32 of this shape, -1 where it varies.
pub fn fp32(name: &str, shape: &[i64]) -> TensorSpec {
    TensorSpec { name: name.into(), datatype: Datatype::Fp32, shape: shape.into() }
}

/// The elements of an FP32 tensor.
pub fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

/// An FP32 tensor of `rows` equally long rows.
pub fn table(name: &str, rows: usize, numbers: &[f32]) -> Tensor {
    let columns = numbers.len() / rows.max(1);
    Tensor {
        name: name.into(),
        datatype: Datatype::Fp32,
        shape: vec![rows as u64, columns as u64],
        data: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
    }
}
