//! What a model file asks for that this runtime does not have: told all at once,
//! by name, before anything long begins.

use crate::control;
use std::collections::BTreeMap;
use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, TensorProto, tensor_proto::DataLocation};
use tract_onnx::prelude::{InferenceModel, InferenceModelExt};
use tract_onnx::tract_hir::infer::Factoid;

/// Domains whose operators tract knows; it looks them up by their names alone.
const DOMAINS: [&str; 4] = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"];

/// # Errors
/// Every operator without an implementation, with its nodes, and weights that
/// are kept in other files.
pub fn check(graph: &GraphProto, framework: &Onnx) -> Result<(), String> {
    let mut found = Found::default();
    found.walk(graph, framework);
    if let Some(weights) = found.external.first() {
        return Err(format!(
            "{} of the weights are kept in other files, `{weights}` for example: save the model \
             with its weights inside (in Python: onnx.save(onnx.load(path), new_path))",
            found.external.len()
        ));
    }
    if found.missing.is_empty() {
        return Ok(());
    }
    let mut message = String::from("the model uses operators that are not supported:");
    for (operator, nodes) in found.missing {
        let shown = nodes.iter().take(3).map(|node| format!("`{node}`")).collect::<Vec<_>>();
        let more = nodes.len().saturating_sub(3);
        message += &format!("\n  {operator} at node {}", shown.join(", "));
        if more > 0 {
            message += &format!(" and {more} more");
        }
    }
    Err(message)
}

/// tract needs to know the batch of a recurrent layer, and panics otherwise.
///
/// # Errors
/// Names the first layer whose batch is left open.
pub fn check_recurrent(graph: &GraphProto, model: &InferenceModel) -> Result<(), String> {
    let layers: Vec<_> = (graph.node.iter())
        .filter(|node| matches!(node.op_type.as_str(), "LSTM" | "GRU" | "RNN"))
        .collect();
    if layers.is_empty() {
        return Ok(());
    }
    let mut model = model.clone();
    // What cannot be inferred is told by the steps that follow.
    let _ = model.analyse(true);
    for layer in layers {
        let name = layer.output.first().filter(|_| layer.name.is_empty()).unwrap_or(&layer.name);
        let sequence = model.nodes().iter().find(|node| &node.name == name);
        if sequence.is_some_and(|node| outpost_operators::ours(&*node.op).is_some()) {
            continue;
        }
        let fact = sequence
            .and_then(|node| node.inputs.first())
            .and_then(|&outlet| model.outlet_fact(outlet).ok());
        let batch = fact.and_then(|fact| fact.shape.dim(1)).and_then(|dim| dim.concretize());
        if batch.is_none_or(|batch| batch.to_i64().is_err()) {
            return Err(format!(
                "{} at node `{name}` needs a batch that is fixed, but the model leaves it open: fix \
                 it in the manifest, [[inputs]] with `name` and `shape`",
                layer.op_type
            ));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Found {
    /// Operator to its nodes.
    missing: BTreeMap<String, Vec<String>>,
    /// Names of weights that are elsewhere.
    external: Vec<String>,
}

impl Found {
    fn walk(&mut self, graph: &GraphProto, framework: &Onnx) {
        for weights in &graph.initializer {
            self.weights(weights);
        }
        for node in &graph.node {
            let known = DOMAINS.contains(&node.domain.as_str())
                && (framework.op_register.0.contains_key(&node.op_type)
                    || control::OPERATORS.contains(&node.op_type.as_str()));
            if !known {
                let operator = match node.domain.as_str() {
                    "" | "ai.onnx" => node.op_type.clone(),
                    domain => format!("{domain}.{}", node.op_type),
                };
                let name = match node.name.as_str() {
                    "" => node.output.first().cloned().unwrap_or_default(),
                    name => name.into(),
                };
                self.missing.entry(operator).or_default().push(name);
            }
            for attribute in &node.attribute {
                attribute.t.iter().chain(&attribute.tensors).for_each(|t| self.weights(t));
                for graph in attribute.g.iter().chain(&attribute.graphs) {
                    self.walk(graph, framework);
                }
            }
        }
    }

    fn weights(&mut self, tensor: &TensorProto) {
        if tensor.data_location == Some(DataLocation::External as i32) {
            self.external.push(tensor.name.clone());
        }
    }
}
