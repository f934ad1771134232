//! Optional values: as no request carries one that is absent, whether there is a
//! value is known from the node.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct HasElement {
    present: bool,
}

pub fn has_element(_: &ParsingContext, node: &NodeProto) -> Built {
    built(HasElement { present: Slots::of(node).index(0).is_some() })
}

impl Operator for HasElement {
    fn name(&self) -> &'static str {
        "OptionalHasElement"
    }

    fn facts(&self, _: &[Input]) -> TractResult<TVec<Output>> {
        Ok(tvec!((bool::datum_type(), tvec!())))
    }

    fn eval(&self, _: &[TValue]) -> TractResult<TVec<TValue>> {
        Ok(tvec!(tensor0(self.present).into_tvalue()))
    }
}

#[derive(Debug)]
struct GetElement;

pub fn get_element(_: &ParsingContext, _: &NodeProto) -> Built {
    built(GetElement)
}

impl Operator for GetElement {
    fn name(&self) -> &'static str {
        "OptionalGetElement"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let input = inputs.first().context("the value is absent")?;
        Ok(tvec!((input.datum_type, input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        Ok(tvec!(inputs.first().context("the value is absent")?.clone()))
    }
}
