//! OneHotEncoder: for each element as many columns as there are categories, with
//! a one in that of its own.

use super::rows::filled;
use crate::keys::{self, Keys};
use crate::operator::{Built, Input, Operator, Output, built};
use std::borrow::Cow;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct OneHotEncoder {
    kind: DatumType,
    columns: Keys,
    count: usize,
    /// Elements of no category are all zeros, instead of errors.
    zeros: bool,
}

pub fn one_hot_encoder(_: &ParsingContext, node: &NodeProto) -> Built {
    let ints: Vec<i64> = node.get_attr_opt_vec("cats_int64s")?.unwrap_or_default();
    let strings: Vec<String> = node.get_attr_opt_vec("cats_strings")?.unwrap_or_default();
    ensure!(ints.is_empty() != strings.is_empty(), "it should have categories of one kind");
    let categories = if ints.is_empty() { tensor1(&strings) } else { tensor1(&ints) };
    let kind = categories.datum_type();
    let mut columns = Keys::default();
    let mut next = 0;
    keys::each(&categories, kind, &mut |key| {
        columns.insert(key, next);
        next += 1;
        Ok(())
    })?;
    let zeros = node.get_attr_opt::<i64>("zeros")?.unwrap_or(1) != 0;
    built(OneHotEncoder { kind, columns, count: categories.len(), zeros })
}

impl Operator for OneHotEncoder {
    fn name(&self) -> &'static str {
        "OneHotEncoder"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        let mut shape = input.shape.clone();
        shape.push(self.count.to_dim());
        Ok(tvec!((f32::datum_type(), shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let mut shape: TVec<usize> = input.shape().into();
        shape.push(self.count);
        let mut encoded = vec![0.0f32; input.len() * self.count];
        let text = [self.kind, input.datum_type()].map(|of| of == DatumType::String);
        // Categories of the other kind are known to no element.
        if text[0] == text[1] {
            let mut rows = encoded.chunks_exact_mut(self.count);
            let input = whole(input)?;
            keys::each(&input, self.kind, &mut |key| {
                let row = rows.next().unwrap_or_default();
                match self.columns.find(key).and_then(|at| row.get_mut(at as usize)) {
                    Some(column) => *column = 1.0,
                    None => ensure!(self.zeros, "its input holds a category that it does not know"),
                }
                Ok(())
            })?;
        } else {
            ensure!(self.zeros, "its input holds a category that it does not know");
        }
        Ok(tvec!(filled(&shape, encoded)?))
    }
}

/// Numbers without their fractions; what is not a number is no category.
fn whole(input: &Tensor) -> TractResult<Cow<'_, Tensor>> {
    if !input.datum_type().is_float() {
        return Ok(Cow::Borrowed(input));
    }
    let numbers = input.cast_to::<f64>()?;
    let numbers = numbers.try_as_plain_ram()?.as_slice::<f64>()?;
    let whole: Vec<i64> =
        numbers.iter().map(|&x| if x.is_nan() { i64::MIN } else { x as i64 }).collect();
    Ok(Cow::Owned(tensor1(&whole)))
}
