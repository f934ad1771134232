//! What a model file asks for that this runtime does not have: told all at once,
//! by name, before anything long begins.

use std::collections::BTreeMap;
use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, TensorProto, tensor_proto::DataLocation};

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
                && framework.op_register.0.contains_key(&node.op_type);
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
