//! BatchNormalization while a model trains: by the mean and the variance of the
//! batch itself, which it gives out as well.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::theirs;
use crate::values::{give, list, numbers};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{Axis, arr1};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Training {
    slots: Slots,
    epsilon: f64,
    momentum: f64,
}

/// tract's, except where the model trains.
pub fn batch_norm(context: &ParsingContext, node: &NodeProto) -> Built {
    if node.get_attr_opt::<i64>("training_mode")? != Some(1) {
        return theirs(context, node);
    }
    let number = |name: &str, default: f32| -> TractResult<f64> {
        Ok(node.get_attr_opt::<f32>(name)?.unwrap_or(default).into())
    };
    let (epsilon, momentum) = (number("epsilon", 1e-5)?, number("momentum", 0.9)?);
    built(Training { slots: Slots::of(node), epsilon, momentum })
}

impl Operator for Training {
    fn name(&self) -> &'static str {
        "BatchNormalization"
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let input = self.slots.need(inputs, 0)?;
        let running = |position| -> TractResult<Output> {
            let input = self.slots.need(inputs, position)?;
            Ok((input.datum_type, input.shape.clone()))
        };
        Ok(self.slots.pick([(input.datum_type, input.shape.clone()), running(3)?, running(4)?]))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let input = self.slots.need(inputs, 0)?;
        let mut output = numbers::<f64>(input)?;
        ensure!(output.ndim() >= 2, "it needs a batch of channels");
        let each = |position| list::<f64>(self.slots.need(inputs, position)?);
        let (scale, bias, mut mean, mut variance) = (each(1)?, each(2)?, each(3)?, each(4)?);
        let channels = output.len_of(Axis(1));
        ensure!(
            [&scale, &bias, &mean, &variance].iter().all(|values| values.len() == channels),
            "its parameters are not of {channels} channels"
        );
        let parameters = scale.iter().zip(&bias).zip(mean.iter_mut().zip(&mut variance));
        for (mut channel, ((scale, bias), (mean, variance))) in
            output.axis_iter_mut(Axis(1)).zip(parameters)
        {
            let count = channel.len().max(1) as f64;
            let own = channel.sum() / count;
            let spread = channel.iter().map(|x| (x - own) * (x - own)).sum::<f64>() / count;
            let factor = scale / (spread + self.epsilon).sqrt();
            channel.mapv_inplace(|x| (x - own) * factor + bias);
            *mean = *mean * self.momentum + own * (1.0 - self.momentum);
            *variance = *variance * self.momentum + spread * (1.0 - self.momentum);
        }
        let running = |values: Vec<f64>, position| -> TractResult<TValue> {
            give(arr1(&values).into_dyn(), self.slots.need(inputs, position)?.datum_type())
        };
        Ok(self.slots.pick([
            give(output, input.datum_type())?,
            running(mean, 3)?,
            running(variance, 4)?,
        ]))
    }
}
