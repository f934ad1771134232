//! What a model in training is judged by: NegativeLogLikelihoodLoss, and
//! SoftmaxCrossEntropyLoss, which takes logarithms of a softmax first.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{give, list, numbers};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayD, Axis, arr0};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Loss {
    slots: Slots,
    reduction: Reduction,
    /// A class that does not count.
    ignored: Option<i64>,
    /// Whether inputs are scores instead of logarithms of probabilities.
    scores: bool,
}

#[derive(Debug)]
enum Reduction {
    None,
    Mean,
    Sum,
}

fn loss(node: &NodeProto, scores: bool) -> Built {
    let reduction = match node.get_attr_opt("reduction")?.unwrap_or("mean") {
        "none" => Reduction::None,
        "mean" => Reduction::Mean,
        "sum" => Reduction::Sum,
        other => bail!("there is no reduction `{other}`"),
    };
    let ignored = node.get_attr_opt("ignore_index")?;
    built(Loss { slots: Slots::of(node), reduction, ignored, scores })
}

pub fn negative_log_likelihood(_: &ParsingContext, node: &NodeProto) -> Built {
    loss(node, false)
}

pub fn softmax_cross_entropy(_: &ParsingContext, node: &NodeProto) -> Built {
    loss(node, true)
}

/// Logarithms of the softmax along the second dimension.
fn log_softmax(scores: &mut ArrayD<f64>) {
    for mut lane in scores.lanes_mut(Axis(1)) {
        let highest = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = lane.iter().map(|x| (x - highest).exp()).sum();
        lane.mapv_inplace(|x| x - highest - sum.ln());
    }
}

impl Operator for Loss {
    fn name(&self) -> &'static str {
        if self.scores { "SoftmaxCrossEntropyLoss" } else { "NegativeLogLikelihoodLoss" }
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let (input, target) = (self.slots.need(inputs, 0)?, self.slots.need(inputs, 1)?);
        let loss = match self.reduction {
            Reduction::None => target.shape.clone(),
            Reduction::Mean | Reduction::Sum => tvec!(),
        };
        let datum_type = input.datum_type;
        Ok(self.slots.pick([(datum_type, loss), (datum_type, input.shape.clone())]))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let (input, target) = (self.slots.need(inputs, 0)?, self.slots.need(inputs, 1)?);
        let mut scores = numbers::<f64>(input)?;
        ensure!(scores.ndim() >= 2, "it needs a batch of scores of classes");
        if self.scores {
            log_softmax(&mut scores);
        }
        let weights = self.slots.find(inputs, 2).map(|weights| list::<f64>(weights)).transpose()?;
        let targets = numbers::<i64>(target)?;
        // The losses are one for each lane of classes, in the order of the targets.
        ensure!(
            scores.lanes(Axis(1)).into_iter().len() == targets.len(),
            "targets of shape {:?} do not fit scores of shape {:?}",
            targets.shape(),
            scores.shape()
        );
        let mut losses = Vec::with_capacity(targets.len());
        let mut total = 0.0;
        for (lane, &class) in scores.lanes(Axis(1)).into_iter().zip(&targets) {
            if Some(class) == self.ignored {
                losses.push(0.0);
                continue;
            }
            let index = usize::try_from(class).ok();
            let score = index.and_then(|index| lane.get(index));
            let score = score.with_context(|| format!("there is no class {class}"))?;
            let weight = match (&weights, index) {
                (Some(weights), Some(index)) => *weights
                    .get(index)
                    .with_context(|| format!("there is no weight for class {class}"))?,
                _ => 1.0,
            };
            losses.push(-score * weight);
            total += weight;
        }
        let sum = || losses.iter().sum::<f64>();
        let loss = match self.reduction {
            Reduction::Mean => arr0(sum() / total).into_dyn(),
            Reduction::Sum => arr0(sum()).into_dyn(),
            Reduction::None => ArrayD::from_shape_vec(targets.shape(), losses)?,
        };
        let datum_type = input.datum_type();
        Ok(self.slots.pick([give(loss, datum_type)?, give(scores, datum_type)?]))
    }
}
