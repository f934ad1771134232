//! Binarizer: one where an element is above a threshold, zero where it is not.

use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Binarizer {
    threshold: f32,
}

pub fn binarizer(_: &ParsingContext, node: &NodeProto) -> Built {
    built(Binarizer { threshold: node.get_attr_opt("threshold")?.unwrap_or(0.0) })
}

impl Operator for Binarizer {
    fn name(&self) -> &'static str {
        "Binarizer"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        ensure!(input.datum_type.is_number(), "it takes numbers, not {:?}", input.datum_type);
        Ok(tvec!((input.datum_type, input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let mut output = input.cast_to::<f64>()?.into_owned();
        let threshold = f64::from(self.threshold);
        for x in output.try_as_plain_ram_mut()?.as_slice_mut::<f64>()? {
            ensure!(!x.is_nan(), "its input holds an element that is not a number (NaN)");
            *x = f64::from(u8::from(*x > threshold));
        }
        Ok(tvec!(output.cast_to_dt(input.datum_type())?.into_owned().into_tvalue()))
    }
}
