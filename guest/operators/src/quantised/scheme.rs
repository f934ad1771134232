//! Integers that stand for numbers, (q - zero) · scale, and back.

use crate::slots::Slots;
use crate::values::{axis, give, numbers, stretch};
use tract_onnx::prelude::tract_ndarray::{ArrayD, Axis, IxDyn, Zip};
use tract_onnx::tract_hir::internal::*;

/// Scales or zero points as they stretch to a shape: one for all, one for each
/// index of an axis, or one for each block along it.
pub fn spread(
    values: &Tensor,
    shape: &[usize],
    along: i64,
    block: usize,
) -> TractResult<ArrayD<f32>> {
    let values = numbers::<f32>(values)?;
    if values.len() == 1 && block == 0 {
        return Ok(values.into_shape_with_order(IxDyn(&[]))?);
    }
    let along = axis(along, shape.len())?;
    let extent = shape.get(along).copied().unwrap_or(0);
    if block == 0 {
        ensure!(values.len() == extent, "{} scales for an axis of {extent}", values.len());
        let mut spread = vec![1; shape.len()];
        if let Some(dim) = spread.get_mut(along) {
            *dim = extent;
        }
        return Ok(values.into_shape_with_order(spread)?);
    }
    ensure!(values.ndim() == shape.len(), "blocks of {:?} do not fit {shape:?}", values.shape());
    let indices: Vec<usize> = (0..extent).map(|index| index / block).collect();
    let blocks = values.len_of(Axis(along));
    ensure!(extent.div_ceil(block) == blocks, "{blocks} blocks of {block} for an axis of {extent}");
    Ok(values.select(Axis(along), &indices))
}

/// Numbers of integers.
pub fn dequantised(
    mut array: ArrayD<f32>,
    scale: &ArrayD<f32>,
    zero: &ArrayD<f32>,
) -> TractResult<ArrayD<f32>> {
    let shape = array.shape().to_vec();
    Zip::from(&mut array)
        .and(stretch(scale, &shape, "a scale")?)
        .and(stretch(zero, &shape, "a zero point")?)
        .for_each(|x, scale, zero| *x = (*x - zero) * scale);
    Ok(array)
}

/// Integers of numbers, ties to even, the nearest where there is none.
pub fn quantised(
    mut array: ArrayD<f32>,
    scale: &ArrayD<f32>,
    zero: &ArrayD<f32>,
    datum_type: DatumType,
) -> TractResult<TValue> {
    let (low, high) = match datum_type {
        DatumType::U8 => (0.0, 255.0),
        DatumType::I8 => (-128.0, 127.0),
        DatumType::U16 => (0.0, 65535.0),
        DatumType::I16 => (-32768.0, 32767.0),
        other => bail!("nothing is quantised to {other:?}"),
    };
    let shape = array.shape().to_vec();
    Zip::from(&mut array)
        .and(stretch(scale, &shape, "a scale")?)
        .and(stretch(zero, &shape, "a zero point")?)
        .for_each(|x, scale, zero| *x = ((*x / scale).round_ties_even() + zero).clamp(low, high));
    give(array, datum_type)
}

/// A quantised input at a position, its scale and its zero point after it, as
/// numbers.
pub fn triple(slots: &Slots, inputs: &[TValue], position: usize) -> TractResult<ArrayD<f32>> {
    let (scale, zero) = pair(slots, inputs, position + 1)?;
    dequantised(numbers(slots.need(inputs, position)?)?, &scale, &zero)
}

/// A scale and a zero point, of a whole tensor.
pub fn pair(
    slots: &Slots,
    inputs: &[TValue],
    position: usize,
) -> TractResult<(ArrayD<f32>, ArrayD<f32>)> {
    let scale = spread(slots.need(inputs, position)?, &[], 0, 0)?;
    let zero = match slots.find(inputs, position + 1) {
        Some(zero) => spread(zero, &[], 0, 0)?,
        None => tract_ndarray::arr0(0.0).into_dyn(),
    };
    Ok((scale, zero))
}
