//! CumProd: products of all elements up to each along an axis.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::values::{axis, give, numbers};
use std::ops::Mul;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayD, Axis};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct CumProd {
    exclusive: bool,
    reverse: bool,
}

pub fn cum_prod(_: &ParsingContext, node: &NodeProto) -> Built {
    let flag = |name| Ok::<_, TractError>(node.get_attr_opt::<i64>(name)? == Some(1));
    built(CumProd { exclusive: flag("exclusive")?, reverse: flag("reverse")? })
}

impl CumProd {
    fn along<T: Copy>(&self, array: &mut ArrayD<T>, axis: usize, one: T, times: fn(T, T) -> T) {
        for mut lane in array.lanes_mut(Axis(axis)) {
            if self.reverse {
                lane.invert_axis(Axis(0));
            }
            let mut product = one;
            for x in lane {
                let before = product;
                product = times(product, *x);
                *x = if self.exclusive { before } else { product };
            }
        }
    }
}

impl Operator for CumProd {
    fn name(&self) -> &'static str {
        "CumProd"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input, _] = inputs else { bail!("it takes two inputs") };
        Ok(tvec!((input.datum_type, input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input, along] = inputs else { bail!("it takes two inputs") };
        let along = axis(along.cast_to_scalar::<i64>()?, input.rank())?;
        let datum_type = input.datum_type();
        let output = if datum_type.is_float() {
            let mut array = numbers::<f64>(input)?;
            self.along(&mut array, along, 1.0, f64::mul);
            give(array, datum_type)?
        } else {
            let mut array = numbers::<i64>(input)?;
            self.along(&mut array, along, 1, i64::wrapping_mul);
            give(array, datum_type)?
        };
        Ok(tvec!(output))
    }
}
