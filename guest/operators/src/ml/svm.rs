//! SVMClassifier and SVMRegressor: support vector machines as libsvm trains them,
//! or linear ones without support vectors.

use super::labels::{Labels, Wanted};
use super::linear::best;
use super::rows::{check_columns, extents, filled};
use super::transform::{Transform, logistic};
use crate::operator::{Built, Input, Operator, Output, built};
use outpost_kernels::{dot, square_distance};
use std::ops::Range;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// How alike two vectors are.
#[derive(Clone, Copy, Debug)]
enum Kernel {
    Linear,
    Poly,
    Rbf,
    Sigmoid,
}

/// Vectors that rows are compared with: support vectors or, in a linear machine,
/// the coefficients.
#[derive(Debug)]
struct Vectors {
    kernel: Kernel,
    gamma: f32,
    coef0: f32,
    degree: f32,
    columns: usize,
    elements: Vec<f32>,
}

impl Vectors {
    /// `elements` of `count` vectors.
    fn of(node: &NodeProto, elements: Vec<f32>, count: usize) -> TractResult<Self> {
        ensure!(
            count > 0 && !elements.is_empty() && elements.len().is_multiple_of(count),
            "it has {count} vectors, but {} elements of them",
            elements.len()
        );
        let kernel = match node.get_attr_opt::<&str>("kernel_type")?.unwrap_or("LINEAR") {
            "LINEAR" => Kernel::Linear,
            "POLY" => Kernel::Poly,
            "RBF" => Kernel::Rbf,
            "SIGMOID" => Kernel::Sigmoid,
            other => bail!("there is no kernel_type {other}"),
        };
        let params: Vec<f32> = node.get_attr_opt_vec("kernel_params")?.unwrap_or_default();
        let (gamma, coef0, degree) = match *params {
            [] => (0.0, 0.0, 0.0),
            [gamma, coef0, degree, ..] => (gamma, coef0, degree),
            _ => bail!("it has {} kernel_params instead of three", params.len()),
        };
        Ok(Vectors { kernel, gamma, coef0, degree, columns: elements.len() / count, elements })
    }

    fn rows(&self, inputs: &[Input]) -> TractResult<TDim> {
        let [input] = inputs else { bail!("it takes one input") };
        let (rows, columns) = extents(&input.shape)?;
        check_columns(&columns, self.columns)?;
        Ok(rows)
    }

    /// Calls `found` with how much a row is like each of the vectors, row by row.
    fn compare(
        &self,
        inputs: &[TValue],
        found: &mut dyn FnMut(&[f32]) -> TractResult<()>,
    ) -> TractResult<usize> {
        let [input] = inputs else { bail!("it takes one input") };
        let (rows, columns) = extents(input.shape())?;
        check_columns(&columns.to_dim(), self.columns)?;
        let input = input.cast_to::<f32>()?;
        let mut alike = Vec::with_capacity(self.elements.len() / self.columns);
        for row in input.try_as_plain_ram()?.as_slice::<f32>()?.chunks_exact(columns) {
            alike.clear();
            alike.extend(self.elements.chunks_exact(columns).map(|other| self.alike(row, other)));
            found(&alike)?;
        }
        Ok(rows)
    }

    fn alike(&self, row: &[f32], other: &[f32]) -> f32 {
        let affine = || self.gamma * dot(row, other) + self.coef0;
        match self.kernel {
            Kernel::Linear => dot(row, other),
            Kernel::Poly if self.degree == 2.0 => affine().powi(2),
            Kernel::Poly if self.degree == 3.0 => affine().powi(3),
            Kernel::Poly => affine().powf(self.degree),
            Kernel::Rbf => (-self.gamma * square_distance(row, other)).exp(),
            Kernel::Sigmoid => affine().tanh(),
        }
    }
}

/// What likenesses add up to: they cancel each other out, so that it is done in
/// double precision.
fn weigh(alike: &[f32], weights: &[f32]) -> f64 {
    alike.iter().zip(weights).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum()
}

#[derive(Debug)]
struct SvmRegressor {
    vectors: Vectors,
    /// One for each support vector; a linear machine has none.
    coefficients: Vec<f32>,
    rho: f32,
    /// Tells on which side a row is.
    one_class: bool,
}

pub fn regressor(_: &ParsingContext, node: &NodeProto) -> Built {
    let mut coefficients: Vec<f32> = node.get_attr_vec("coefficients")?;
    let supports = node.get_attr_opt::<usize>("n_supports")?.unwrap_or(0);
    let vectors = if supports > 0 {
        ensure!(coefficients.len() == supports, "it has {supports} supports, but not coefficients");
        Vectors::of(node, node.get_attr_vec("support_vectors")?, supports)?
    } else {
        let weights = std::mem::replace(&mut coefficients, vec![1.0]);
        Vectors { kernel: Kernel::Linear, ..Vectors::of(node, weights, 1)? }
    };
    built(SvmRegressor {
        vectors,
        coefficients,
        rho: *node.get_attr_vec("rho")?.first().context("it has no rho")?,
        one_class: node.get_attr_opt::<i64>("one_class")?.unwrap_or(0) != 0,
    })
}

impl Operator for SvmRegressor {
    fn name(&self) -> &'static str {
        "SVMRegressor"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        Ok(tvec!((f32::datum_type(), tvec!(self.vectors.rows(inputs)?, 1.to_dim()))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let mut scores = vec![];
        let rows = self.vectors.compare(inputs, &mut |alike| {
            let score = (weigh(alike, &self.coefficients) + f64::from(self.rho)) as f32;
            scores.push(match self.one_class {
                true if score > 0.0 => 1.0,
                true => -1.0,
                false => score,
            });
            Ok(())
        })?;
        Ok(tvec!(filled(&[rows, 1], scores)?))
    }
}

#[derive(Debug)]
struct SvmClassifier {
    vectors: Vectors,
    labels: Labels,
    wanted: Wanted,
    transform: Transform,
    decision: Decision,
}

/// How scores and a label come about.
#[derive(Debug)]
enum Decision {
    /// The vectors are those of the classes.
    Linear { rho: f32, all_positive: bool, has_probabilities: bool },
    /// Classes are compared in pairs.
    Pairs { coefficients: Vec<f32>, pairs: Vec<Pair>, has_probabilities: bool },
}

/// A machine that tells two classes apart.
#[derive(Debug)]
struct Pair {
    classes: [usize; 2],
    /// Where the support vectors of each are, and their coefficients.
    parts: [(Range<usize>, Range<usize>); 2],
    rho: f32,
    /// Slope and offset of the sigmoid that makes a probability of a score.
    platt: (f32, f32),
}

pub fn classifier(_: &ParsingContext, node: &NodeProto) -> Built {
    let labels = Labels::of(node, "classlabels_ints", "classlabels_strings")?;
    let classes = labels.len();
    let coefficients: Vec<f32> = node.get_attr_vec("coefficients")?;
    let rho: Vec<f32> = node.get_attr_vec("rho")?;
    let slopes: Vec<f32> = node.get_attr_opt_vec("prob_a")?.unwrap_or_default();
    let offsets: Vec<f32> = node.get_attr_opt_vec("prob_b")?.unwrap_or_default();
    let per_class: Vec<usize> = node.get_attr_opt_vec("vectors_per_class")?.unwrap_or_default();
    let supports: usize = per_class.iter().sum();
    let has_probabilities = !slopes.is_empty();
    let (vectors, decision) = if supports == 0 {
        let rho = *rho.first().context("it has no rho")?;
        let all_positive = coefficients.iter().all(|x| *x >= 0.0);
        let vectors = Vectors::of(node, coefficients, classes)?;
        let decision = Decision::Linear { rho, all_positive, has_probabilities };
        (Vectors { kernel: Kernel::Linear, ..vectors }, decision)
    } else {
        ensure!(per_class.len() == classes, "it has {classes} classes, but not vectors for each");
        let vectors = Vectors::of(node, node.get_attr_vec("support_vectors")?, supports)?;
        let mut start = 0;
        let own: Vec<Range<usize>> = (per_class.iter())
            .map(|count| {
                start += count;
                start - count..start
            })
            .collect();
        let mut rhos = rho.into_iter();
        let mut platt = slopes.into_iter().zip(offsets);
        let mut pairs = vec![];
        for (first, of_first) in own.iter().enumerate() {
            for (second, of_second) in own.iter().enumerate().skip(first + 1) {
                // A class has no coefficients against itself, so that those of the
                // first against the second are a row before the second's.
                let part = |own: &Range<usize>, row: usize| {
                    (own.clone(), own.start + row * supports..own.end + row * supports)
                };
                let few = || format!("it has too few rho, prob_a or prob_b for {classes} classes");
                let sigmoid = platt.next();
                ensure!(sigmoid.is_some() || !has_probabilities, few());
                pairs.push(Pair {
                    classes: [first, second],
                    parts: [part(of_first, second - 1), part(of_second, first)],
                    rho: rhos.next().with_context(few)?,
                    platt: sigmoid.unwrap_or_default(),
                });
            }
        }
        let expected = (classes - 1) * supports;
        ensure!(coefficients.len() >= expected, "it should have {expected} coefficients");
        (vectors, Decision::Pairs { coefficients, pairs, has_probabilities })
    };
    let transform = Transform::of(node)?;
    built(SvmClassifier { vectors, labels, wanted: Wanted::of(node), transform, decision })
}

impl SvmClassifier {
    /// How many scores a row has.
    fn scores(&self) -> usize {
        match &self.decision {
            Decision::Pairs { pairs, has_probabilities: false, .. } => match self.labels.len() {
                0..=2 => 2,
                _ => pairs.len(),
            },
            _ => self.labels.len(),
        }
    }

    /// The position of a row's label; its scores are added to `scores`.
    fn decide(&self, alike: &[f32], scores: &mut Vec<f32>) -> i64 {
        let classes = self.labels.len();
        let start = scores.len();
        let label = match &self.decision {
            Decision::Linear { rho, all_positive, has_probabilities } => {
                scores.extend(alike.iter().map(|x| x + rho));
                let own = scores.get(start..).unwrap_or_default();
                let max = own.iter().copied().fold(f32::MIN, f32::max);
                // Of two classes the second wins by a sign, or as a probability.
                let threshold = if *all_positive { max >= 0.5 } else { max > 0.0 };
                if classes == 2 && !has_probabilities && threshold { 1 } else { best(own) }
            }
            Decision::Pairs { coefficients, pairs, has_probabilities } => {
                let mut votes = vec![0.0; classes];
                let mut own = Vec::with_capacity(pairs.len());
                for pair in pairs {
                    let part = |(vectors, weights): &(Range<usize>, Range<usize>)| {
                        let vectors = alike.get(vectors.clone()).unwrap_or_default();
                        weigh(vectors, coefficients.get(weights.clone()).unwrap_or_default())
                    };
                    let score = pair.parts.iter().map(part).sum::<f64>() + f64::from(pair.rho);
                    let score = score as f32;
                    own.push(score);
                    let [first, second] = pair.classes;
                    if let Some(votes) = votes.get_mut(if score > 0.0 { first } else { second }) {
                        *votes += 1.0;
                    }
                }
                if *has_probabilities {
                    scores.extend(couple(classes, pairs, &own));
                } else if let [score] = *own {
                    // Distances of either sign, unless they are made probabilities.
                    scores.extend(self.transform.split(score, self.transform == Transform::None));
                    return best(&votes);
                } else {
                    scores.extend(own);
                    scores.resize(start + self.scores(), 0.0);
                }
                best(&votes)
            }
        };
        if let Some(own) = scores.get_mut(start..) {
            self.transform.apply(own);
        }
        label
    }
}

impl Operator for SvmClassifier {
    fn name(&self) -> &'static str {
        "SVMClassifier"
    }

    fn arity(&self) -> usize {
        self.wanted.count()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let rows = self.vectors.rows(inputs)?;
        let scores = (f32::datum_type(), tvec!(rows.clone(), self.scores().to_dim()));
        Ok(self.wanted.facts(rows, &self.labels, scores))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let (mut labels, mut scores) = (vec![], vec![]);
        let rows = self.vectors.compare(inputs, &mut |alike| {
            labels.push(self.decide(alike, &mut scores));
            Ok(())
        })?;
        let labels = self.labels.pick(&[rows], labels)?;
        Ok(self.wanted.select(labels, filled(&[rows, self.scores()], scores)?))
    }
}

/// Probabilities of classes from those within pairs, by the second method of Wu,
/// Lin and Weng (2004) as in libsvm, in the precision and with the bounds of ONNX
/// Runtime: where the iteration stops shows in the result.
#[allow(clippy::indexing_slicing, reason = "all tables are classes · classes, filled here")]
fn couple(classes: usize, pairs: &[Pair], scores: &[f32]) -> Vec<f32> {
    let at = |i: usize, j: usize| i * classes + j;
    let mut r = vec![0.0f32; classes * classes];
    for (pair, score) in pairs.iter().zip(scores) {
        let (slope, offset) = pair.platt;
        let probability = 1.0 - logistic(score * slope + offset);
        let probability = probability.clamp(1e-7, 1.0 - 1e-7);
        let [first, second] = pair.classes;
        r[at(first, second)] = probability;
        r[at(second, first)] = 1.0 - probability;
    }
    let mut q = vec![0.0f32; classes * classes];
    for i in 0..classes {
        for j in (0..classes).filter(|j| *j != i) {
            q[at(i, i)] += r[at(j, i)] * r[at(j, i)];
            q[at(i, j)] = -r[at(j, i)] * r[at(i, j)];
        }
    }
    let mut p = vec![1.0 / classes as f32; classes];
    let mut qp = vec![0.0f32; classes];
    let close = 0.005 / classes as f32;
    for _ in 0..100 {
        for i in 0..classes {
            qp[i] = (0..classes).map(|j| q[at(i, j)] * p[j]).sum();
        }
        let mut pqp: f32 = p.iter().zip(&qp).map(|(p, qp)| p * qp).sum();
        if qp.iter().all(|qp| (qp - pqp).abs() < close) {
            break;
        }
        for i in 0..classes {
            let diff = (pqp - qp[i]) / q[at(i, i)];
            p[i] += diff;
            pqp = (pqp + diff * (diff * q[at(i, i)] + 2.0 * qp[i])) / (1.0 + diff) / (1.0 + diff);
            for j in 0..classes {
                qp[j] = (qp[j] + diff * q[at(i, j)]) / (1.0 + diff);
                p[j] /= 1.0 + diff;
            }
        }
    }
    p
}
