//! What classifiers and regressors do to the scores of a row at the end.

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// The attribute `post_transform`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    None,
    Logistic,
    Softmax,
    SoftmaxZero,
    Probit,
}

impl Transform {
    /// # Errors
    /// If the node asks for one that there is not.
    pub fn of(node: &NodeProto) -> TractResult<Self> {
        Ok(match node.get_attr_opt::<&str>("post_transform")?.unwrap_or("NONE") {
            "NONE" => Transform::None,
            "LOGISTIC" => Transform::Logistic,
            "SOFTMAX" => Transform::Softmax,
            "SOFTMAX_ZERO" => Transform::SoftmaxZero,
            "PROBIT" => Transform::Probit,
            other => bail!("there is no post_transform {other}"),
        })
    }

    /// Changes the scores of a row. A single one is left as it is, but for a
    /// probit: so does ONNX Runtime.
    pub fn apply(self, scores: &mut [f32]) {
        match self {
            Transform::Probit => scores.iter_mut().for_each(|score| *score = probit(*score)),
            _ if scores.len() < 2 => (),
            Transform::None => (),
            Transform::Logistic => scores.iter_mut().for_each(|score| *score = logistic(*score)),
            Transform::Softmax => softmax(scores, |_| true),
            // Scores of zero stay zero.
            Transform::SoftmaxZero => softmax(scores, |score| score.abs() > 1e-7),
        }
    }

    /// The scores of two classes from that of the second: a probability, or a
    /// distance that has a sign.
    pub fn split(self, score: f32, signed: bool) -> [f32; 2] {
        match self {
            Transform::Probit => [1.0 - probit(score), probit(score)],
            Transform::Logistic => [logistic(-score), logistic(score)],
            _ if signed => [-score, score],
            _ => [1.0 - score, score],
        }
    }
}

fn softmax(scores: &mut [f32], counts: impl Fn(f32) -> bool) {
    let max = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        if counts(*score) {
            *score = (*score - max).exp();
            sum += *score;
        } else {
            *score *= (-max).exp();
        }
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// 1 / (1 + e⁻ˣ)
pub fn logistic(x: f32) -> f32 {
    let of_positive = 1.0 / (1.0 + (-x.abs()).exp());
    if x < 0.0 { 1.0 - of_positive } else { of_positive }
}

/// √2 · erf⁻¹(2x - 1), the inverse by Winitzki's approximation.
fn probit(x: f32) -> f32 {
    let y = 2.0 * x - 1.0;
    let log = ((1.0 - y) * (1.0 + y)).ln();
    let v = 2.0 / (std::f32::consts::PI * 0.147) + 0.5 * log;
    let magnitude = ((v * v - log / 0.147).sqrt() - v).sqrt();
    std::f32::consts::SQRT_2 * if y < 0.0 { -magnitude } else { magnitude }
}
