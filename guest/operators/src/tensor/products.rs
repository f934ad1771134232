//! MatMul of two vectors, which is a number, for tract does not know it.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::values::{give, list};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::arr0;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct InnerProduct;

pub fn inner_product(_: &ParsingContext, _: &NodeProto) -> Built {
    built(InnerProduct)
}

impl Operator for InnerProduct {
    fn name(&self) -> &'static str {
        "MatMul"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [a, _] = inputs else { bail!("it takes two inputs") };
        Ok(tvec!((a.datum_type, tvec!())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [a, b] = inputs else { bail!("it takes two inputs") };
        ensure!(
            a.rank() == 1 && a.shape() == b.shape(),
            "matrices of shapes {:?} and {:?} cannot be multiplied",
            a.shape(),
            b.shape()
        );
        let products = list::<f64>(a)?.into_iter().zip(list::<f64>(b)?).map(|(a, b)| a * b);
        Ok(tvec!(give(arr0(products.sum::<f64>()).into_dyn(), a.datum_type())?))
    }
}
