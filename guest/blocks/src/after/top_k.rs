//! `top-k`: scores of classes to the best few, best first.
//!
//! ```toml
//! [[after]]
//! block = "top-k"
//! input = "probabilities"   # [..., C] of FP16, FP32 or FP64; the only such tensor if left out
//! k = 5
//! labels = ["cat", "dog"]   # a name for each; or labels_file = "labels.txt", one on each line
//! outputs = { labels = "labels", indices = "indices", scores = "scores" }   # their names
//! ```
//!
//! It gives `scores` [..., k] of the datatype of `input`, and `labels` [..., k] of
//! BYTES or, without labels, `indices` [..., k] of INT64; both if `outputs` names both.
//! Of equal scores the first class is first. A NaN counts as the largest, as in
//! numpy; a row with one is flagged and does not count as answered.

use super::doubt::doubt;
use super::port::{Lanes, Port};
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::{Block, stated, strings};
use outpost_guest::{Datatype, Error, Tensor, TensorSpec};
use serde::Deserialize;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    k: usize,
    #[serde(default)]
    outputs: Outputs,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outputs {
    labels: Option<String>,
    indices: Option<String>,
    scores: Option<String>,
}

struct TopK {
    port: Port,
    k: usize,
    /// The output of labels, and what they are.
    labels: Option<(String, Vec<String>)>,
    indices: Option<String>,
    scores: String,
}

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let port = Port::take(&mut stated, site)?;
    let labels = stated::take_labels(&mut stated, site)?;
    let Stated { k, outputs } = stated::rest(stated)?;
    let classes = port.last_extent()?;
    stated::check_labels(labels.as_ref(), classes)?;
    let most =
        labels.as_ref().map_or(usize::MAX, Vec::len).min(classes.try_into().unwrap_or(usize::MAX));
    let extent = i64::try_from(k).ok().filter(|_| (1..=most).contains(&k));
    let extent = extent.ok_or_else(|| match most {
        usize::MAX => format!("`k` is {k}; it must be 1 or more"),
        most => format!("`k` is {k}; it must be 1 to {most}, the number of classes"),
    })?;
    let (labels, indices) = match (labels, outputs.labels, outputs.indices) {
        (None, Some(_), _) => return Err("names an output for labels; give `labels`".into()),
        (None, None, indices) => (None, Some(indices.unwrap_or("indices".into()))),
        (Some(labels), name, indices) => (Some((name.unwrap_or("labels".into()), labels)), indices),
    };
    let scores = outputs.scores.unwrap_or("scores".into());
    let mut shape = port.spec.shape.clone();
    shape.pop();
    shape.push(extent);
    let spec =
        |name: &str, datatype| TensorSpec { name: name.into(), datatype, shape: shape.clone() };
    let named = labels.iter().map(|(name, _)| spec(name, Datatype::Bytes));
    let results = named
        .chain(indices.iter().map(|name| spec(name, Datatype::Int64)))
        .chain([spec(&scores, port.spec.datatype)])
        .collect();
    let specs = port.replaced(site, results)?;
    Ok(Built { block: Box::new(TopK { port, k, labels, indices, scores }), specs })
}

impl Block for TopK {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let tensor = self.port.tensor(batch)?;
        let lanes = Lanes::of(&tensor, tensor.shape.len().saturating_sub(1));
        if lanes.length < self.k && lanes.number > 0 {
            return Err(Error::Failed(format!(
                "the model gave {} scores in `{}`, less than the {} that are wanted",
                lanes.length, tensor.name, self.k
            )));
        }
        let (mut numbers, mut order) = (Vec::new(), Vec::new());
        let (mut best, mut scores, mut doubtful) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (lane, row) in lanes.iter() {
            self.port.float.read(&tensor.data, lane, &mut numbers);
            order.clear();
            order.extend(numbers.iter().copied().enumerate());
            if order.len() > self.k {
                order.select_nth_unstable_by(self.k, better);
                order.truncate(self.k);
            }
            order.sort_unstable_by(better);
            if order.first().is_some_and(|(_, score)| score.is_nan()) {
                doubtful.insert(row);
            }
            best.extend(order.iter().map(|(index, _)| *index));
            scores.extend(order.iter().map(|(_, score)| *score));
        }
        doubt(batch, &self.port.spec.name, doubtful);
        let mut shape = tensor.shape;
        shape.pop();
        shape.push(self.k as u64);
        if let Some((name, labels)) = &self.labels {
            let labels = stated::labels(labels, &best, &self.port.spec.name)?;
            batch.tensors.push(strings::tensor(name, shape.clone(), labels.into_iter()));
        }
        if let Some(name) = &self.indices {
            batch.tensors.push(Tensor {
                name: name.clone(),
                datatype: Datatype::Int64,
                shape: shape.clone(),
                data: best.iter().flat_map(|&index| (index as i64).to_le_bytes()).collect(),
            });
        }
        let mut data = Vec::new();
        self.port.float.append(&mut data, &scores);
        let (name, datatype) = (self.scores.clone(), self.port.float.datatype());
        batch.tensors.push(Tensor { name, datatype, shape, data });
        Ok(())
    }
}

/// Which of two comes first: a NaN, else the larger, else the one with the lower index.
fn better(one: &(usize, f64), other: &(usize, f64)) -> Ordering {
    let by_score = other.1.partial_cmp(&one.1);
    by_score.unwrap_or_else(|| other.1.is_nan().cmp(&one.1.is_nan())).then(one.0.cmp(&other.0))
}
