//! From the bytes of an ONNX file to a plan that is ready to run: how inputs get
//! their types and symbolic dimensions, what the outputs are.

use crate::extents::Extents;
use crate::interpret::Interpreter;
use crate::manifest::Spec;
use crate::{functions, operators, tensors};
use outpost_guest::{TensorSpec, datatype_name, element_size};
use prost::Message;
use tract_onnx::Onnx;
use tract_onnx::model::{ParseResult, ParsingContext};
use tract_onnx::pb::type_proto::Value as TypeValue;
use tract_onnx::pb::{GraphProto, ModelProto, ValueInfoProto};
use tract_onnx::prelude::*;
use tract_onnx::tensor::translate_inference_fact;
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid, ShapeFactoid};
use tract_onnx::tract_hir::internal::bail;

/// A model that is ready to run.
pub struct Loaded {
    pub plan: Plan,
    pub extents: Extents,
    pub inputs: Vec<TensorSpec>,
    pub outputs: Vec<TensorSpec>,
}

/// How a model is run.
pub enum Plan {
    /// Optimised as a whole.
    Whole(Box<TypedSimpleState>),
    /// A node at a time, where that cannot be done. Behind a trait, so that only
    /// such models keep the interpreter: see `guest/passes/src/prune.rs`.
    NodeByNode(Box<dyn NodeByNode>),
}

/// What runs a model a node at a time.
pub trait NodeByNode {
    /// As [`Plan::run`].
    fn run(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>>;
}

impl NodeByNode for Interpreter {
    fn run(&self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Interpreter::run(self, inputs)
    }
}

impl Plan {
    /// Outputs in the order of the graph. Nothing is carried over from run to run.
    ///
    /// # Errors
    /// What the operator that failed says of it.
    pub fn run(&mut self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        match self {
            Plan::Whole(state) => {
                forget(state)?;
                state.run(inputs)
            }
            Plan::NodeByNode(interpreter) => interpreter.run(inputs),
        }
    }
}

/// Drops what operators keep from run to run, such as the hidden state of a
/// recurrent layer, where there is any.
fn forget(state: &mut TypedSimpleState) -> TractResult<()> {
    if state.op_states.iter().any(Option::is_some) {
        *state = state.plan().spawn()?;
    }
    Ok(())
}

/// A way to run a model.
struct Candidate {
    plan: Plan,
    outputs: Vec<TensorSpec>,
    /// Whether it ran on the trial, where there is one.
    runs: bool,
}

/// An input whose type and shape are settled.
struct Settled {
    spec: TensorSpec,
    datum_type: DatumType,
    dims: TVec<TDim>,
}

/// Parses and optimises. Errors are for the person who builds the module.
pub fn load(
    onnx: Vec<u8>,
    stated_inputs: &[Spec],
    stated_outputs: &[Spec],
) -> Result<Loaded, String> {
    let mut proto = ModelProto::decode(prost::bytes::Bytes::from(onnx))
        .map_err(|error| format!("this is not an ONNX model: {error}"))?;
    functions::inline(&mut proto)?;
    let graph = proto.graph.as_ref().ok_or("this is not an ONNX model: it holds no graph")?;
    let mut framework = tract_onnx::onnx();
    outpost_operators::register(&mut framework);
    operators::check(graph, &framework)?;

    let template = InferenceModel::default();
    let settled = settle_inputs(&framework, &proto, graph, &template, stated_inputs)?;
    let names: Vec<String> = graph.output.iter().map(|output| output.name.clone()).collect();

    let node_by_node = || node_by_node(framework.clone(), proto.clone(), trial(graph, &settled));
    let whole = optimise(&framework, &proto, template, &settled)
        .and_then(|typed| whole(typed, &names, trial(graph, &settled)));
    let Candidate { plan, outputs, .. } = match whole {
        Ok(whole) if whole.runs => whole,
        // Either the trial is not for this model, or tract fails where it should not.
        Ok(whole) => node_by_node().ok().filter(|other| other.runs).unwrap_or(whole),
        Err(why) => node_by_node().map_err(|error| {
            format!("the model cannot be run: {error:#}\nNor optimised: {why}\n{FIX_SHAPES}")
        })?,
    };
    for (spec, name) in outputs.iter().zip(&names) {
        let stated = stated_outputs.iter().find(|stated| &stated.name == name);
        check_output(spec, stated)?;
    }
    let extents = Extents::of(settled.iter().map(|input| &*input.dims));
    let inputs = settled.into_iter().map(|input| input.spec).collect();
    Ok(Loaded { plan, extents, inputs, outputs })
}

/// The whole model with types and shapes, some symbolic.
fn optimise(
    framework: &Onnx,
    proto: &ModelProto,
    template: InferenceModel,
    inputs: &[Settled],
) -> Result<TypedModel, String> {
    let ParseResult { mut model, unresolved_inputs, .. } = framework
        .parse_with_template(proto, None, template)
        .map_err(|error| format!("the model cannot be read: {error:#}"))?;
    if !unresolved_inputs.is_empty() {
        return Err(format!(
            "nothing computes these values of the graph: {}",
            unresolved_inputs.join(", ")
        ));
    }
    let outlets = model.input_outlets().map_err(|error| error.to_string())?.to_vec();
    for (outlet, input) in outlets.into_iter().zip(inputs) {
        let dims = input.dims.iter().cloned().map(GenericFactoid::Only).collect();
        let fact = InferenceFact::default()
            .with_datum_type(input.datum_type)
            .with_shape(ShapeFactoid::closed(dims));
        model.set_outlet_fact(outlet, fact).map_err(|error| error.to_string())?;
    }
    if let Some(graph) = &proto.graph {
        operators::check_recurrent(graph, &model)?;
    }
    model
        .into_typed()
        .and_then(|model| model.into_decluttered())
        .map_err(|error| format!("the model cannot be analysed: {error:#}"))
}

/// A plan for the whole model, run once so that whatever is set up lazily is
/// frozen too.
fn whole(
    typed: TypedModel,
    names: &[String],
    trial: Option<TVec<TValue>>,
) -> Result<Candidate, String> {
    let outlets = typed.output_outlets().map_err(|error| error.to_string())?;
    let outputs = (outlets.iter().zip(names))
        .map(|(&outlet, name)| {
            let fact = typed.outlet_fact(outlet).map_err(|error| error.to_string())?;
            let shape = fact.shape.iter().map(|dim| dim.to_i64().unwrap_or(-1)).collect();
            output_spec(name, fact.datum_type, shape)
        })
        .collect::<Result<_, String>>()?;
    let mut state = typed
        .into_optimized()
        .and_then(|model| alive(&model).map(|()| model)?.into_runnable())
        .and_then(|plan| plan.spawn())
        .map_err(|error| format!("the model cannot be optimised: {error:#}"))?;
    // A model that does not accept the trial is no error: it starts a little slower.
    let mut runs = true;
    if let Some(trial) = trial {
        runs = state.run(trial).is_ok();
        let _ = state.reset_turn();
    }
    forget(&mut state).map_err(|error| format!("{error:#}"))?;
    Ok(Candidate { plan: Plan::Whole(Box::new(state)), outputs, runs })
}

/// tract may leave a symbol whose scope is gone, at which every run would fail.
fn alive(model: &TypedModel) -> TractResult<()> {
    let facts = model.nodes().iter().flat_map(|node| &node.outputs);
    let mut symbols = facts.flat_map(|outlet| outlet.fact.shape.iter()).flat_map(TDim::symbols);
    match symbols.find(|symbol| symbol.scope().is_none()) {
        Some(_) => bail!("a shape depends on values"),
        None => Ok(()),
    }
}

/// A model that is run a node at a time. What it gives is told by the graph,
/// and by a trial where the graph is silent.
fn node_by_node(
    framework: Onnx,
    proto: ModelProto,
    trial: Option<TVec<TValue>>,
) -> TractResult<Candidate> {
    let interpreter = Interpreter::new(framework, proto)?;
    let tried = trial.map(|trial| interpreter.run(trial)).transpose();
    let outputs = interpreter
        .outputs()
        .iter()
        .enumerate()
        .map(|(index, output)| {
            let seen = tried.as_ref().ok().and_then(|seen| seen.as_ref()?.get(index));
            let (datum_type, shape) = match (declared(output)?, seen) {
                (Some(declared), _) => declared,
                (None, Some(seen)) => (seen.datum_type(), vec![-1; seen.rank()]),
                (None, None) => match &tried {
                    Err(error) => bail!("{error:#}"),
                    Ok(_) => bail!("the graph does not say the shape of output `{}`", output.name),
                },
            };
            output_spec(&output.name, datum_type, shape).map_err(TractError::msg)
        })
        .collect::<TractResult<_>>()?;
    Ok(Candidate { plan: Plan::NodeByNode(Box::new(interpreter)), outputs, runs: tried.is_ok() })
}

/// Type and shape of a value where the graph states both.
fn declared(value: &ValueInfoProto) -> TractResult<Option<(DatumType, Vec<i64>)>> {
    use tract_onnx::pb::tensor_proto::DataType;
    use tract_onnx::pb::tensor_shape_proto::dimension::Value::DimValue;
    let Some(TypeValue::TensorType(tensor)) = value.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        return Ok(None);
    };
    let Some(shape) = &tensor.shape else { return Ok(None) };
    let extent = |dim: &tract_onnx::pb::tensor_shape_proto::Dimension| match &dim.value {
        Some(DimValue(extent)) => *extent,
        _ => -1,
    };
    let shape = shape.dim.iter().map(extent).collect();
    let datum_type = DataType::try_from(tensor.elem_type).map_err(TractError::msg)?.try_into()?;
    Ok(Some((datum_type, shape)))
}

/// Inputs to try a model on: one of everything that varies, all zero; `None`
/// where there is text to give. Integers are one where an operator would divide by
/// zero, or panic at it.
fn trial(graph: &GraphProto, inputs: &[Settled]) -> Option<TVec<TValue>> {
    let divides = graph.node.iter().any(|node| DIVIDERS.contains(&node.op_type.as_str()));
    let value = |input: &Settled| {
        element_size(input.spec.datatype)?;
        let shape: Vec<usize> =
            (input.spec.shape.iter()).map(|&extent| usize::try_from(extent).unwrap_or(1)).collect();
        let mut tensor = Tensor::zero_dt(input.datum_type, &shape).ok()?;
        if divides && input.datum_type.is_integer() {
            let one = tensor0(1i64).cast_to_dt(input.datum_type).ok()?.into_owned();
            tensor = one.broadcast_to_shape(&shape).ok()?;
        }
        Some(TValue::from(tensor))
    };
    inputs.iter().map(value).collect()
}

/// Operators that divide by integers that a request may give.
const DIVIDERS: [&str; 8] =
    ["BlackmanWindow", "DFT", "Div", "HammingWindow", "HannWindow", "Mod", "STFT", "Slice"];

const FIX_SHAPES: &str = "If an input has dimensions that may vary, fix them in the manifest: \
    [[inputs]] with `name` and `shape`, -1 for the batch only.";

/// Gives each input a datatype and a shape whose open dimensions are symbols:
/// the batch dimension is shared, as requests vary it for all inputs at once.
fn settle_inputs(
    framework: &Onnx,
    proto: &ModelProto,
    graph: &GraphProto,
    template: &InferenceModel,
    specs: &[Spec],
) -> Result<Vec<Settled>, String> {
    // A graph may list its weights as inputs, for their defaults.
    let inputs: Vec<&ValueInfoProto> = (graph.input.iter())
        .filter(|input| graph.initializer.iter().all(|tensor| tensor.name != input.name))
        .collect();

    let context = ParsingContext {
        onnx_operator_set_version: 0,
        framework,
        model: proto,
        parent_graphs: vec![],
        model_dir: None,
        template: template.clone(),
    };
    let symbols = &template.symbols;
    let batch = symbols.sym("batch");
    let _ = symbols.add_assertion("batch>=1");
    let settle = |input: &ValueInfoProto| {
        let name = &input.name;
        let spec = specs.iter().find(|spec| &spec.name == name);
        let Some(TypeValue::TensorType(stated)) =
            input.r#type.as_ref().and_then(|kind| kind.value.as_ref())
        else {
            return Err(format!("input `{name}` is not a tensor, so no request can carry it"));
        };
        let fact = translate_inference_fact(&context, stated, true)
            .map_err(|error| format!("input `{name}` has a type that cannot be used: {error:#}"))?;
        let datum_type = fact
            .datum_type
            .concretize()
            .ok_or_else(|| format!("input `{name}` has no datatype in the model"))?;
        let datatype = tensors::datatype(datum_type).ok_or_else(|| {
            format!("input `{name}` has a datatype that requests cannot carry: {datum_type:?}")
        })?;
        check_datatype(spec, datatype_name(datatype), "input")?;

        let pinned = spec.and_then(|spec| spec.shape.as_deref());
        let rank = match (fact.shape.rank().concretize(), pinned) {
            (Some(rank), Some(shape)) if usize::try_from(rank) != Ok(shape.len()) => {
                return Err(format!(
                    "input `{name}` has {rank} dimensions in the model, but the manifest gives it {}",
                    shape.len()
                ));
            }
            (Some(rank), _) => usize::try_from(rank).map_err(|error| error.to_string())?,
            (None, Some(shape)) => shape.len(),
            (None, None) => {
                return Err(format!(
                    "the model does not say how many dimensions input `{name}` has: \
                     give its `shape` in the manifest, -1 where it varies"
                ));
            }
        };
        let known: Vec<_> = fact.shape.dims().collect();
        let mut dims = TVec::with_capacity(rank);
        for axis in 0..rank {
            let wanted = pinned.and_then(|shape| shape.get(axis)).copied();
            let in_model = known.get(axis).and_then(|dim| dim.concretize());
            dims.push(match (in_model, wanted) {
                (Some(dim), Some(extent)) if extent >= 0 => match dim.to_i64() {
                    Ok(fixed) if fixed != extent => {
                        return Err(format!(
                            "dimension {axis} of input `{name}` is {fixed} in the model, but {extent} in the manifest"
                        ));
                    }
                    _ => extent.to_dim(),
                },
                (Some(dim), _) => dim,
                (None, Some(extent)) if extent >= 0 => extent.to_dim(),
                (None, _) if axis == 0 => batch.to_dim(),
                (None, _) => symbols.sym(&format!("{}_{axis}", symbol_part(name))).to_dim(),
            });
        }
        let shape = dims.iter().map(|dim| dim.to_i64().unwrap_or(-1)).collect();
        let spec = TensorSpec { name: name.clone(), datatype, shape };
        Ok(Settled { spec, datum_type, dims })
    };
    inputs.into_iter().map(settle).collect()
}

fn symbol_part(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn check_datatype(spec: Option<&Spec>, actual: &str, what: &str) -> Result<(), String> {
    match spec.and_then(|spec| spec.datatype.as_ref().map(|wanted| (spec, wanted))) {
        Some((spec, wanted)) if wanted != actual => Err(format!(
            "{what} `{}` is {actual} in the model, but {wanted} in the manifest",
            spec.name
        )),
        _ => Ok(()),
    }
}

fn output_spec(name: &str, datum_type: DatumType, shape: Vec<i64>) -> Result<TensorSpec, String> {
    let datatype = tensors::datatype(datum_type).ok_or_else(|| {
        format!("output `{name}` has a datatype that answers cannot carry: {datum_type:?}")
    })?;
    Ok(TensorSpec { name: name.into(), datatype, shape })
}

/// Compares an output with what the manifest says of it.
fn check_output(output: &TensorSpec, stated: Option<&Spec>) -> Result<(), String> {
    check_datatype(stated, datatype_name(output.datatype), "output")?;
    let agree = |(&wanted, &given): (&i64, &i64)| wanted < 0 || given < 0 || wanted == given;
    match stated.and_then(|stated| stated.shape.as_ref()) {
        Some(wanted)
            if wanted.len() != output.shape.len()
                || !wanted.iter().zip(&output.shape).all(agree) =>
        {
            Err(format!(
                "output `{}` has shape {} in the model, but {} in the manifest",
                output.name,
                tensors::show_shape(&output.shape),
                tensors::show_shape(wanted)
            ))
        }
        _ => Ok(()),
    }
}
