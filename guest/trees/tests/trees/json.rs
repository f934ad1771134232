//! Descriptions in JSON, as make.py and time.py write them: attributes under the
//! names that ONNX has for them, in double precision if it is `_as_tensor`.

use outpost_trees::{
    Aggregate, Classifier, Description, Floats, Mode, Nodes, PostTransform, Regressor,
    TreeEnsemble, Votes,
};
use serde_json::Value;

/// A number, which JSON cannot say if it is not finite.
pub fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some(name) => name.parse().unwrap(),
        None => value.as_f64().unwrap(),
    }
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().map(number).collect()
}

fn ints(value: &Value) -> Vec<i64> {
    value.as_array().into_iter().flatten().map(|value| value.as_i64().unwrap()).collect()
}

fn floats(attributes: &Value, name: &str) -> Floats {
    let double = &attributes[format!("{name}_as_tensor")];
    if double.is_array() {
        return Floats::Double(numbers(double));
    }
    Floats::Single(numbers(&attributes[name]).into_iter().map(|value| value as f32).collect())
}

fn modes(value: &Value) -> Vec<Mode> {
    let mode = |value: &Value| match value.as_str() {
        Some(name) => Mode::from_name(name).unwrap(),
        None => Mode::from_code(value.as_i64().unwrap()).unwrap(),
    };
    value.as_array().into_iter().flatten().map(mode).collect()
}

fn aggregate(value: &Value) -> Aggregate {
    match value {
        Value::Null => Aggregate::default(),
        Value::String(name) => Aggregate::from_name(name).unwrap(),
        code => Aggregate::from_code(code.as_i64().unwrap()).unwrap(),
    }
}

fn post_transform(value: &Value) -> PostTransform {
    match value {
        Value::Null => PostTransform::default(),
        Value::String(name) => PostTransform::from_name(name).unwrap(),
        code => PostTransform::from_code(code.as_i64().unwrap()).unwrap(),
    }
}

fn count(value: &Value) -> usize {
    value.as_u64().unwrap_or_default() as usize
}

fn votes(it: &Value, prefix: &str) -> Votes {
    let ints = |name: &str| ints(&it[format!("{prefix}_{name}")]);
    Votes {
        treeids: ints("treeids"),
        nodeids: ints("nodeids"),
        ids: ints("ids"),
        weights: floats(it, &format!("{prefix}_weights")),
    }
}

pub fn description(operator: &str, it: &Value) -> Description {
    let nodes = || Nodes {
        treeids: ints(&it["nodes_treeids"]),
        nodeids: ints(&it["nodes_nodeids"]),
        featureids: ints(&it["nodes_featureids"]),
        modes: modes(&it["nodes_modes"]),
        values: floats(it, "nodes_values"),
        truenodeids: ints(&it["nodes_truenodeids"]),
        falsenodeids: ints(&it["nodes_falsenodeids"]),
        missing_value_tracks_true: ints(&it["nodes_missing_value_tracks_true"]),
    };
    match operator {
        "TreeEnsembleClassifier" => Description::Classifier(Classifier {
            nodes: nodes(),
            classes: votes(it, "class"),
            n_classes: it["classlabels_int64s"].as_array().unwrap().len(),
            base_values: floats(it, "base_values"),
            post_transform: post_transform(&it["post_transform"]),
        }),
        "TreeEnsembleRegressor" => Description::Regressor(Regressor {
            nodes: nodes(),
            targets: votes(it, "target"),
            n_targets: count(&it["n_targets"]),
            base_values: floats(it, "base_values"),
            aggregate_function: aggregate(&it["aggregate_function"]),
            post_transform: post_transform(&it["post_transform"]),
        }),
        "TreeEnsemble" => Description::Ensemble(TreeEnsemble {
            tree_roots: ints(&it["tree_roots"]),
            nodes_featureids: ints(&it["nodes_featureids"]),
            nodes_modes: modes(&it["nodes_modes"]),
            nodes_splits: floats(it, "nodes_splits"),
            nodes_truenodeids: ints(&it["nodes_truenodeids"]),
            nodes_falsenodeids: ints(&it["nodes_falsenodeids"]),
            nodes_trueleafs: ints(&it["nodes_trueleafs"]),
            nodes_falseleafs: ints(&it["nodes_falseleafs"]),
            nodes_missing_value_tracks_true: ints(&it["nodes_missing_value_tracks_true"]),
            leaf_targetids: ints(&it["leaf_targetids"]),
            leaf_weights: floats(it, "leaf_weights"),
            membership_values: floats(it, "membership_values"),
            n_targets: count(&it["n_targets"]),
            aggregate_function: aggregate(&it["aggregate_function"]),
            post_transform: post_transform(&it["post_transform"]),
        }),
        other => unreachable!("{other}"),
    }
}
