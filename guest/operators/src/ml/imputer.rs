//! Imputer: puts a value, one for all columns or one for each, in place of those
//! that mean that there is none.

use super::rows::extents;
use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Imputer {
    /// For inputs of floating point.
    floats: (Vec<f32>, f32),
    /// For integers.
    ints: (Vec<i64>, i64),
}

pub fn imputer(_: &ParsingContext, node: &NodeProto) -> Built {
    let floats = node.get_attr_opt_vec("imputed_value_floats")?.unwrap_or_default();
    let ints = node.get_attr_opt_vec("imputed_value_int64s")?.unwrap_or_default();
    built(Imputer {
        floats: (floats, node.get_attr_opt("replaced_value_float")?.unwrap_or(0.0)),
        ints: (ints, node.get_attr_opt("replaced_value_int64")?.unwrap_or(0)),
    })
}

impl Operator for Imputer {
    fn name(&self) -> &'static str {
        "Imputer"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        extents(&input.shape)?;
        let floats = input.datum_type.is_float();
        let given = if floats { self.floats.0.len() } else { self.ints.0.len() };
        ensure!(given > 0, "it has no values to put into an input of {:?}", input.datum_type);
        Ok(tvec!((input.datum_type, input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let columns = extents(input.shape())?.1;
        let given = input.datum_type();
        let output = match given {
            DatumType::F32 => {
                let (values, missing) = (&self.floats.0, self.floats.1);
                let is_missing = |x| x == missing || f32::is_nan(x) && missing.is_nan();
                fill(input.clone().into_tensor(), columns, values, is_missing)?
            }
            _ if given.is_float() => {
                let values: Vec<f64> = self.floats.0.iter().map(|x| f64::from(*x)).collect();
                let missing = f64::from(self.floats.1);
                let is_missing = |x| x == missing || f64::is_nan(x) && missing.is_nan();
                fill(input.cast_to::<f64>()?.into_owned(), columns, &values, is_missing)?
            }
            _ => {
                let input = input.cast_to::<i64>()?.into_owned();
                fill(input, columns, &self.ints.0, |x| x == self.ints.1)?
            }
        };
        Ok(tvec!(output.cast_to_dt(given)?.into_owned().into_tvalue()))
    }
}

fn fill<T: Datum + Copy>(
    mut table: Tensor,
    columns: usize,
    values: &[T],
    is_missing: impl Fn(T) -> bool,
) -> TractResult<Tensor> {
    let first = values.first().context("it has no values to put in")?;
    // Values that are not as many as the columns count as one: so does ONNX Runtime.
    let values = if values.len() == columns { values } else { std::slice::from_ref(first) };
    let mut plain = table.try_as_plain_ram_mut()?;
    for row in plain.as_slice_mut::<T>()?.chunks_exact_mut(columns.max(1)) {
        for (x, value) in row.iter_mut().zip(values.iter().cycle()) {
            if is_missing(*x) {
                *x = *value;
            }
        }
    }
    Ok(table)
}
