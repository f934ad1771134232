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

struct Normalise {
    changed: Changed,
    axis: usize,
}

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let (changed, specs) = Changed::take(&mut stated, site)?;
    let Stated { axis } = stated::rest(stated)?;
    let axis = changed.port.axis(axis)?;
    Ok(Built { block: Box::new(Normalise { changed, axis }), specs })
}

impl Block for Normalise {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        self.changed.lanes(batch, self.axis, normalise)
    }
}

fn normalise(vector: &mut [f64]) {
    let sum: f64 = vector.iter().map(|number| number * number).sum();
    // Not `max`, which would forget a NaN.
    let length = if sum < 1e-24 { 1e-12 } else { sum.sqrt() };
    vector.iter_mut().for_each(|number| *number /= length);
}
