//! `l2-normalise`: vectors to the same vectors of length 1, as they are compared by
//! their cosine.
//!
//! ```toml
//! [[after]]
//! block = "l2-normalise"
//! input = "embedding"       # FP16, FP32 or FP64 of any shape; the only such tensor if left out
//! output = "unit"           # of the same shape and datatype; in place of `input` if left out
//! axis = -1                 # along which a vector lies
//! ```
//!
//! `x / max(√Σx², 1e-12)`, as `torch.nn.functional.normalize`: a vector of zeros
//! stays one, a NaN or ∞ makes NaN.

use super::port::Lanewise;
use crate::Block;
use crate::batch::Batch;
use crate::build::{Built, Site};
use outpost_guest::Error;
use serde_json::Value;

struct Normalise(Lanewise);

pub(crate) fn build(stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let (lanes, specs) = Lanewise::take(stated, site)?;
    Ok(Built { block: Box::new(Normalise(lanes)), specs })
}

impl Block for Normalise {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        self.0.each(batch, normalise)
    }
}

fn normalise(vector: &mut [f64]) {
    let sum: f64 = vector.iter().map(|number| number * number).sum();
    // Not `max`, which would forget a NaN.
    let length = if sum < 1e-24 { 1e-12 } else { sum.sqrt() };
    vector.iter_mut().for_each(|number| *number /= length);
}
