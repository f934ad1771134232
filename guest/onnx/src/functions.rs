//! Functions that a model brings with it: each call is replaced by the nodes of
//! the function, so that nobody else has to know of them.

use std::collections::HashMap;
use tract_onnx::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};

/// As many calls within calls, and nodes that come of them, as a model may have.
const DEPTH: usize = 50;
const NODES: usize = 1_000_000;

/// # Errors
/// If functions call each other without end, or come to too many nodes.
pub fn inline(model: &mut ModelProto) -> Result<(), String> {
    let functions = std::mem::take(&mut model.functions);
    if functions.is_empty() {
        return Ok(());
    }
    for import in functions.iter().flat_map(|function| &function.opset_import) {
        if model.opset_import.iter().all(|known| known.domain != import.domain) {
            model.opset_import.push(import.clone());
        }
    }
    let key = |function: &FunctionProto| {
        (function.domain.clone().unwrap_or_default(), function.name.clone().unwrap_or_default())
    };
    let functions = functions.into_iter().map(|function| (key(&function), function)).collect();
    let mut inliner = Inliner { functions, calls: 0, nodes: 0 };
    match &mut model.graph {
        Some(graph) => inliner.graph(graph, 0),
        None => Ok(()),
    }
}

struct Inliner {
    /// By domain and name.
    functions: HashMap<(String, String), FunctionProto>,
    calls: usize,
    nodes: usize,
}

impl Inliner {
    fn graph(&mut self, graph: &mut GraphProto, depth: usize) -> Result<(), String> {
        let mut nodes = vec![];
        for node in std::mem::take(&mut graph.node) {
            self.node(node, depth, &mut nodes)?;
        }
        graph.node = nodes;
        Ok(())
    }

    /// Adds a node to others, or what it stands for.
    fn node(
        &mut self,
        mut node: NodeProto,
        depth: usize,
        nodes: &mut Vec<NodeProto>,
    ) -> Result<(), String> {
        for attribute in &mut node.attribute {
            for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                self.graph(graph, depth)?;
            }
        }
        let key = (node.domain.clone(), node.op_type.clone());
        let Some(function) = self.functions.get(&key).cloned() else {
            self.nodes += 1;
            if self.nodes > NODES {
                return Err("the functions of the model come to too many nodes".into());
            }
            nodes.push(node);
            return Ok(());
        };
        if depth >= DEPTH {
            return Err(format!("function {} of the model calls itself", node.op_type));
        }
        self.calls += 1;
        let call = Call::new(&function, &node, self.calls);
        for formal in function.output.iter().filter(|name| function.input.contains(*name)) {
            nodes.push(call.identity(formal));
        }
        for inner in &function.node {
            let mut inner = inner.clone();
            call.rename_node(&mut inner);
            self.node(inner, depth + 1, nodes)?;
        }
        Ok(())
    }
}

/// What names and attributes within a function mean in a call of it.
struct Call<'a> {
    node: &'a NodeProto,
    inputs: HashMap<&'a str, &'a str>,
    outputs: HashMap<&'a str, &'a str>,
    /// Before all names that are not the caller's.
    prefix: String,
}

impl<'a> Call<'a> {
    fn new(function: &'a FunctionProto, node: &'a NodeProto, number: usize) -> Self {
        fn pairs<'a>(formal: &'a [String], actual: &'a [String]) -> HashMap<&'a str, &'a str> {
            // What a call leaves out has no name, as in any node.
            let actual = actual.iter().map(String::as_str).chain(std::iter::repeat(""));
            formal.iter().map(String::as_str).zip(actual).collect()
        }
        let inputs = pairs(&function.input, &node.input);
        let mut outputs = pairs(&function.output, &node.output);
        outputs.retain(|_, actual| !actual.is_empty());
        Call { node, inputs, outputs, prefix: format!("{}#{number}/", node.op_type) }
    }

    /// For an output that is an input as well.
    fn identity(&self, formal: &str) -> NodeProto {
        let actual = |names: &HashMap<&str, &str>| {
            names.get(formal).map(ToString::to_string).into_iter().collect()
        };
        NodeProto {
            op_type: "Identity".into(),
            input: actual(&self.inputs),
            output: actual(&self.outputs),
            ..NodeProto::default()
        }
    }

    fn rename(&self, name: &mut String) {
        if name.is_empty() {
            return;
        }
        let known = self.inputs.get(name.as_str()).or_else(|| self.outputs.get(name.as_str()));
        *name = known.map_or_else(|| format!("{}{name}", self.prefix), ToString::to_string);
    }

    fn rename_node(&self, node: &mut NodeProto) {
        node.name.insert_str(0, &self.prefix);
        node.input.iter_mut().chain(&mut node.output).for_each(|name| self.rename(name));
        node.attribute.retain_mut(|attribute| self.fill(attribute));
    }

    /// Gives an attribute the value that the call has for it; `false` if it has
    /// none.
    fn fill(&self, attribute: &mut AttributeProto) -> bool {
        if !attribute.ref_attr_name.is_empty() {
            let mut given = self.node.attribute.iter();
            let Some(given) = given.find(|given| given.name == attribute.ref_attr_name) else {
                return false;
            };
            *attribute = AttributeProto { name: attribute.name.clone(), ..given.clone() };
            return true;
        }
        attribute.g.iter_mut().chain(&mut attribute.graphs).for_each(|it| self.rename_graph(it));
        true
    }

    fn rename_graph(&self, graph: &mut GraphProto) {
        let values = graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info);
        values.for_each(|value| self.rename(&mut value.name));
        graph.initializer.iter_mut().for_each(|tensor| self.rename(&mut tensor.name));
        graph.node.iter_mut().for_each(|node| self.rename_node(node));
    }
}
