//! `softmax`: numbers of any size to shares of 1.
//!
//! ```toml
//! [[after]]
//! block = "softmax"
//! input = "logits"          # FP16, FP32 or FP64 of any shape; the only such tensor if left out
//! output = "probabilities"  # of the same shape and datatype; in place of `input` if left out
//! axis = -1                 # along which the shares add up to 1
//! ```
//!
//! `exp(x - max) / Σ exp(x - max)`, as `scipy.special.softmax`: a NaN or +∞ makes
//! its lane NaN.

use super::port::Lanewise;
use crate::Block;
use crate::batch::Batch;
use crate::build::{Built, Site};
use outpost_guest::Error;
use serde_json::Value;

struct Softmax(Lanewise);

pub(crate) fn build(stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let (lanes, specs) = Lanewise::take(stated, site)?;
    Ok(Built { block: Box::new(Softmax(lanes)), specs })
}

impl Block for Softmax {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        self.0.each(batch, softmax)
    }
}

fn softmax(numbers: &mut [f64]) {
    let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for number in &mut *numbers {
        *number = (*number - most).exp();
        sum += *number;
    }
    numbers.iter_mut().for_each(|number| *number /= sum);
}
