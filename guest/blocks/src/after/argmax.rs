//! `argmax`: scores of classes to the best class, by its index or its name.
//!
//! ```toml
//! [[after]]
//! block = "argmax"
//! input = "probabilities"   # FP16, FP32 or FP64; the only such tensor if left out
//! output = "label"          # INT64, or BYTES with labels, of the shape of `input` without `axis`
//! axis = -1                 # along which the classes lie
//! labels = ["cat", "dog"]   # a name for each; or labels_file = "labels.txt", one on each line
//! ```
//!
//! As `numpy.argmax`: of equal scores the first, and a NaN counts as the largest.
//! A row with a NaN is flagged and does not count as answered.

use super::doubt::doubt;
use super::port::{Lanes, Port};
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::{Block, stated, strings};
use outpost_guest::{Datatype, Error, Tensor, TensorSpec};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    #[serde(default = "last")]
    axis: i64,
}

fn last() -> i64 {
    -1
}

struct Argmax {
    port: Port,
    output: String,
    axis: usize,
    labels: Option<Vec<String>>,
}

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let port = Port::take(&mut stated, site)?;
    let output = port.output(&mut stated)?;
    let labels = stated::take_labels(&mut stated, site)?;
    let Stated { axis } = stated::rest(stated)?;
    let axis = port.axis(axis)?;
    let mut shape = port.spec.shape.clone();
    stated::check_labels(labels.as_ref(), shape.remove(axis))?;
    let datatype = if labels.is_some() { Datatype::Bytes } else { Datatype::Int64 };
    let specs = port.replaced(site, vec![TensorSpec { name: output.clone(), datatype, shape }])?;
    Ok(Built { block: Box::new(Argmax { port, output, axis, labels }), specs })
}

impl Block for Argmax {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let mut tensor = self.port.tensor(batch)?;
        let lanes = Lanes::of(&tensor, self.axis);
        if lanes.length == 0 && lanes.number > 0 {
            return Err(Error::Failed(format!("the model gave no scores in `{}`", tensor.name)));
        }
        let (mut numbers, mut best, mut doubtful) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (lane, row) in lanes.iter() {
            self.port.float.read(&tensor.data, lane, &mut numbers);
            let (index, score) = first_largest(&numbers);
            if score.is_nan() {
                doubtful.insert(row);
            }
            best.push(index);
        }
        doubt(batch, &self.port.spec.name, doubtful);
        tensor.shape.remove(self.axis);
        batch.tensors.push(match &self.labels {
            Some(labels) => {
                let labels = stated::labels(labels, &best, &self.port.spec.name)?;
                strings::tensor(&self.output, tensor.shape, labels.into_iter())
            }
            None => Tensor {
                name: self.output.clone(),
                datatype: Datatype::Int64,
                shape: tensor.shape,
                data: best.iter().flat_map(|&index| (index as i64).to_le_bytes()).collect(),
            },
        });
        Ok(())
    }
}

fn first_largest(numbers: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, &number) in numbers.iter().enumerate() {
        if number.is_nan() {
            return (index, number);
        }
        if number > best.1 {
            best = (index, number);
        }
    }
    best
}
