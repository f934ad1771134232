//! Operators on the bits of numbers: BitCast, which reads them as another type,
//! and BitShift, whose shifts may be as wide as the number.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::values::{common, give, numbers, stretch};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayD, Zip};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_core::broadcast::multi_broadcast;

#[derive(Debug)]
struct BitCast {
    to: DatumType,
}

pub fn bit_cast(_: &ParsingContext, node: &NodeProto) -> Built {
    built(BitCast { to: node.get_attr("to")? })
}

impl BitCast {
    fn check(&self, from: DatumType) -> TractResult<()> {
        ensure!(
            from.is_copy() && self.to.is_copy() && from.size_of() == self.to.size_of(),
            "the bits of {from:?} cannot be read as {:?}",
            self.to
        );
        Ok(())
    }
}

impl Operator for BitCast {
    fn name(&self) -> &'static str {
        "BitCast"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        self.check(input.datum_type)?;
        Ok(tvec!((self.to, input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        self.check(input.datum_type())?;
        let bytes = input.as_bytes();
        if self.to == DatumType::Bool {
            ensure!(bytes.iter().all(|byte| *byte <= 1), "a bool is a byte of 0 or 1");
        }
        // SAFETY: any bits are a valid number of the same size, and bools were checked.
        let output = unsafe { Tensor::from_raw_dt(self.to, input.shape(), bytes)? };
        Ok(tvec!(output.into_tvalue()))
    }
}

#[derive(Debug)]
struct BitShift {
    left: bool,
}

pub fn bit_shift(_: &ParsingContext, node: &NodeProto) -> Built {
    let left = match node.get_attr("direction")? {
        "LEFT" => true,
        "RIGHT" => false,
        other => bail!("there is no direction `{other}`"),
    };
    built(BitShift { left })
}

impl Operator for BitShift {
    fn name(&self) -> &'static str {
        "BitShift"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input, by] = inputs else { bail!("it takes two inputs") };
        Ok(tvec!((input.datum_type, multi_broadcast(&[&*input.shape, &*by.shape])?)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input, by] = inputs else { bail!("it takes two inputs") };
        let datum_type = input.datum_type();
        let width = u32::try_from(datum_type.size_of() * 8)?;
        // As bits of 64, signs extended, from which the lowest are taken at last.
        let bits = |value: &Tensor| numbers::<i64>(&*value.cast_to_dt(datum_type)?);
        let (numbers, by) = (bits(input)?, bits(by)?);
        let shape = common(&[input.shape(), by.shape()])?;
        let mut output = ArrayD::<i64>::zeros(&*shape);
        Zip::from(&mut output)
            .and(stretch(&numbers, &shape, "an input")?)
            .and(stretch(&by, &shape, "an input")?)
            .for_each(|to, &number, &by| {
                let by = u32::try_from(by).ok().filter(|by| *by < width);
                *to = match (self.left, by) {
                    (true, Some(by)) => number << by,
                    (false, Some(by)) if datum_type.is_unsigned() => (number as u64 >> by) as i64,
                    (false, Some(by)) => number >> by,
                    (false, None) if !datum_type.is_unsigned() && number < 0 => -1,
                    (_, None) => 0,
                };
            });
        let kept = |x: i64| match (width, datum_type.is_unsigned()) {
            (64, _) => x,
            (_, true) => x & ((1 << width) - 1),
            (_, false) => x << (64 - width) >> (64 - width),
        };
        output.mapv_inplace(kept);
        Ok(tvec!(give(output, datum_type)?))
    }
}
