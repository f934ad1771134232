//! TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble: from a node to
//! the description of an ensemble. How trees are walked is in `outpost-trees`.

use super::labels::{Labels, Wanted};
use super::rows::{extents, filled};
use crate::operator::{Built, Input, Operator, Output, built};
use outpost_trees::{
    Aggregate, Classifier, Description, Ensemble, Floats, Mode, Nodes, PostTransform, Precision,
    Regressor, TreeEnsemble, Votes,
};
use std::fmt;
use std::sync::{Mutex, OnceLock};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

/// Trees that are laid out once the type of the input is known, on which their
/// precision depends; then the description is dropped, which is as large.
struct Trees {
    description: Mutex<Option<Description>>,
    ensemble: OnceLock<Ensemble>,
    /// Whether an attribute is in double precision.
    double: bool,
}

impl fmt::Debug for Trees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ensemble.fmt(f)
    }
}

impl Trees {
    fn new(description: Description) -> Self {
        let floats = match &description {
            Description::Classifier(it) => [&it.nodes.values, &it.classes.weights, &it.base_values],
            Description::Regressor(it) => [&it.nodes.values, &it.targets.weights, &it.base_values],
            Description::Ensemble(it) => [&it.nodes_splits, &it.leaf_weights, &it.leaf_weights],
        };
        let double = floats.iter().any(|floats| matches!(floats, Floats::Double(_)));
        let description = Mutex::new(Some(description));
        Trees { description, ensemble: OnceLock::new(), double }
    }

    fn ensemble(&self, input: DatumType) -> TractResult<&Ensemble> {
        if let Some(ensemble) = self.ensemble.get() {
            return Ok(ensemble);
        }
        let description = self.description.lock().ok().and_then(|mut kept| kept.take());
        let description = description.context("its trees were found to be wrong before")?;
        let double = self.double || input == DatumType::F64;
        let precision = if double { Precision::Double } else { Precision::Single };
        let ensemble = Ensemble::new(&description, precision)?;
        Ok(self.ensemble.get_or_init(|| ensemble))
    }

    /// How many rows there are, and how many scores in each.
    fn extents(&self, inputs: &[Input]) -> TractResult<(TDim, TDim)> {
        let [input] = inputs else { bail!("it takes one input") };
        let ensemble = self.ensemble(input.datum_type)?;
        let (rows, columns) = extents(&input.shape)?;
        let least = ensemble.columns();
        if let Ok(columns) = columns.to_usize() {
            ensure!(columns >= least, "it reads {least} columns, its input has {columns}");
        }
        Ok((rows, ensemble.targets().to_dim()))
    }

    /// Scores, and the positions of labels.
    fn run(&self, inputs: &[TValue]) -> TractResult<(Tensor, Vec<i64>)> {
        let [input] = inputs else { bail!("it takes one input") };
        let ensemble = self.ensemble(input.datum_type())?;
        let (rows, columns) = extents(input.shape())?;
        let shape = [rows, ensemble.targets()];
        let mut labels = vec![0; rows];
        // Integers are compared in the precision of the trees.
        let scores = if ensemble.precision() == Precision::Double {
            let input = input.cast_to::<f64>()?;
            let input = input.try_as_plain_ram()?;
            let mut scores = vec![0.0f64; rows * ensemble.targets()];
            ensemble.classify(input.as_slice::<f64>()?, columns, &mut scores, &mut labels)?;
            filled(&shape, scores)?
        } else {
            let input = input.cast_to::<f32>()?;
            let input = input.try_as_plain_ram()?;
            let mut scores = vec![0.0f32; rows * ensemble.targets()];
            ensemble.classify(input.as_slice::<f32>()?, columns, &mut scores, &mut labels)?;
            filled(&shape, scores)?
        };
        Ok((scores.into_tensor(), labels.into_iter().map(i64::from).collect()))
    }
}

#[derive(Debug)]
struct TreeEnsembleClassifier {
    trees: Trees,
    labels: Labels,
    wanted: Wanted,
}

pub fn classifier(context: &ParsingContext, node: &NodeProto) -> Built {
    let labels = Labels::of(node, "classlabels_int64s", "classlabels_strings")?;
    let classifier = Classifier {
        nodes: nodes(context, node)?,
        classes: votes(context, node, "class")?,
        n_classes: labels.len(),
        base_values: floats(context, node, "base_values")?,
        post_transform: post_transform(node)?,
    };
    let trees = Trees::new(Description::Classifier(classifier));
    built(TreeEnsembleClassifier { trees, labels, wanted: Wanted::of(node) })
}

impl Operator for TreeEnsembleClassifier {
    fn name(&self) -> &'static str {
        "TreeEnsembleClassifier"
    }

    fn arity(&self) -> usize {
        self.wanted.count()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let (rows, scores) = self.trees.extents(inputs)?;
        let scores = (f32::datum_type(), tvec!(rows.clone(), scores));
        Ok(self.wanted.facts(rows, &self.labels, scores))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let (scores, labels) = self.trees.run(inputs)?;
        let labels = self.labels.pick(&[labels.len()], labels)?;
        Ok(self.wanted.select(labels, scores.cast_to::<f32>()?.into_owned().into_tvalue()))
    }
}

/// An operator whose scores are its only output.
#[derive(Debug)]
struct TreeScores {
    name: &'static str,
    trees: Trees,
    /// Whether scores are in the precision of the trees, instead of single.
    precise: bool,
}

pub fn regressor(context: &ParsingContext, node: &NodeProto) -> Built {
    let aggregate = node.get_attr_opt::<&str>("aggregate_function")?;
    let regressor = Regressor {
        nodes: nodes(context, node)?,
        targets: votes(context, node, "target")?,
        n_targets: node.get_attr_opt("n_targets")?.unwrap_or(1),
        base_values: floats(context, node, "base_values")?,
        aggregate_function: aggregate.map(Aggregate::from_name).transpose()?.unwrap_or_default(),
        post_transform: post_transform(node)?,
    };
    let trees = Trees::new(Description::Regressor(regressor));
    built(TreeScores { name: "TreeEnsembleRegressor", trees, precise: false })
}

pub fn ensemble(context: &ParsingContext, node: &NodeProto) -> Built {
    let list = |name: &str| node.get_attr_opt_vec::<i64>(name);
    let modes = node.get_attr::<&TensorProto>("nodes_modes")?;
    let modes = context.load_tensor(modes)?.cast_to::<i64>()?.into_owned();
    let modes = modes.try_as_plain_ram()?.as_slice::<i64>()?.iter();
    let ensemble = TreeEnsemble {
        tree_roots: node.get_attr_vec("tree_roots")?,
        nodes_featureids: node.get_attr_vec("nodes_featureids")?,
        nodes_modes: modes.map(|code| Mode::from_code(*code)).collect::<Result<_, _>>()?,
        nodes_splits: floats(context, node, "nodes_splits")?,
        nodes_truenodeids: node.get_attr_vec("nodes_truenodeids")?,
        nodes_falsenodeids: node.get_attr_vec("nodes_falsenodeids")?,
        nodes_trueleafs: node.get_attr_vec("nodes_trueleafs")?,
        nodes_falseleafs: node.get_attr_vec("nodes_falseleafs")?,
        nodes_missing_value_tracks_true: list("nodes_missing_value_tracks_true")?
            .unwrap_or_default(),
        leaf_targetids: node.get_attr_vec("leaf_targetids")?,
        leaf_weights: floats(context, node, "leaf_weights")?,
        membership_values: floats(context, node, "membership_values")?,
        n_targets: node.get_attr_opt("n_targets")?.unwrap_or(1),
        aggregate_function: Aggregate::from_code(
            node.get_attr_opt("aggregate_function")?.unwrap_or(1),
        )?,
        post_transform: PostTransform::from_code(
            node.get_attr_opt("post_transform")?.unwrap_or(0),
        )?,
    };
    let trees = Trees::new(Description::Ensemble(ensemble));
    built(TreeScores { name: "TreeEnsemble", trees, precise: true })
}

impl Operator for TreeScores {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let (rows, targets) = self.trees.extents(inputs)?;
        let ensemble = inputs.first().map(|input| self.trees.ensemble(input.datum_type));
        let double = matches!(ensemble, Some(Ok(it)) if it.precision() == Precision::Double);
        let kind = if self.precise && double { DatumType::F64 } else { DatumType::F32 };
        Ok(tvec!((kind, tvec!(rows, targets))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let (scores, _) = self.trees.run(inputs)?;
        let scores = if self.precise { scores } else { scores.cast_to::<f32>()?.into_owned() };
        Ok(tvec!(scores.into_tvalue()))
    }
}

/// The attributes `nodes_…` of versions 1 to 3.
fn nodes(context: &ParsingContext, node: &NodeProto) -> TractResult<Nodes> {
    let modes = node.get_attr_vec::<&str>("nodes_modes")?.into_iter();
    let missing = node.get_attr_opt_vec("nodes_missing_value_tracks_true")?;
    Ok(Nodes {
        treeids: node.get_attr_vec("nodes_treeids")?,
        nodeids: node.get_attr_vec("nodes_nodeids")?,
        featureids: node.get_attr_vec("nodes_featureids")?,
        modes: modes.map(Mode::from_name).collect::<Result<_, _>>()?,
        values: floats(context, node, "nodes_values")?,
        truenodeids: node.get_attr_vec("nodes_truenodeids")?,
        falsenodeids: node.get_attr_vec("nodes_falsenodeids")?,
        missing_value_tracks_true: missing.unwrap_or_default(),
    })
}

/// The attributes `class_…` or `target_…`.
fn votes(context: &ParsingContext, node: &NodeProto, what: &str) -> TractResult<Votes> {
    Ok(Votes {
        treeids: node.get_attr_vec(&format!("{what}_treeids"))?,
        nodeids: node.get_attr_vec(&format!("{what}_nodeids"))?,
        ids: node.get_attr_vec(&format!("{what}_ids"))?,
        weights: floats(context, node, &format!("{what}_weights"))?,
    })
}

fn post_transform(node: &NodeProto) -> TractResult<PostTransform> {
    let name = node.get_attr_opt::<&str>("post_transform")?;
    Ok(name.map(PostTransform::from_name).transpose()?.unwrap_or_default())
}

/// Numbers of an attribute: a list, a tensor under its own name or under that of
/// its variant, or none.
fn floats(context: &ParsingContext, node: &NodeProto, name: &str) -> TractResult<Floats> {
    let variant = format!("{name}_as_tensor");
    let attribute = node.attribute.iter().find(|it| it.name == name || it.name == variant);
    let Some(attribute) = attribute else { return Ok(Floats::default()) };
    let Some(tensor) = &attribute.t else { return Ok(Floats::Single(attribute.floats.clone())) };
    let tensor = context.load_tensor(tensor)?;
    Ok(if tensor.datum_type() == DatumType::F64 {
        Floats::Double(tensor.try_as_plain_ram()?.as_slice::<f64>()?.to_vec())
    } else {
        let tensor = tensor.cast_to::<f32>()?;
        Floats::Single(tensor.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    })
}
