//! `sigmoid`: numbers of any size to probabilities, each by itself.
//!
//! ```toml
//! [[after]]
//! block = "sigmoid"
//! input = "logits"          # FP16, FP32 or FP64 of any shape; the only such tensor if left out
//! output = "probabilities"  # of the same shape and datatype; in place of `input` if left out
//! ```
//!
//! `1 / (1 + exp(-x))`, as `scipy.special.expit`.

use super::port::Changed;
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::{Block, stated};
use outpost_guest::Error;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {}

struct Sigmoid(Changed);

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let (changed, specs) = Changed::take(&mut stated, site)?;
    let Stated {} = stated::rest(stated)?;
    Ok(Built { block: Box::new(Sigmoid(changed)), specs })
}

impl Block for Sigmoid {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        self.0.each(batch, |_, number| 1.0 / (1.0 + (-number).exp()))
    }
}
