//! Tensors as arrays of few types, and back: operators compute in one type and
//! let tract convert, as code for each datatype would be in every module.

use crate::operator::Input;
use tract_onnx::prelude::tract_ndarray::{
    Array, ArrayD, ArrayView, ArrayViewD, Axis, Dimension, IxDyn, RemoveAxis, concatenate,
};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_core::broadcast::multi_broadcast;

/// The numbers of a tensor as a type that operators compute in.
pub fn numbers<T: Datum>(value: &Tensor) -> TractResult<ArrayD<T>> {
    value.cast_to::<T>()?.into_owned().into_plain_array::<T>()
}

/// The numbers of a small tensor in a row.
pub fn list<T: Datum>(value: &Tensor) -> TractResult<Vec<T>> {
    Ok(numbers(value)?.into_iter().collect())
}

/// A result as the datatype that the operator promises.
pub fn give<T: Datum>(array: ArrayD<T>, datum_type: DatumType) -> TractResult<TValue> {
    let tensor = Tensor::from(array);
    if tensor.datum_type() == datum_type {
        return Ok(tensor.into_tvalue());
    }
    Ok(tensor.cast_to_dt(datum_type)?.into_owned().into_tvalue())
}

/// # Errors
/// If the number of elements is another.
pub fn shaped<T>(elements: Vec<T>, shape: &[usize]) -> TractResult<ArrayD<T>> {
    Ok(ArrayD::from_shape_vec(shape, elements)?)
}

/// A view of so many dimensions as the type tells.
///
/// # Errors
/// If it has more or fewer.
pub fn view<'a, T, D: Dimension>(
    array: &'a ArrayD<T>,
    what: &str,
) -> TractResult<ArrayView<'a, T, D>> {
    let rank = array.ndim();
    array.view().into_dimensionality::<D>().map_err(|_| {
        let wanted = D::NDIM.unwrap_or_default();
        format_err!("{what} has {rank} dimensions instead of {wanted}")
    })
}

/// # Errors
/// If the array cannot be stretched to the shape.
pub fn stretch<'a, T>(
    array: &'a ArrayD<T>,
    shape: &[usize],
    what: &str,
) -> TractResult<ArrayViewD<'a, T>> {
    array.broadcast(IxDyn(shape)).with_context(|| {
        format!("{what} of shape {:?} does not fit the shape {shape:?}", array.shape())
    })
}

/// Arrays one after the other along an axis, in the order of elements that all
/// others are in.
///
/// # Errors
/// If they differ in other axes.
pub fn joined<T: Clone, D: RemoveAxis>(
    axis: usize,
    arrays: &[ArrayView<'_, T, D>],
) -> TractResult<Array<T, D>> {
    Ok(concatenate(Axis(axis), arrays)?.as_standard_layout().into_owned())
}

/// An axis counted from the front.
///
/// # Errors
/// If there is no such axis.
pub fn axis(axis: i64, rank: usize) -> TractResult<usize> {
    let counted = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(counted)
        .ok()
        .filter(|&axis| axis < rank)
        .with_context(|| format!("there is no axis {axis} among {rank} dimensions"))
}

/// # Errors
/// If one is negative.
pub fn extents(values: &[i64]) -> TractResult<Vec<usize>> {
    let extent = |&value: &i64| {
        usize::try_from(value).with_context(|| format!("{value} cannot be an extent"))
    };
    values.iter().map(extent).collect()
}

/// The integers of an input that decides on shapes.
///
/// # Errors
/// If the model computes them.
pub fn decided(input: &Input) -> TractResult<Vec<i64>> {
    list(input.value()?)
}

/// The shape of an input as numbers.
///
/// # Errors
/// If it varies from request to request.
pub fn fixed(input: &Input) -> TractResult<Vec<usize>> {
    input.shape.iter().map(|dim| Ok(dim.to_usize()?)).collect()
}

/// An extent of an input.
///
/// # Errors
/// If it has fewer dimensions.
pub fn extent(input: &Input, axis: usize) -> TractResult<&TDim> {
    let rank = input.shape.len();
    input.shape.get(axis).with_context(|| format!("it needs dimension {axis}, of {rank} there are"))
}

/// The shape of numbers as dimensions.
pub fn dims(shape: &[usize]) -> TVec<TDim> {
    shape.iter().map(|&extent| extent.to_dim()).collect()
}

/// Extents that a request may ask for; an answer could not hold more elements.
///
/// # Errors
/// If there are too many, for which an allocation would end it all.
pub fn room(shape: &[usize]) -> TractResult<usize> {
    const MOST: usize = 1 << 28;
    let volume = shape.iter().try_fold(1usize, |volume, extent| volume.checked_mul(*extent));
    volume
        .filter(|volume| *volume <= MOST)
        .with_context(|| format!("a tensor of shape {shape:?} is too large"))
}

/// The shape that both shapes stretch to.
///
/// # Errors
/// If there is none.
pub fn common(shapes: &[&[usize]]) -> TractResult<TVec<usize>> {
    multi_broadcast(shapes)
}

/// For operators whose outputs depend on more than the shapes of inputs: a
/// runtime that meets it runs the model node by node.
pub fn unforeseeable<T>() -> TractResult<T> {
    bail!("the shape of an output depends on values of inputs")
}

/// A product of rows, summed in lanes so that it is done many at a time.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0f32; LANES];
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Adds a row times a number to another row.
pub fn add_scaled(to: &mut [f32], factor: f32, row: &[f32]) {
    for (to, x) in to.iter_mut().zip(row) {
        *to += factor * x;
    }
}

/// The logistic function.
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
