//! `mean-pooling`: the vectors of a text's tokens to one vector of the text.
//!
//! ```toml
//! [[after]]
//! block = "mean-pooling"
//! input = "last_hidden_state"  # [N, T, D] of FP16, FP32 or FP64; the only such tensor if left out
//! output = "embedding"         # [N, D] of the same datatype; in place of `input` if left out
//! mask = "attention_mask"      # the model's input [N, T], of any numbers, that weighs the tokens
//! ```
//!
//! `Σ mask·x / max(Σ mask, 1e-9)`, as sentence-transformers' mean of tokens, but what
//! weighs 0 does not count at all, not even a NaN. A text without tokens is zeros.

use super::port::{Port, checked, unlike};
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::numbers::{self, Lane};
use crate::stated::listed;
use crate::{Block, stated};
use outpost_guest::{Datatype, Error, Tensor, TensorSpec};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    #[serde(default = "attention_mask")]
    mask: String,
}

fn attention_mask() -> String {
    "attention_mask".into()
}

struct MeanPooling {
    port: Port,
    output: String,
    mask: TensorSpec,
}

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let port = Port::take(&mut stated, site)?;
    let output = port.output(&mut stated)?;
    let Stated { mask } = stated::rest(stated)?;
    let &[rows, tokens, width] = port.spec.shape.as_slice() else {
        return Err(format!(
            "`{}` is of shape {:?}; this block takes [N, T, D], a vector for each token",
            port.spec.name, port.spec.shape
        ));
    };
    let mask = site.inputs.iter().find(|spec| spec.name == mask).cloned().ok_or_else(|| {
        format!("the model has no input `{mask}` for a `mask`; it has {}", listed(site.inputs))
    })?;
    let fits = |one: i64, other: i64| one == other || one < 0 || other < 0;
    if mask.datatype == Datatype::Bytes
        || !matches!(*mask.shape, [n, t] if fits(n, rows) && fits(t, tokens))
    {
        return Err(format!(
            "the mask {} does not fit; it must be numbers of shape [{rows}, {tokens}]",
            listed(std::slice::from_ref(&mask))
        ));
    }
    let spec = TensorSpec { name: output.clone(), shape: vec![rows, width], ..port.spec.clone() };
    let specs = port.replaced(site, vec![spec])?;
    Ok(Built { block: Box::new(MeanPooling { port, output, mask }), specs })
}

impl Block for MeanPooling {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let tensor = self.port.tensor(batch)?;
        let mask = batch.inputs.iter().find(|input| input.name == self.mask.name);
        let mask = checked(mask.cloned(), &self.mask)?;
        let weights = numbers::all(&mask).ok_or_else(|| unlike(&mask.name))?;
        let &[rows, tokens, width] = tensor.shape.as_slice() else {
            return Err(unlike(&tensor.name));
        };
        if mask.shape != [rows, tokens] {
            return Err(Error::Failed(format!(
                "the model's `{}` has other rows or tokens than its `{}`",
                tensor.name, mask.name
            )));
        }
        let (row, width) = (numbers::elements(&[tokens]), numbers::elements(&[width]));
        let (Some(row), Some(width)) = (row, width) else { return Err(unlike(&tensor.name)) };
        let mut data = Vec::new();
        let (mut vector, mut sums) = (Vec::new(), Vec::new());
        for (number, weights) in weights.chunks_exact(row.max(1)).enumerate() {
            sums.clear();
            sums.resize(width, 0.0);
            let mut total = 0.0;
            for (token, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0)
            {
                let start = (number * row + token) * width;
                let lane = Lane { start, step: 1, count: width };
                self.port.float.read(&tensor.data, lane, &mut vector);
                sums.iter_mut().zip(&vector).for_each(|(sum, number)| *sum += weight * number);
                total += weight;
            }
            let total = total.max(1e-9);
            sums.iter_mut().for_each(|sum| *sum /= total);
            self.port.float.append(&mut data, &sums);
        }
        // Texts of no tokens at all have no weights to go through.
        let size = numbers::elements(&[rows, width as u64, self.port.float.size() as u64]);
        data.resize(size.ok_or_else(|| unlike(&tensor.name))?, 0);
        let (name, datatype) = (self.output.clone(), tensor.datatype);
        batch.tensors.push(Tensor { name, datatype, shape: vec![rows, width as u64], data });
        Ok(())
    }

    fn wants(&self) -> Vec<String> {
        vec![self.mask.name.clone()]
    }
}
