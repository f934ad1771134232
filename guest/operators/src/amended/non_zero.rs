//! NonZero: where the elements are that are not zero. tract's own forgets how many
//! there are when a model is run node by node.

use crate::operator::{Built, Input, Operator, Output, Unforeseen, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct NonZero {
    count: Unforeseen,
}

pub fn non_zero(context: &ParsingContext, _: &NodeProto) -> Built {
    built(NonZero { count: Unforeseen::new(context, "nonzeros") })
}

impl Operator for NonZero {
    fn name(&self) -> &'static str {
        "NonZero"
    }

    fn is_unforeseen(&self) -> bool {
        true
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        let shape = tvec!(input.shape.len().to_dim(), self.count.dim());
        Ok(tvec!((i64::datum_type(), shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let numbers = input.cast_to::<f64>()?;
        let numbers = numbers.try_as_plain_ram()?.as_slice::<f64>()?;
        let found: Vec<usize> =
            numbers.iter().enumerate().filter(|(_, x)| **x != 0.0).map(|(at, _)| at).collect();
        // Coordinates along an axis after those along another.
        let mut coordinates: Vec<i64> = Vec::with_capacity(input.rank() * found.len());
        let mut stride = input.len();
        for extent in input.shape() {
            stride /= (*extent).max(1);
            let along = found.iter().map(|at| at / stride.max(1) % (*extent).max(1));
            for coordinate in along {
                coordinates.push(i64::try_from(coordinate)?);
            }
        }
        let coordinates = tensor1(&coordinates).into_shape(&[input.rank(), found.len()])?;
        Ok(tvec!(coordinates.into_tvalue()))
    }
}
