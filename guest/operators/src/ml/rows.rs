//! Rows of numbers, as most operators of this domain read them: a row for each
//! example, or one row without an axis for the batch.

use tract_onnx::tract_hir::internal::*;

/// How many rows and columns a shape stands for.
///
/// # Errors
/// If it is no table.
pub fn extents<D: DimLike>(shape: &[D]) -> TractResult<(D, D)> {
    match shape {
        [columns] => Ok((D::one(), columns.clone())),
        [rows, columns] => Ok((rows.clone(), columns.clone())),
        _ => bail!("its input has {} dimensions, it should have two: rows, columns", shape.len()),
    }
}

/// That an input has as many columns as the operator is made for, where that is
/// known.
///
/// # Errors
/// If it has not.
pub fn check_columns(columns: &TDim, expected: usize) -> TractResult<()> {
    match columns.to_usize() {
        Ok(columns) if columns != expected => {
            bail!("it is made for {expected} columns, its input has {columns}")
        }
        _ => Ok(()),
    }
}

/// A tensor of computed elements.
///
/// # Errors
/// If they do not fill the shape.
pub fn filled<T: Datum>(shape: &[usize], elements: Vec<T>) -> TractResult<TValue> {
    Ok(tract_ndarray::ArrayD::from_shape_vec(shape, elements)?.into_tvalue())
}
