//! From the votes of a row to its scores and its label, as ONNX Runtime has it,
//! where ONNX leaves things open or says something else too. In double precision,
//! rounded wherever ONNX Runtime rounds.

use crate::description::{Aggregate, Classifier, Description, PostTransform};
use crate::ensemble::Precision;
use crate::error::Error;
use crate::forest::voted;
use std::f32::consts::{PI, SQRT_2};

/// Targets or classes, at most.
const TARGETS: usize = 1 << 20;

/// What is done to the scores of a row.
pub(crate) struct Finish {
    pub targets: usize,
    pub aggregate: Aggregate,
    pub classes: Option<Classes>,
    base_values: Vec<f64>,
    post_transform: PostTransform,
    precision: Precision,
}

/// What distinguishes two classes of which one has votes only.
pub(crate) struct Classes {
    /// There are two classes, and all votes are for the same one.
    binary: bool,
    weights_are_all_positive: bool,
}

impl Finish {
    pub(crate) fn new(description: &Description, precision: Precision) -> Result<Self, Error> {
        let sum = Aggregate::Sum;
        let (targets, aggregate, base_values, post_transform, classes) = match description {
            Description::Classifier(it) => (
                it.n_classes,
                sum,
                Some(&it.base_values),
                it.post_transform,
                Some(Classes::new(it)),
            ),
            Description::Regressor(it) => {
                let base_values = Some(&it.base_values);
                (it.n_targets, it.aggregate_function, base_values, it.post_transform, None)
            }
            Description::Ensemble(it) => {
                (it.n_targets, it.aggregate_function, None, it.post_transform, None)
            }
        };
        if targets == 0 {
            return Err(Error::Empty(if classes.is_some() { "classes" } else { "targets" }));
        }
        if targets > TARGETS {
            return Err(Error::TooLarge(if classes.is_some() { "classes" } else { "targets" }));
        }
        let base_values: Vec<f64> =
            base_values.into_iter().flat_map(|values| values.iter()).collect();
        match base_values.len() {
            0 => {}
            1 if classes.is_some() && targets == 2 => {}
            found => Error::length("base_values", found, targets)?,
        }
        Ok(Finish { targets, aggregate, classes, base_values, post_transform, precision })
    }

    /// Makes scores of votes, and tells the label: the number of the class.
    pub(crate) fn apply(&self, trees: usize, scores: &mut [f64]) -> u32 {
        match &self.classes {
            Some(classes) => self.classify(classes, scores),
            None => {
                self.regress(trees, scores);
                0
            }
        }
    }

    #[allow(clippy::cast_possible_truncation)]
    fn round(&self, value: f64) -> f64 {
        match self.precision {
            Precision::Single => f64::from(value as f32),
            Precision::Double => value,
        }
    }

    /// With the base value of its target.
    fn based(&self, score: f64, target: usize) -> f64 {
        self.round(score + self.base_values.get(target).unwrap_or(&0.0))
    }

    #[allow(clippy::cast_precision_loss)]
    fn regress(&self, trees: usize, scores: &mut [f64]) {
        let alone = scores.len() == 1;
        for (target, score) in scores.iter_mut().enumerate() {
            *score = match voted(self.aggregate, *score) {
                Some(sum) if self.aggregate == Aggregate::Average => {
                    self.based(self.round(sum / trees as f64), target)
                }
                Some(sum) => self.based(sum, target),
                // The base value is for a target with votes, or for the only one.
                None if alone => self.based(0.0, target),
                None => 0.0,
            };
        }
        match scores {
            // Not any other transform of a single score.
            [score] if self.post_transform == PostTransform::Probit => *score = probit(*score),
            [_] => {}
            _ => self.transform(scores),
        }
    }

    fn classify(&self, classes: &Classes, scores: &mut [f64]) -> u32 {
        match scores {
            [score] => {
                *score = self.based(voted(self.aggregate, *score).unwrap_or(0.0), 0);
                if self.post_transform == PostTransform::Probit {
                    *score = probit(*score);
                }
                0
            }
            [first, second] => {
                let votes = [voted(self.aggregate, *first), voted(self.aggregate, *second)];
                let (label, pair) = self.classify_two(classes, votes);
                [*first, *second] = pair;
                label
            }
            _ => self.classify_many(scores),
        }
    }

    fn classify_many(&self, scores: &mut [f64]) -> u32 {
        let mut best: Option<(usize, f64)> = None;
        for (class, score) in scores.iter_mut().enumerate() {
            let voted = voted(self.aggregate, *score);
            // With base values, every class has a score.
            let counts = voted.is_some() || !self.base_values.is_empty();
            *score = voted.unwrap_or(0.0);
            if counts {
                *score = self.based(*score, class);
                // The first of equals, and anything after NaN is no greater.
                if best.is_none_or(|(_, best)| *score > best) {
                    best = Some((class, *score));
                }
            }
        }
        self.transform(scores);
        best.map_or(0, |(class, _)| class as u32)
    }

    fn classify_two(&self, classes: &Classes, votes: [Option<f64>; 2]) -> (u32, [f64; 2]) {
        let (mut first, mut second) = (votes[0], votes[1]);
        // Is the second class to be derived from the first?
        let mut derived = second.is_none();
        match self.base_values.as_slice() {
            // An odd sum, but ONNX Runtime's.
            [_, base] if second.is_some() => {
                let sum = self.round(base + first.unwrap_or(0.0));
                first = first.map(|_| -sum);
                second = Some(sum);
            }
            [base, _] => {
                derived = false;
                first = first.map(|score| self.round(score + base));
            }
            [base] => first = first.map(|score| self.round(score + base)),
            _ => {}
        }
        let decisive = second.or(first).unwrap_or(0.0);
        let probabilities = classes.binary && classes.weights_are_all_positive;
        let label = u32::from(decisive > if probabilities { 0.5 } else { 0.0 });
        if !derived {
            let mut scores = [first.unwrap_or(0.0), second.unwrap_or(0.0)];
            self.transform(&mut scores);
            return (label, scores);
        }
        let score = first.unwrap_or(0.0);
        let scores = match self.post_transform {
            // Here ONNX Runtime leaves the second score to chance.
            PostTransform::Probit => [probit(score), 0.0],
            _ if !classes.binary && !self.base_values.is_empty() => [score, 0.0],
            PostTransform::Logistic => [logistic(-score), logistic(score)],
            _ if probabilities => [self.round(1.0 - score), score],
            _ => [-score, score],
        };
        (label, scores)
    }

    fn transform(&self, scores: &mut [f64]) {
        match self.post_transform {
            PostTransform::None => {}
            PostTransform::Logistic => {
                scores.iter_mut().for_each(|score| *score = logistic(*score))
            }
            PostTransform::Probit => scores.iter_mut().for_each(|score| *score = probit(*score)),
            PostTransform::Softmax => self.softmax(scores, false),
            PostTransform::SoftmaxZero => self.softmax(scores, true),
        }
    }

    /// If `zero`, then scores of zero stay zero, and do not count.
    fn softmax(&self, scores: &mut [f64], zero: bool) {
        let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for score in scores.iter_mut() {
            if zero && score.abs() <= 1e-7 {
                *score *= self.round((-greatest).exp());
            } else {
                *score = self.round(self.round(*score - greatest).exp());
                sum = self.round(sum + *score);
            }
        }
        for score in scores {
            *score = self.round(*score / sum);
        }
    }
}

impl Classes {
    fn new(classifier: &Classifier) -> Self {
        let votes = &classifier.classes;
        let one_class = votes.ids.iter().all(|id| votes.ids.first() == Some(id));
        Classes {
            binary: classifier.n_classes == 2 && one_class && !votes.ids.is_empty(),
            weights_are_all_positive: !votes.weights.iter().any(|weight| weight < 0.0),
        }
    }
}

/// Always in single precision.
#[allow(clippy::cast_possible_truncation)]
fn logistic(x: f64) -> f64 {
    let exp = (-(x as f32).abs()).exp();
    let at_least_half = 1.0 / (1.0 + exp);
    f64::from(if x < 0.0 { 1.0 - at_least_half } else { at_least_half })
}

/// √2·erf⁻¹(2x − 1), by the approximation of Winitzki (2008), always in single
/// precision.
#[allow(clippy::cast_possible_truncation)]
fn probit(x: f64) -> f64 {
    let x = 2.0 * x as f32 - 1.0;
    let sign = if x < 0.0 { -1.0 } else { 1.0 };
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let a = 2.0 / (PI * 0.147) + 0.5 * log;
    let b = 1.0 / 0.147 * log;
    f64::from(SQRT_2 * sign * (-a + (a * a - b).sqrt()).sqrt())
}
