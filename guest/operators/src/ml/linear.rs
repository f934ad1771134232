//! LinearClassifier and LinearRegressor: a score for each class or target, its
//! coefficients times the row and an intercept.

use super::labels::{Labels, Wanted};
use super::rows::{check_columns, extents, filled};
use super::transform::Transform;
use crate::operator::{Built, Input, Operator, Output, built};
use outpost_kernels::dot;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// What both have.
#[derive(Debug)]
struct Linear {
    /// Those of a score after those of another.
    coefficients: Vec<f32>,
    /// One for each score.
    intercepts: Vec<f32>,
    transform: Transform,
}

impl Linear {
    /// With a number of scores that does not depend on intercepts.
    fn of(node: &NodeProto, scores: Option<usize>) -> TractResult<Self> {
        let coefficients: Vec<f32> = node.get_attr_vec("coefficients")?;
        let intercepts: Vec<f32> = node.get_attr_opt_vec("intercepts")?.unwrap_or_default();
        let scores = scores.unwrap_or(intercepts.len());
        let intercepts = match intercepts.len() {
            len if len == scores => intercepts,
            _ => vec![0.0; scores],
        };
        ensure!(
            scores > 0 && !coefficients.is_empty() && coefficients.len().is_multiple_of(scores),
            "it has {} coefficients for {scores} scores",
            coefficients.len()
        );
        Ok(Linear { coefficients, intercepts, transform: Transform::of(node)? })
    }

    fn columns(&self) -> usize {
        self.coefficients.len() / self.intercepts.len()
    }

    /// How many rows there are, whose columns fit.
    fn rows(&self, inputs: &[Input]) -> TractResult<TDim> {
        let [input] = inputs else { bail!("it takes one input") };
        let (rows, columns) = extents(&input.shape)?;
        check_columns(&columns, self.columns())?;
        Ok(rows)
    }

    /// The scores of each row, one row after the other, and how many rows.
    fn scores(&self, inputs: &[TValue]) -> TractResult<(usize, Vec<f32>)> {
        let [input] = inputs else { bail!("it takes one input") };
        let (rows, columns) = extents(input.shape())?;
        check_columns(&columns.to_dim(), self.columns())?;
        let input = input.cast_to::<f32>()?;
        let mut scores = Vec::with_capacity(rows * self.intercepts.len());
        for row in input.try_as_plain_ram()?.as_slice::<f32>()?.chunks_exact(columns) {
            let weights = self.coefficients.chunks_exact(columns);
            scores.extend(weights.zip(&self.intercepts).map(|(w, b)| dot(row, w) + b));
        }
        Ok((rows, scores))
    }
}

#[derive(Debug)]
struct LinearRegressor(Linear);

pub fn regressor(_: &ParsingContext, node: &NodeProto) -> Built {
    let targets = node.get_attr_opt::<usize>("targets")?.unwrap_or(1);
    built(LinearRegressor(Linear::of(node, Some(targets))?))
}

impl Operator for LinearRegressor {
    fn name(&self) -> &'static str {
        "LinearRegressor"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let shape = tvec!(self.0.rows(inputs)?, self.0.intercepts.len().to_dim());
        Ok(tvec!((f32::datum_type(), shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let targets = self.0.intercepts.len();
        let (rows, mut scores) = self.0.scores(inputs)?;
        scores.chunks_exact_mut(targets).for_each(|scores| self.0.transform.apply(scores));
        Ok(tvec!(filled(&[rows, targets], scores)?))
    }
}

#[derive(Debug)]
struct LinearClassifier {
    linear: Linear,
    labels: Labels,
    wanted: Wanted,
    /// The one score is for the second of two labels.
    splits: bool,
}

pub fn classifier(_: &ParsingContext, node: &NodeProto) -> Built {
    let mut labels = Labels::of(node, "classlabels_ints", "classlabels_strings")?;
    let given: Option<Vec<f32>> = node.get_attr_opt_vec("intercepts")?;
    let linear = Linear::of(node, given.is_none().then(|| labels.len()))?;
    let scores = linear.intercepts.len();
    let splits = scores == 1 && labels.len() == 2;
    if scores == 1 && !splits {
        let text = labels.datum_type() == DatumType::String;
        labels = Labels::new(if text {
            tensor1(&["0".to_string(), "1".to_string()])
        } else {
            tensor1(&[0i64, 1])
        })?;
    }
    built(LinearClassifier { linear, labels, wanted: Wanted::of(node), splits })
}

impl Operator for LinearClassifier {
    fn name(&self) -> &'static str {
        "LinearClassifier"
    }

    fn arity(&self) -> usize {
        self.wanted.count()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let rows = self.linear.rows(inputs)?;
        let scores = if self.splits { 2 } else { self.linear.intercepts.len() };
        let scores = (f32::datum_type(), tvec!(rows.clone(), scores.to_dim()));
        Ok(self.wanted.facts(rows, &self.labels, scores))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let classes = self.linear.intercepts.len();
        let transform = self.linear.transform;
        let (rows, mut scores) = self.linear.scores(inputs)?;
        let mut labels = Vec::with_capacity(rows);
        for scores in scores.chunks_exact_mut(classes) {
            labels.push(match scores {
                [score] => i64::from(*score > 0.0),
                _ => best(scores),
            });
            if !self.splits {
                transform.apply(scores);
            }
        }
        if self.splits {
            scores = scores.into_iter().flat_map(|score| transform.split(score, false)).collect();
        }
        let columns = if self.splits { 2 } else { classes };
        let labels = self.labels.pick(&[rows], labels)?;
        Ok(self.wanted.select(labels, filled(&[rows, columns], scores)?))
    }
}

/// Position of the greatest of some scores, the first if there are several.
pub fn best(scores: &[f32]) -> i64 {
    let mut best = (0, scores.first().copied().unwrap_or_default());
    for (at, &score) in (0..).zip(scores) {
        if score > best.1 {
            best = (at, score);
        }
    }
    best.0
}
