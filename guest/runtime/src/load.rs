//! From the bytes of an ONNX file to a plan that is ready to run: how inputs get their types and symbolic dimensions,
//! what the outputs are.

use crate::extents::Extents;
use crate::manifest::{Manifest, Spec};
use crate::{operators, tensors};
use outpost_guest::{TensorSpec, element_size};
use prost::Message;
use tract_onnx::model::ParseResult;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid, ShapeFactoid};

/// A model that is ready to run.
pub struct Loaded {
    pub state: TypedSimpleState,
    pub extents: Extents,
    pub inputs: Vec<TensorSpec>,
    pub outputs: Vec<TensorSpec>,
}

/// Parses and optimises. Errors are for the person who builds the module.
pub fn load(onnx: Vec<u8>, manifest: &Manifest) -> Result<Loaded, String> {
    let proto = ModelProto::decode(bytes(onnx))
        .map_err(|error| format!("this is not an ONNX model: {error}"))?;
    let graph = proto.graph.as_ref().ok_or("this is not an ONNX model: it holds no graph")?;
    let framework = tract_onnx::onnx();
    operators::check(graph, &framework)?;

    let ParseResult { mut model, unresolved_inputs, .. } = framework
        .parse(&proto, None)
        .map_err(|error| format!("the model cannot be read: {error:#}"))?;
    if !unresolved_inputs.is_empty() {
        return Err(format!(
            "nothing computes these values of the graph: {}",
            unresolved_inputs.join(", ")
        ));
    }
    let output_names: Vec<String> = graph.output.iter().map(|output| output.name.clone()).collect();

    let (inputs, extents) = settle_inputs(&mut model, &manifest.inputs)?;
    operators::check_recurrent(graph, &model)?;
    drop(proto);
    let typed = model
        .into_typed()
        .and_then(|model| model.into_decluttered())
        .map_err(|error| format!("the model cannot be analysed: {error:#}\n{}", FIX_SHAPES))?;
    let outputs = describe_outputs(&typed, &output_names, &manifest.outputs)?;
    let state = typed
        .into_optimized()
        .and_then(|model| model.into_runnable())
        .and_then(|plan| plan.spawn())
        .map_err(|error| format!("the model cannot be optimised: {error:#}"))?;
    Ok(Loaded { state, extents, inputs, outputs })
}

const FIX_SHAPES: &str = "If an input has dimensions that may vary, fix them in the manifest: \
    [[inputs]] with `name` and `shape`, -1 for the batch only.";

fn bytes(onnx: Vec<u8>) -> prost::bytes::Bytes {
    prost::bytes::Bytes::from(onnx)
}

/// Gives each input a datatype and a shape whose open dimensions are symbols:
/// the batch dimension is shared, as requests vary it for all inputs at once.
fn settle_inputs(
    model: &mut InferenceModel,
    specs: &[Spec],
) -> Result<(Vec<TensorSpec>, Extents), String> {
    let outlets = model.input_outlets().map_err(|error| error.to_string())?.to_vec();
    let names: Vec<String> =
        outlets.iter().map(|outlet| model.node(outlet.node).name.clone()).collect();
    unknown_names(specs, &names, "input")?;

    let batch = model.symbols.sym("batch");
    let _ = model.symbols.add_assertion("batch>=1");
    let mut described = Vec::new();
    let mut settled: Vec<Vec<TDim>> = Vec::new();
    for (outlet, name) in outlets.into_iter().zip(names) {
        let spec = specs.iter().find(|spec| spec.name == name);
        let fact = model.outlet_fact(outlet).map_err(|error| error.to_string())?.clone();
        let datum = fact
            .datum_type
            .concretize()
            .ok_or_else(|| format!("input `{name}` has no datatype in the model"))?;
        let datatype = tensors::datatype(datum).ok_or_else(|| {
            format!("input `{name}` has a datatype that requests cannot carry: {datum:?}")
        })?;
        check_datatype(spec, tensors::name(datatype), "input")?;

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
        let mut dims = Vec::with_capacity(rank);
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
                (None, _) => model.symbols.sym(&format!("{}_{axis}", symbol_part(&name))).to_dim(),
            });
        }
        let shape = dims.iter().map(|dim| dim.to_i64().unwrap_or(-1)).collect();
        settled.push(dims.clone());
        let fact = InferenceFact::default()
            .with_datum_type(datum)
            .with_shape(ShapeFactoid::closed(dims.into_iter().map(GenericFactoid::Only).collect()));
        model.set_outlet_fact(outlet, fact).map_err(|error| error.to_string())?;
        described.push(TensorSpec { name, datatype, shape });
    }
    Ok((described, Extents::of(settled.iter().map(Vec::as_slice))))
}

fn symbol_part(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn unknown_names(specs: &[Spec], names: &[String], what: &str) -> Result<(), String> {
    match specs.iter().find(|spec| !names.contains(&spec.name)) {
        Some(spec) => Err(format!(
            "the manifest describes {what} `{}`, but the model has {}",
            spec.name,
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )),
        None => Ok(()),
    }
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

fn describe_outputs(
    model: &TypedModel,
    names: &[String],
    specs: &[Spec],
) -> Result<Vec<TensorSpec>, String> {
    unknown_names(specs, names, "output")?;
    let outlets = model.output_outlets().map_err(|error| error.to_string())?;
    outlets
        .iter()
        .zip(names)
        .map(|(&outlet, name)| {
            let fact = model.outlet_fact(outlet).map_err(|error| error.to_string())?;
            let datatype = tensors::datatype(fact.datum_type).ok_or_else(|| {
                format!(
                    "output `{name}` has a datatype that answers cannot carry: {:?}",
                    fact.datum_type
                )
            })?;
            let spec = specs.iter().find(|spec| &spec.name == name);
            check_datatype(spec, tensors::name(datatype), "output")?;
            let shape: Vec<i64> = fact.shape.iter().map(|dim| dim.to_i64().unwrap_or(-1)).collect();
            if let Some(wanted) = spec.and_then(|spec| spec.shape.as_ref())
                && !(wanted.len() == shape.len()
                    && wanted
                        .iter()
                        .zip(&shape)
                        .all(|(&want, &got)| want < 0 || got < 0 || want == got))
            {
                return Err(format!(
                    "output `{name}` has shape {} in the model, but {} in the manifest",
                    tensors::show_shape(&shape),
                    tensors::show_shape(wanted)
                ));
            }
            Ok(TensorSpec { name: name.clone(), datatype, shape })
        })
        .collect()
}

/// Runs once on zeros, so that whatever is set up lazily is frozen too. A model
/// that does not accept zeros is no error: it starts a little slower.
pub fn warm_up(state: &mut TypedSimpleState, inputs: &[TensorSpec]) {
    let zeros: Option<TVec<TValue>> = inputs
        .iter()
        .map(|spec| {
            element_size(spec.datatype)?;
            let shape: Vec<usize> =
                spec.shape.iter().map(|&extent| usize::try_from(extent).unwrap_or(1)).collect();
            Tensor::zero_dt(tensors::datum_type(spec.datatype)?, &shape).ok().map(TValue::from)
        })
        .collect();
    if let Some(zeros) = zeros {
        let _ = state.run(zeros);
        let _ = state.reset_turn();
    }
}
