//! Runs a graph node by node, each on the values that its inputs have in this
//! very request.
//!
//! It is for models that tract cannot optimise as a whole, because shapes
//! depend on values: where a shape is computed from data, a branch is taken or
//! a loop runs until a condition holds, a recurrent layer has an open batch.
//! A node's plan is made when it is first met and kept for the same types,
//! shapes and small integers, so what ran while freezing is ready afterwards.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use tract_onnx::Onnx;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{InletId, TractErrorContext as _, bail, format_err};

/// Integers up to so many elements are taken for shapes, axes and the like.
const SMALL: usize = 64;
/// Plans kept for a node.
const PLANS: usize = 8;

/// A graph and what was learned about its nodes.
pub struct Interpreter {
    framework: Onnx,
    /// Without its weights.
    proto: ModelProto,
    opset: i64,
    weights: HashMap<String, TValue>,
    inputs: Vec<String>,
    /// By the address of the node in `proto`, which never moves.
    plans: RefCell<HashMap<usize, Vec<Prepared>>>,
}

/// A node made ready for certain inputs.
struct Prepared {
    inputs: TVec<Known>,
    plan: Arc<TypedSimplePlan>,
}

/// What a plan relies on.
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
struct Scope<'a> {
    values: HashMap<&'a str, TValue>,
    outer: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    fn get(&self, name: &str) -> Option<&TValue> {
        self.values.get(name).or_else(|| self.outer?.get(name))
    }

    fn find(&self, name: &str) -> TractResult<TValue> {
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

    fn graph(
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
            "If" => {
                let condition = inputs.first().context("it has no condition")?;
                let taken = if truth(condition)? { "then_branch" } else { "else_branch" };
                self.graph(subgraph(node, taken)?, HashMap::new(), scope)
            }
            "Loop" => self.repeat(node, scope),
            _ => self.operator(node, inputs, scope),
        }
    }

    /// Loop: trip count, condition and carried values, each optional.
    fn repeat(&self, node: &NodeProto, scope: &Scope<'_>) -> TractResult<TVec<TValue>> {
        let body = subgraph(node, "body")?;
        let optional = |index: usize| match node.input.get(index) {
            Some(name) if !name.is_empty() => scope.find(name).map(Some),
            _ => Ok(None),
        };
        let limit = match optional(0)? {
            Some(count) => Some(count.cast_to_scalar::<i64>()?),
            None => None,
        };
        let mut go_on = optional(1)?.as_ref().map_or(Ok(true), truth)?;
        let mut carried: TVec<TValue> =
            (node.input.iter().skip(2)).map(|name| scope.find(name)).collect::<TractResult<_>>()?;
        let scanned = body
            .output
            .len()
            .checked_sub(1 + carried.len())
            .context("its body gives fewer values than it carries on")?;
        let mut slices: Vec<Vec<Tensor>> = vec![vec![]; scanned];

        let mut count = 0i64;
        while go_on && limit.is_none_or(|limit| count < limit) {
            let names = body.input.iter().map(|input| input.name.as_str());
            let first = [tensor0(count).into_tvalue(), tensor0(true).into_tvalue()];
            let given = names.zip(first.into_iter().chain(carried.drain(..))).collect();
            let mut results = self.graph(body, given, scope)?.into_iter();
            go_on = truth(&results.next().context("its body gives no condition")?)?;
            let carries = body.output.len() - 1 - scanned;
            carried.extend(results.by_ref().take(carries));
            for (slices, value) in slices.iter_mut().zip(results) {
                let mut slice = value.into_tensor();
                slice.insert_axis(0)?;
                slices.push(slice);
            }
            count += 1;
        }
        for (index, slices) in slices.into_iter().enumerate() {
            carried.push(if slices.is_empty() {
                self.nothing(body, 1 + node.input.len().saturating_sub(2) + index)?
            } else {
                Tensor::stack_tensors(0, &slices)?.into_tvalue()
            });
        }
        Ok(carried)
    }

    /// What a loop that never ran has gathered: no slices of the declared type.
    fn nothing(&self, body: &GraphProto, output: usize) -> TractResult<TValue> {
        use tract_onnx::pb::{tensor_proto::DataType, type_proto::Value};
        let declared = body.output.get(output).and_then(|output| output.r#type.as_ref());
        let Some(Value::TensorType(tensor)) = declared.and_then(|kind| kind.value.as_ref()) else {
            bail!("its body does not declare the type of an output");
        };
        let datum_type = DataType::try_from(tensor.elem_type)
            .map_err(|_| format_err!("its body declares an unknown type"))?
            .try_into()?;
        let rank = tensor.shape.as_ref().map_or(0, |shape| shape.dim.len());
        Ok(Tensor::zero_dt(datum_type, &vec![0; rank + 1])?.into_tvalue())
    }

    fn operator(
        &self,
        node: &NodeProto,
        mut inputs: TVec<TValue>,
        scope: &Scope<'_>,
    ) -> TractResult<TVec<TValue>> {
        let builder = (self.framework.op_register.0.get(&node.op_type))
            .with_context(|| format!("there is no operator {}", node.op_type))?;
        let address = std::ptr::from_ref(node) as usize;
        let found = self.plans.borrow().get(&address).and_then(|plans| {
            plans.iter().find(|prepared| prepared.fits(&inputs, node, scope)).map(Prepared::parts)
        });
        let (plan, open) = match found {
            Some(found) => found,
            None => {
                let context = self.context();
                let (operator, closures) = builder(&context, node)?;
                for name in &closures {
                    inputs.push(scope.find(name)?);
                }
                let names: TVec<&str> =
                    node.input.iter().filter(|name| !name.is_empty()).map(String::as_str).collect();
                let weight = |index: usize| {
                    names.get(index).is_some_and(|name| self.weights.contains_key(*name))
                };
                let known = |all: bool| -> TVec<Known> {
                    (inputs.iter().enumerate())
                        .map(|(index, value)| {
                            if all || weight(index) || decides(value) {
                                Known::Value(value.clone().into_arc_tensor())
                            } else {
                                Known::Fact(value.datum_type(), value.shape().into())
                            }
                        })
                        .collect()
                };
                let outputs = node.output.iter().filter(|name| !name.is_empty()).count();
                let prepared = prepare(operator.clone(), known(false), outputs)
                    .or_else(|_| prepare(operator, known(true), outputs))?;
                let parts = prepared.parts();
                let mut plans = self.plans.borrow_mut();
                let plans = plans.entry(address).or_default();
                if plans.len() >= PLANS {
                    plans.remove(0);
                }
                plans.push(prepared);
                parts
            }
        };
        let open = open.into_iter().filter_map(|index| inputs.get(index).cloned()).collect();
        let outputs = plan.spawn()?.run(open)?;
        outputs.into_iter().map(plain).collect()
    }
}

impl Prepared {
    /// Whether this plan answers for such inputs; values that an inner graph
    /// takes from outside come after the node's own, and are looked at as well.
    fn fits(&self, inputs: &[TValue], node: &NodeProto, _: &Scope<'_>) -> bool {
        // Nodes with inner graphs are prepared anew: what these read is not known here.
        node.attribute.iter().all(|attribute| attribute.g.is_none())
            && self.inputs.len() == inputs.len()
            && self.inputs.iter().zip(inputs).all(|(known, value)| known.holds(value))
    }

    fn parts(&self) -> (Arc<TypedSimplePlan>, Vec<usize>) {
        let open = (self.inputs.iter().enumerate())
            .filter(|(_, known)| matches!(known, Known::Fact(..)))
            .map(|(index, _)| index)
            .collect();
        (self.plan.clone(), open)
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
    Ok(Prepared { inputs, plan })
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

fn truth(value: &TValue) -> TractResult<bool> {
    Ok(value.cast_to::<bool>()?.to_plain_array_view::<bool>()?.first().copied().unwrap_or(false))
}

fn subgraph<'a>(node: &'a NodeProto, name: &str) -> TractResult<&'a GraphProto> {
    let attribute = node.attribute.iter().find(|attribute| attribute.name == name);
    attribute
        .and_then(|attribute| attribute.g.as_ref())
        .with_context(|| format!("it has no {name}"))
}

/// Whether a graph gives a value out, or an inner graph may read it.
fn read_elsewhere(graph: &GraphProto, name: &str) -> bool {
    let inner = |attribute: &AttributeProto| attribute.g.is_some();
    graph.output.iter().any(|output| output.name == name)
        || graph.node.iter().any(|node| node.attribute.iter().any(inner))
}
