//! `outpost build`: a model becomes a module, and is written only if it gives
//! the answers that its manifest promises.

use crate::cli::BuildOptions;
use crate::failure::Failure;
use crate::log;
use crate::paths;
use crate::progress::Steps;
use crate::recipe::{RUNTIME, Recipe};
use crate::reference;
use outpost_core::{Signature, TensorSpec};
use outpost_package::{
    Grants, IoSpec, Limits, Manifest, ModuleFile, Trust, VerifiedModule, is_component, seal,
};
use outpost_sandbox::{
    FreezeInput, FreezeStep, LoadedModule, Sandbox, SandboxOptions, join, wraps,
};
use std::path::PathBuf;

/// Exit code where a module does not give the answers that it should.
const REFERENCE_MISMATCH: u8 = 3;

pub fn main(options: &BuildOptions) -> Result<(), Failure> {
    let recipe = Recipe::read(&options.source, options.guest.is_some())?;
    let guest = match &options.guest {
        Some(path) => Some(paths::read(path)?),
        None => recipe.guest.clone(),
    };
    let sandbox = paths::sandbox(&options.cache, SandboxOptions::for_one())?;
    let steps = Steps::new(recipe.manifest.name.clone());
    let name = recipe.manifest.name.clone();
    let grants = options.grants.set();
    log::for_guests(grants)?;
    let guest = guest.as_deref().unwrap_or(RUNTIME);
    let (module, _) = build(&sandbox, &recipe, guest, grants, &steps)
        .map_err(|failure| failure.within(&options.source))?;

    let output = options.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.wasm")));
    paths::write(&output, module.bytes())?;
    steps.done(&format!(
        "wrote {} ({}, {})",
        output.display(),
        indicatif::HumanBytes(module.bytes().len() as u64),
        module.digest()
    ));
    Ok(())
}

/// Freezes, unless the guest is a component already, seals and checks.
pub fn build(
    sandbox: &Sandbox,
    recipe: &Recipe,
    guest: &[u8],
    grants: Grants,
    steps: &Steps,
) -> Result<(VerifiedModule, LoadedModule), Failure> {
    let cases = match &recipe.references {
        Some(json) => reference::parse(json).map_err(|fault| {
            Failure::new(format!("the reference cases cannot be used: {fault}"))
        })?,
        None => Vec::new(),
    };
    let manifest = recipe.manifest.resolve();
    let finished = is_component(guest);
    let component = if finished {
        adopt(recipe, guest)?
    } else {
        freeze(sandbox, recipe, &manifest, guest, steps)?
    };
    let verify = |sealed: Vec<u8>| ModuleFile::read(sealed)?.verify(Trust::Unsigned, grants);

    steps.step("compiling the module");
    let draft = verify(seal(&component, &manifest, None)?)?;
    let generous = Limits { memory_mib: Limits::MAX_MEMORY_MIB, ..manifest.limits };
    let loaded = sandbox.load(&draft, generous)?;
    if finished {
        agree(&manifest, loaded.signature())?;
    }
    let manifest = complete(manifest, loaded.signature());
    let sealed = seal(&component, &manifest, recipe.references.as_deref())?;
    drop(component);
    let module = verify(sealed)?;

    // The same code, so that nothing is compiled again; now with its own limits.
    let loaded = sandbox.load(&module, manifest.limits)?;
    if !cases.is_empty() {
        steps.step(&format!("checking {} reference cases", cases.len()));
        reference::check(&loaded, &cases, manifest.tolerance).map_err(|faults| {
            Failure::new(format!("the module does not give the answers it should:{faults}"))
                .hint("nothing was written; see `[reference]` in the manifest for the tolerance")
                .with_code(REFERENCE_MISMATCH)
        })?;
    }
    Ok((module, loaded))
}

/// A component of any language that is a module already, but for its manifest.
fn adopt(recipe: &Recipe, guest: &[u8]) -> Result<Vec<u8>, Failure> {
    let unused = [
        (!recipe.model.is_empty(), "model"),
        (!recipe.manifest.before.is_empty(), "before"),
        (!recipe.manifest.after.is_empty(), "after"),
        (recipe.manifest.contract.is_some(), "contract"),
    ];
    match unused.into_iter().find(|(stated, _)| *stated) {
        Some((_, key)) => Err(Failure::new(format!(
            "the guest is a finished component, which nothing can be put into: not the manifest's \
             `{key}`"
        ))),
        None => Ok(guest.to_vec()),
    }
}

/// Checks what the author states of inputs and outputs, where no runtime did.
fn agree(manifest: &Manifest, signature: &Signature) -> Result<(), Failure> {
    let sides = [
        ("inputs", &manifest.inputs, &signature.inputs),
        ("outputs", &manifest.outputs, &signature.outputs),
    ];
    for (what, stated, actual) in sides {
        for spec in stated {
            let fault = |fault: String| {
                Err(Failure::new(format!("the manifest's `{what}`, `{}`: {fault}", spec.name)))
            };
            let Some(actual) = actual.iter().find(|actual| actual.name == spec.name) else {
                return fault("the guest describes none of this name".into());
            };
            if spec.datatype.as_ref().is_some_and(|stated| stated != actual.datatype.name()) {
                return fault(format!("the guest describes it as {}", actual.datatype));
            }
            if spec.shape.as_ref().is_some_and(|stated| *stated != actual.shape) {
                return fault(format!("the guest describes its shape as {:?}", actual.shape));
            }
        }
    }
    Ok(())
}

/// The guest with what it carries: an ONNX model, or a model of its own, or,
/// for a guest that stands around one, both.
fn freeze(
    sandbox: &Sandbox,
    recipe: &Recipe,
    manifest: &Manifest,
    guest: &[u8],
    steps: &Steps,
) -> Result<Vec<u8>, Failure> {
    let freeze = |guest: &[u8], manifest: &serde_json::Value, model: &[u8], what: &str| {
        let manifest = manifest.to_string();
        let input =
            FreezeInput { guest, manifest: manifest.as_bytes(), model, files: &recipe.files };
        sandbox.freeze(input, |step| {
            steps.step(&match step {
                FreezeStep::Compile => {
                    "preparing the runtime (takes longer the first time)".to_string()
                }
                FreezeStep::Measure => format!("reading and optimising {what}"),
                FreezeStep::Pack => "packing it".to_string(),
                FreezeStep::Write => "writing the module".to_string(),
            });
        })
    };
    let unwritable = |error| Failure::new(format!("the manifest cannot be written: {error}"));
    let mut outer = serde_json::to_value(manifest).map_err(unwritable)?;
    if !wraps(guest)? {
        return Ok(freeze(guest, &outer, &recipe.model, "the model")?);
    }
    if recipe.model.is_empty() {
        return Err(Failure::new("the guest stands around a model, but there is none")
            .hint("the manifest's `model` names the ONNX file, relative to it"));
    }
    // The inputs and outputs that the manifest describes are the whole module's.
    let inside = Manifest { inputs: Vec::new(), outputs: Vec::new(), ..manifest.clone() };
    let inner = serde_json::to_value(&inside).map_err(unwritable)?;
    let inner = freeze(RUNTIME, &inner, &recipe.model, "the model")?;
    steps.step("compiling the model");
    let described = VerifiedModule::verify(seal(&inner, &inside, None)?, Trust::Unsigned)?;
    let described = sandbox
        .load(&described, Limits { memory_mib: Limits::MAX_MEMORY_MIB, ..manifest.limits })?;
    let inside = complete(inside, described.signature());
    if let Some(outer) = outer.as_object_mut() {
        let specs = serde_json::json!({"inputs": inside.inputs, "outputs": inside.outputs});
        outer.insert("inner".into(), specs);
    }
    let wrapper = freeze(guest, &outer, &[], "the guest around it")?;
    Ok(join(&inner, &wrapper))
}

/// Fills in what the author left to the model.
fn complete(mut manifest: Manifest, signature: &Signature) -> Manifest {
    let fill = |stated: &[IoSpec], specs: &[TensorSpec]| {
        specs
            .iter()
            .map(|spec| {
                let stated = stated.iter().find(|stated| stated.name == spec.name);
                IoSpec {
                    name: spec.name.clone(),
                    datatype: Some(spec.datatype.name().into()),
                    shape: Some(spec.shape.clone()),
                    description: stated.and_then(|stated| stated.description.clone()),
                    labels: stated.map(|stated| stated.labels.clone()).unwrap_or_default(),
                    columns: stated.map(|stated| stated.columns.clone()).unwrap_or_default(),
                }
            })
            .collect()
    };
    manifest.inputs = fill(&manifest.inputs, &signature.inputs);
    manifest.outputs = fill(&manifest.outputs, &signature.outputs);
    manifest
}
