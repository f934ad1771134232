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

use super::port::Changed;
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::{Block, stated};
use outpost_guest::Error;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    #[serde(default = "last")]
    axis: i64,
}

fn last() -> i64 {
    -1
}

struct Softmax {
    changed: Changed,
    axis: usize,
}

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let (changed, specs) = Changed::take(&mut stated, site)?;
    let Stated { axis } = stated::rest(stated)?;
    let axis = changed.port.axis(axis)?;
    Ok(Built { block: Box::new(Softmax { changed, axis }), specs })
}

impl Block for Softmax {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        self.changed.lanes(batch, self.axis, softmax)
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
