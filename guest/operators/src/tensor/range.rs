//! Range of values that the model computes, each a number or a list of one.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::values::{give, list, shaped, unforeseeable};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// More numbers than any model counts: an answer cannot hold them.
const MOST: i64 = 1 << 28;

#[derive(Debug)]
struct Range;

pub fn range(_: &ParsingContext, _: &NodeProto) -> Built {
    built(Range)
}

impl Operator for Range {
    fn name(&self) -> &'static str {
        "Range"
    }

    fn facts(&self, _: &[Input]) -> TractResult<TVec<Output>> {
        unforeseeable()
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [start, limit, delta] = inputs else { bail!("it takes three inputs") };
        let datum_type = start.datum_type();
        let output = if datum_type.is_float() {
            let one =
                |value: &Tensor| list::<f64>(value)?.first().copied().context("an input is empty");
            let (start, limit, delta) = (one(start)?, one(limit)?, one(delta)?);
            let count = ((limit - start) / delta).ceil();
            ensure!(count < MOST as f64, "it does not end");
            let numbers: Vec<f64> =
                (0..count.max(0.0) as i64).map(|i| start + i as f64 * delta).collect();
            give(shaped(numbers, &[count.max(0.0) as usize])?, datum_type)?
        } else {
            let one =
                |value: &Tensor| list::<i64>(value)?.first().copied().context("an input is empty");
            let (start, limit, delta) = (one(start)?, one(limit)?, one(delta)?);
            ensure!(delta != 0, "its step is zero");
            let span = i128::from(limit) - i128::from(start);
            let count = (span + i128::from(delta) - i128::from(delta.signum())) / i128::from(delta);
            ensure!(count < i128::from(MOST), "it does not end");
            let numbers: Vec<i64> = (0..count.max(0) as i64).map(|i| start + i * delta).collect();
            let count = numbers.len();
            give(shaped(numbers, &[count])?, datum_type)?
        };
        Ok(tvec!(output))
    }
}
