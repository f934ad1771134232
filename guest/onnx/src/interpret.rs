//! Runs a graph node by node, each on the values that its inputs have in this
//! very request.
//!
//! It is for models that tract cannot optimise as a whole, because shapes
//! depend on values: where a shape is computed from data, a branch is taken or
//! a loop runs until a condition holds, a recurrent layer has an open batch.
//! A node's plan is made when it is first met and kept for the same types,
//! shapes and small integers, so what ran while freezing is ready afterwards.

use outpost_operators::Custom;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use tract_onnx::Onnx;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{InletId, TractErrorContext as _};

/// Integers up to so many elements are taken for shapes, axes and the like.
const SMALL: usize = 64;
/// Plans kept for a node.
const PLANS: usize = 8;

/// A graph and what was learned about its nodes.
pub struct Interpreter {
    framework: Onnx,
    /// Without its weights.
    proto: ModelProto,
    pub opset: i64,
    weights: HashMap<String, TValue>,
    inputs: Vec<String>,
    /// By the address of the node in `proto`, which never moves.
    plans: RefCell<HashMap<usize, Vec<Prepared>>>,
}

/// A node made ready for certain inputs.
#[derive(Clone)]
enum Prepared {
    Plan(TVec<Known>, Arc<TypedSimplePlan>),
    /// An operator of ours, where tract's fails on such inputs.
    Ours(TVec<Known>, Custom),
    /// An operator of ours, which needs no plan.
    Always(Custom),
}

/// What a plan relies on.
#[derive(Clone)]
enum Known {
    /// The value itself.
    Value(Arc<Tensor>),
    /// Type and shape.
    Fact(DatumType, TVec<usize>),
}

impl Known {
    fn holds(&self, value: &TValue) -> bool {
        match self {
            Known::Value(known) => {
                value.as_arc_tensor().is_some_and(|value| Arc::ptr_eq(known, value))
                    || **known == **value
            }
            Known::Fact(datum_type, shape) => {
                value.datum_type() == *datum_type && value.shape() == &**shape
            }
        }
    }
}

/// Values by name, in a graph and those around it.
pub struct Scope<'a> {
    values: HashMap<&'a str, TValue>,
    outer: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    fn get(&self, name: &str) -> Option<&TValue> {
        self.values.get(name).or_else(|| self.outer?.get(name))
    }

    pub fn find(&self, name: &str) -> TractResult<TValue> {
        self.get(name).cloned().with_context(|| format!("nothing computes the value `{name}`"))
    }
}

impl Interpreter {
    /// # Errors
    /// If weights cannot be read.
    pub fn new(framework: Onnx, mut proto: ModelProto) -> TractResult<Self> {
        let opset = (proto.opset_import.iter())
            .find(|import| import.domain.is_empty() || import.domain == "ai.onnx")
            .map_or(0, |import| import.version);
        let graph = proto.graph.as_mut().context("the model holds no graph")?;
        let initializers = std::mem::take(&mut graph.initializer);
        let inputs = (graph.input.iter())
            .map(|input| input.name.clone())
            .filter(|name| initializers.iter().all(|tensor| &tensor.name != name))
            .collect();
        let mut interpreter = Interpreter {
            framework,
            proto,
            opset,
            weights: HashMap::new(),
            inputs,
            plans: RefCell::default(),
        };
        for tensor in initializers {
            let value = interpreter.context().load_tensor(&tensor)?.into_arc_tensor();
            interpreter.weights.insert(tensor.name, TValue::from_const(value));
        }
        Ok(interpreter)
    }

    /// Outputs in the order of the graph.
    pub fn run(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let graph = self.proto.graph.as_ref().context("the model holds no graph")?;
        let weights = Scope {
            values: self.weights.iter().map(|(k, v)| (k.as_str(), v.clone())).collect(),
            outer: None,
        };
        let given = self.inputs.iter().map(String::as_str).zip(inputs).collect();
        self.graph(graph, given, &weights)
    }

    /// What the graph says of its outputs.
    pub fn outputs(&self) -> &[ValueInfoProto] {
        self.proto.graph.as_ref().map_or(&[], |graph| &graph.output)
    }

    fn context(&self) -> ParsingContext<'_> {
        ParsingContext {
            onnx_operator_set_version: self.opset,
            framework: &self.framework,
            model: &self.proto,
            parent_graphs: self.proto.graph.iter().collect(),
            model_dir: None,
            template: InferenceModel::default(),
        }
    }

    /// Runs a graph, or an inner one on what those around it computed.
    pub fn graph(
        &self,
        graph: &GraphProto,
        given: HashMap<&str, TValue>,
        outer: &Scope<'_>,
    ) -> TractResult<TVec<TValue>> {
        let mut scope = Scope { values: given, outer: Some(outer) };
        for tensor in &graph.initializer {
            let value = self.context().load_tensor(tensor)?.into_tvalue();
            scope.values.entry(&tensor.name).or_insert(value);
        }
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for name in graph.node.iter().flat_map(|node| &node.input) {
            *uses.entry(name).or_default() += 1;
        }
        for node in &graph.node {
            let outputs = self.node(node, &scope).with_context(|| {
                let name =
                    if node.name.is_empty() { node.output.first() } else { Some(&node.name) };
                format!("{} at node `{}`", node.op_type, name.map_or("", String::as_str))
            })?;
            let names = node.output.iter().filter(|name| !name.is_empty());
            scope.values.extend(names.map(String::as_str).zip(outputs));
            // A value that nothing else reads makes room, unless an inner graph
            // or the graph's output might.
            for name in node.input.iter().map(String::as_str) {
                if let Some(left) = uses.get_mut(name) {
                    *left -= 1;
                    if *left == 0 && !read_elsewhere(graph, name) {
                        scope.values.remove(name);
                    }
                }
            }
        }
        graph.output.iter().map(|output| scope.find(&output.name)).collect()
    }

    fn node(&self, node: &NodeProto, scope: &Scope<'_>) -> TractResult<TVec<TValue>> {
        let inputs: TVec<TValue> = (node.input.iter())
            .filter(|name| !name.is_empty())
            .map(|name| scope.find(name))
            .collect::<TractResult<_>>()?;
        match node.op_type.as_str() {
            "If" => self.branch(node, &inputs, scope),
            "Loop" => self.repeat(node, scope),
            "Scan" => self.scan(node, inputs, scope),
            _ => self.operator(node, inputs, scope),
        }
    }

    fn operator(
        &self,
        node: &NodeProto,
        mut inputs: TVec<TValue>,
        scope: &Scope<'_>,
    ) -> TractResult<TVec<TValue>> {
        let address = std::ptr::from_ref(node) as usize;
        let found =
            self.plans.borrow().get(&address).and_then(|plans| {
                plans.iter().find(|prepared| prepared.fits(&inputs, node)).cloned()
            });
        let prepared = match found {
            Some(found) => found,
            None => {
                let prepared = self.prepare(node, &mut inputs, scope)?;
                let mut plans = self.plans.borrow_mut();
                let plans = plans.entry(address).or_default();
                if plans.len() >= PLANS {
                    plans.remove(0);
                }
                plans.push(prepared.clone());
                prepared
            }
        };
        let outputs = prepared.run(inputs)?;
        outputs.into_iter().map(plain).collect()
    }

    /// Makes an operator ready: ours, or tract's, or ours again where tract's
    /// fails on such inputs. Values that an inner graph takes from outside come
    /// after the node's own inputs.
    fn prepare(
        &self,
        node: &NodeProto,
        inputs: &mut TVec<TValue>,
        scope: &Scope<'_>,
    ) -> TractResult<Prepared> {
        let builder = outpost_operators::direct(&node.op_type)
            .or_else(|| self.framework.op_register.0.get(&node.op_type).copied())
            .with_context(|| format!("there is no operator {}", node.op_type))?;
        let fallback = |error: TractError| {
            let builder = outpost_operators::fallback(&node.op_type).ok_or(error)?;
            let (operator, _) = builder(&self.context(), node)?;
            let ours = outpost_operators::ours(&*operator).context("it is not ours")?;
            Ok(Prepared::Ours(known(inputs, |_| false), ours.clone()))
        };
        let (operator, closures) = match builder(&self.context(), node) {
            Ok(built) => built,
            Err(error) => return fallback(error),
        };
        if let Some(ours) = outpost_operators::ours(&*operator) {
            return Ok(Prepared::Always(ours.clone()));
        }
        let names: TVec<&str> =
            node.input.iter().filter(|name| !name.is_empty()).map(String::as_str).collect();
        let weight =
            |index: usize| names.get(index).is_some_and(|name| self.weights.contains_key(*name));
        let outputs = node.output.iter().filter(|name| !name.is_empty()).count();
        let likely = |index: usize| weight(index) || inputs.get(index).is_some_and(|x| decides(x));
        if closures.is_empty() {
            return prepare(operator.clone(), known(inputs, likely), outputs)
                .or_else(fallback)
                .or_else(|_| prepare(operator, known(inputs, |_| true), outputs));
        }
        for name in &closures {
            inputs.push(scope.find(name)?);
        }
        let likely = |index: usize| weight(index) || inputs.get(index).is_some_and(|x| decides(x));
        prepare(operator.clone(), known(inputs, likely), outputs)
            .or_else(|_| prepare(operator, known(inputs, |_| true), outputs))
    }
}

/// What a plan may rely on: the values of some inputs, type and shape of others.
fn known(inputs: &[TValue], by_value: impl Fn(usize) -> bool) -> TVec<Known> {
    (inputs.iter().enumerate())
        .map(|(index, value)| match by_value(index) {
            true => Known::Value(value.clone().into_arc_tensor()),
            false => Known::Fact(value.datum_type(), value.shape().into()),
        })
        .collect()
}

impl Prepared {
    fn fits(&self, inputs: &[TValue], node: &NodeProto) -> bool {
        let (Prepared::Plan(known, _) | Prepared::Ours(known, _)) = self else { return true };
        // Nodes with inner graphs are prepared anew: what these read is not known here.
        node.attribute.iter().all(|attribute| attribute.g.is_none())
            && known.len() == inputs.len()
            && known.iter().zip(inputs).all(|(known, value)| known.holds(value))
    }

    fn run(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        match self {
            Prepared::Always(ours) | Prepared::Ours(_, ours) => ours.0.eval(&inputs),
            Prepared::Plan(known, plan) => {
                let open = inputs.into_iter().zip(known);
                let open = open.filter(|(_, known)| matches!(known, Known::Fact(..)));
                plan.spawn()?.run(open.map(|(value, _)| value).collect())
            }
        }
    }
}

/// A plan for one operator on inputs of which this is known.
fn prepare(
    operator: Box<dyn tract_onnx::tract_hir::infer::InferenceOp>,
    inputs: TVec<Known>,
    outputs: usize,
) -> TractResult<Prepared> {
    let mut model = InferenceModel::default();
    let wires: TVec<OutletId> = (inputs.iter().enumerate())
        .map(|(index, known)| match known {
            Known::Value(value) => model.add_const(format!("in{index}"), value.clone()),
            Known::Fact(datum_type, shape) => {
                model.add_source(format!("in{index}"), InferenceFact::dt_shape(*datum_type, shape))
            }
        })
        .collect::<TractResult<_>>()?;
    let facts = (0..outputs).map(|_| InferenceFact::default()).collect();
    let node = model.add_node("node", operator, facts)?;
    for (index, wire) in wires.into_iter().enumerate() {
        model.add_edge(wire, InletId::new(node, index))?;
    }
    let outlets: TVec<OutletId> = (0..outputs).map(|index| OutletId::new(node, index)).collect();
    model.select_output_outlets(&outlets)?;
    let plan = model.into_typed()?.into_decluttered()?.into_optimized()?.into_runnable()?;
    Ok(Prepared::Plan(inputs, plan))
}

/// Whether an operator may well want to know this value beforehand.
fn decides(value: &Tensor) -> bool {
    let datum_type = value.datum_type();
    !datum_type.is_float() && datum_type != DatumType::String && value.len() <= SMALL
}

/// As the model means it: dimensions are integers, and so are quantised numbers.
fn plain(value: TValue) -> TractResult<TValue> {
    let datum_type = value.datum_type();
    if datum_type == DatumType::TDim {
        return Ok(value.cast_to::<i64>()?.into_owned().into_tvalue());
    }
    if datum_type == datum_type.unquantized() {
        return Ok(value);
    }
    let mut tensor = value.into_tensor();
    // SAFETY: only the interpretation changes, the elements are of the same size.
    unsafe { tensor.set_datum_type(datum_type.unquantized()) };
    Ok(tensor.into_tvalue())
}

/// Whether a graph gives a value out, or an inner graph may read it.
fn read_elsewhere(graph: &GraphProto, name: &str) -> bool {
    let inner = |attribute: &AttributeProto| attribute.g.is_some();
    graph.output.iter().any(|output| output.name == name)
        || graph.node.iter().any(|node| node.attribute.iter().any(inner))
}
