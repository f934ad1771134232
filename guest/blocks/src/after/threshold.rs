//! `threshold`: scores to yes or no, or to the names of what they are scores for.
//!
//! ```toml
//! [[after]]
//! block = "threshold"
//! input = "probabilities"   # [N] or [..., C] of FP16, FP32 or FP64; the only such tensor if left out
//! output = "found"          # of the same shape; in place of `input` if left out
//! threshold = 0.5           # or one for each class: [0.5, 0.3, 0.7]
//! labels = ["cat", "dog", "bird"]   # or labels_file = "labels.txt", one on each line
//! ```
//!
//! Without labels it gives BOOL: whether a score is at least its threshold. With a
//! label for each class it gives BYTES: the label where it is, and an empty text
//! where it is not, so that any number of labels can hold for a row. Scores of a
//! single class, [N] or [..., 1], take two labels, of no and of yes.
//! A NaN is below every threshold; a row with one is flagged and does not count as
//! answered.

use super::doubt::doubt;
use super::port::Port;
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::numbers::{Lane, elements};
use crate::stated::Numbers;
use crate::{Block, stated, strings};
use outpost_guest::{Datatype, Error, Tensor, TensorSpec};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    threshold: Numbers,
}

struct Threshold {
    port: Port,
    output: String,
    threshold: Numbers,
    labels: Option<Labels>,
}

enum Labels {
    Two { no: String, yes: String },
    Each(Vec<String>),
}

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let port = Port::take(&mut stated, site)?;
    let output = port.output(&mut stated)?;
    let labels = stated::take_labels(&mut stated, site)?;
    let Stated { threshold } = stated::rest(stated)?;
    let last = port.spec.shape.last().copied();
    threshold.check("threshold", last)?;
    let single = port.spec.shape.len() <= 1 || last == Some(1);
    let labels = match labels.map(<[String; 2]>::try_from) {
        None => None,
        Some(Ok([no, yes])) if single => Some(Labels::Two { no, yes }),
        Some(Err(labels)) if single => {
            return Err(format!(
                "has {} labels for a single score; give two, of no and of yes",
                labels.len()
            ));
        }
        Some(labels) => {
            let labels = labels.map_or_else(|labels| labels, Vec::from);
            let Some(last) = last.filter(|&last| last > 0) else {
                return Err("has labels for a number of classes that varies; leave them out".into());
            };
            stated::check_labels(Some(&labels), last)?;
            Some(Labels::Each(labels))
        }
    };
    let datatype = if labels.is_some() { Datatype::Bytes } else { Datatype::Bool };
    let shape = port.spec.shape.clone();
    let specs = port.replaced(site, vec![TensorSpec { name: output.clone(), datatype, shape }])?;
    // A score that prints as the threshold has reached it.
    let threshold = threshold.map(|threshold| port.float.rounded(threshold));
    Ok(Built { block: Box::new(Threshold { port, output, threshold, labels }), specs })
}

impl Block for Threshold {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let Tensor { shape, data, .. } = self.port.tensor(batch)?;
        let mut scores = Vec::new();
        self.port.float.read(&data, Lane { start: 0, step: 1, count: data.len() }, &mut scores);
        let row = elements(shape.get(1..).unwrap_or_default()).unwrap_or(0);
        let row = |place: usize| place.checked_div(row).unwrap_or(0) as u64;
        let rows = |(place, score): (usize, &f64)| score.is_nan().then(|| row(place));
        let doubtful: BTreeSet<u64> = scores.iter().enumerate().filter_map(rows).collect();
        doubt(batch, &self.port.spec.name, doubtful);
        let reached =
            scores.iter().enumerate().map(|(place, &score)| score >= self.threshold.at(place));
        batch.tensors.push(match &self.labels {
            None => Tensor {
                name: self.output.clone(),
                datatype: Datatype::Bool,
                shape,
                data: reached.map(u8::from).collect(),
            },
            Some(Labels::Two { no, yes }) => strings::tensor(
                &self.output,
                shape,
                reached.map(|reached| if reached { yes.as_str() } else { no.as_str() }),
            ),
            Some(Labels::Each(labels)) => strings::tensor(
                &self.output,
                shape,
                reached
                    .zip(labels.iter().cycle())
                    .map(|(reached, label)| if reached { label.as_str() } else { "" }),
            ),
        });
        Ok(())
    }
}
