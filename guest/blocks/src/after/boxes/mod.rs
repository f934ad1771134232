//! `boxes`: a detector's raw output to the objects that it found.
//!
//! ```toml
//! [[after]]
//! block = "boxes"
//! input = "output0"         # FP16, FP32 or FP64; the only such tensor if left out
//! scores = "scores"         # where the scores are a tensor of their own
//! layout = "anchors_last"   # [N, 4 + C, A], or "anchors_first": [N, A, 4 + C]
//! format = "cxcywh"         # centre and size; or "xywh": corner and size; or "xyxy": two corners
//! objectness = false        # whether a score that there is anything stands before the classes'
//! score_threshold = 0.25    # a score must be above it
//! iou_threshold = 0.45      # of two boxes that overlap more than this, the better is left;
//!                           # 1 for models that leave one themselves
//! max_boxes = 300           # of a picture, the best
//! multi_label = false       # whether a box can be of several classes, or of the best one only
//! across_classes = false    # whether boxes of different classes displace each other
//! labels = ["cat", "dog"]   # a name for each class; or labels_file = "labels.txt"
//! outputs = { boxes = "boxes", scores = "scores", classes = "classes", labels = "labels", count = "count" }
//! ```
//!
//! `input` is [N, 4 + C, A] for A anchors and C classes, or [N, 5 + C, A] with
//! objectness. With `scores` it is [N, 4, A], and they are [N, C, A]. The layout need
//! not be told where the description shows it: there are fewer classes than anchors.
//!
//! It gives `boxes` [N, M, 4] as left, top, right and bottom, in the units of the
//! model; `scores` [N, M]; `classes` [N, M] of INT64 or, with labels, `labels` [N, M]
//! of BYTES, both if `outputs` names both; and `count` [N] of INT64. M is what the
//! fullest picture of the batch has, so that a single picture has no padding. Where a
//! picture has fewer, its boxes and scores are 0, its classes -1, its labels empty.
//! Boxes are in the order of their scores.
//!
//! Each box is of its best class, its score that class's times the objectness. Boxes
//! with a NaN or ∞ in them are left out, and so are those with a NaN for a score.
//! `torchvision.ops.batched_nms` keeps the same ones.

mod candidates;
mod overlap;

use super::port::{Port, replaced};
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::numbers::Float;
use crate::{Block, stated, strings};
use candidates::{Candidate, Format, Layout, Reader};
use outpost_guest::{Datatype, Error, Tensor, TensorSpec};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Stated {
    scores: Option<String>,
    layout: Option<Layout>,
    format: Format,
    objectness: bool,
    score_threshold: f64,
    iou_threshold: f64,
    max_boxes: usize,
    multi_label: bool,
    across_classes: bool,
    outputs: Outputs,
}

impl Default for Stated {
    fn default() -> Self {
        Stated {
            scores: None,
            layout: None,
            format: Format::default(),
            objectness: false,
            score_threshold: 0.25,
            iou_threshold: 0.45,
            max_boxes: 300,
            multi_label: false,
            across_classes: false,
            outputs: Outputs::default(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outputs {
    boxes: Option<String>,
    scores: Option<String>,
    classes: Option<String>,
    labels: Option<String>,
    count: Option<String>,
}

/// More are more than anyone looks at, and comparing them would take seconds.
const MOST_BOXES: usize = 10_000;

struct Boxes {
    port: Port,
    /// Where scores are a tensor of their own.
    scores: Option<Port>,
    reader: Reader,
    iou_threshold: f64,
    max_boxes: usize,
    across_classes: bool,
    labels: Option<Vec<String>>,
    names: Names,
}

struct Names {
    boxes: String,
    scores: String,
    classes: Option<String>,
    labels: Option<String>,
    count: String,
}

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let input: Option<String> = stated::take(&mut stated, "input")?;
    let keep = stated::take(&mut stated, "keep")?.unwrap_or(false);
    let labels = stated::take_labels(&mut stated, site)?;
    let stated: Stated = stated::rest(stated)?;
    let port = Port::named(input.as_deref(), keep, site)?;
    let scores = stated.scores.as_deref().map(|name| Port::named(Some(name), keep, site));
    let scores = scores.transpose()?;
    for (key, value) in
        [("score_threshold", stated.score_threshold), ("iou_threshold", stated.iou_threshold)]
    {
        if !(0.0..=1.0).contains(&value) {
            return Err(format!("`{key}` is {value}; it must be 0 to 1"));
        }
    }
    if !(1..=MOST_BOXES).contains(&stated.max_boxes) {
        return Err(format!("`max_boxes` is {}; it must be 1 to {MOST_BOXES}", stated.max_boxes));
    }
    let scores_spec = scores.as_ref().map(|scores| &scores.spec);
    let layout = stated.layout.map_or_else(|| Layout::of(&port.spec, scores_spec), Ok)?;
    let reader = Reader {
        layout,
        format: stated.format,
        objectness: stated.objectness,
        multi_label: stated.multi_label,
        threshold: scores.as_ref().unwrap_or(&port).float.rounded(stated.score_threshold),
    };
    let classes = reader.classes(&port.spec, scores_spec)?;
    stated::check_labels(labels.as_ref(), classes)?;

    let outputs = stated.outputs;
    let names = Names {
        boxes: outputs.boxes.unwrap_or("boxes".into()),
        scores: outputs.scores.unwrap_or("scores".into()),
        classes: outputs.classes.or_else(|| labels.is_none().then(|| "classes".into())),
        labels: match (outputs.labels, &labels) {
            (Some(_), None) => return Err("names an output for labels; give `labels`".into()),
            (name, Some(_)) => Some(name.unwrap_or("labels".into())),
            (None, None) => None,
        },
        count: outputs.count.unwrap_or("count".into()),
    };
    let rows = port.spec.shape.first().copied().unwrap_or(-1);
    let of_scores = scores.as_ref().unwrap_or(&port).spec.datatype;
    let results = names.specs(rows, port.spec.datatype, of_scores);
    let ports: Vec<&Port> = std::iter::once(&port).chain(&scores).collect();
    let specs = replaced(site, &ports, results)?;
    let block = Boxes {
        port,
        scores,
        reader,
        iou_threshold: stated.iou_threshold,
        max_boxes: stated.max_boxes,
        across_classes: stated.across_classes,
        labels,
        names,
    };
    Ok(Built { block: Box::new(block), specs })
}

impl Names {
    fn specs(&self, rows: i64, boxes: Datatype, scores: Datatype) -> Vec<TensorSpec> {
        let spec = |name: &String, datatype, shape: &[i64]| TensorSpec {
            name: name.clone(),
            datatype,
            shape: shape.to_vec(),
        };
        let mut specs =
            vec![spec(&self.boxes, boxes, &[rows, -1, 4]), spec(&self.scores, scores, &[rows, -1])];
        specs.extend(self.classes.iter().map(|name| spec(name, Datatype::Int64, &[rows, -1])));
        specs.extend(self.labels.iter().map(|name| spec(name, Datatype::Bytes, &[rows, -1])));
        specs.push(spec(&self.count, Datatype::Int64, &[rows]));
        specs
    }
}

impl Block for Boxes {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let boxes = self.port.tensor(batch)?;
        let scores = self.scores.as_ref().map(|port| port.tensor(batch)).transpose()?;
        let of_scores = self.scores.as_ref().map_or(self.port.float, |scores| scores.float);
        let pictures = self
            .reader
            .read((&boxes, self.port.float), scores.as_ref().map(|scores| (scores, of_scores)))?
            .map(|candidates| {
                overlap::best(candidates, self.iou_threshold, self.across_classes, self.max_boxes)
            })
            .collect::<Vec<_>>();
        batch.tensors.extend(self.outputs(&pictures, of_scores)?);
        Ok(())
    }
}

impl Boxes {
    /// What was found, padded to what the fullest picture has.
    fn outputs(&self, pictures: &[Vec<Candidate>], of_scores: Float) -> Result<Vec<Tensor>, Error> {
        let width = pictures.iter().map(Vec::len).max().unwrap_or(0);
        let padded = || {
            pictures.iter().flat_map(|picture| {
                picture.iter().map(Some).chain(std::iter::repeat_n(None, width - picture.len()))
            })
        };
        let shape = [pictures.len() as u64, width as u64];
        let floats = |name: &String, float: Float, shape: &[u64], numbers: Vec<f64>| {
            let mut data = Vec::new();
            float.append(&mut data, &numbers);
            let (name, datatype) = (name.clone(), float.datatype());
            Tensor { name, datatype, shape: shape.to_vec(), data }
        };
        let integers = |name: &String, shape: &[u64], numbers: Vec<i64>| Tensor {
            name: name.clone(),
            datatype: Datatype::Int64,
            shape: shape.to_vec(),
            data: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        };
        let class = |found: Option<&Candidate>| found.map_or(-1, |found| found.class as i64);

        let corners = padded().flat_map(|found| found.map_or([0.0; 4], |found| found.corners));
        let scores = padded().map(|found| found.map_or(0.0, |found| found.score));
        let [rows, columns] = shape;
        let mut tensors = vec![
            floats(&self.names.boxes, self.port.float, &[rows, columns, 4], corners.collect()),
            floats(&self.names.scores, of_scores, &shape, scores.collect()),
        ];
        if let Some(name) = &self.names.classes {
            tensors.push(integers(name, &shape, padded().map(class).collect()));
        }
        if let (Some(name), Some(labels)) = (&self.names.labels, &self.labels) {
            let classes: Vec<usize> = pictures.iter().flatten().map(|found| found.class).collect();
            let mut found = stated::labels(labels, &classes, &self.port.spec.name)?.into_iter();
            let texts = padded().map(|cell| cell.and_then(|_| found.next()).unwrap_or_default());
            tensors.push(strings::tensor(name, shape.to_vec(), texts));
        }
        let counts = pictures.iter().map(|picture| picture.len() as i64).collect();
        tensors.push(integers(&self.names.count, &[rows], counts));
        Ok(tensors)
    }
}
