//! Instances by themselves, inside of the process: what a host that reuses them
//! may rely on.

use crate::support::answers::cases;
use crate::support::{modules, repository};
use outpost_core::{Datatype, Tensor};
use outpost_package::{Trust, VerifiedModule};
use outpost_sandbox::{Cache, LoadedModule, Sandbox, SandboxOptions};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(60);

fn load(path: &Path) -> LoadedModule {
    let cache = Cache::open(modules::cache()).unwrap();
    let sandbox = Sandbox::new(SandboxOptions::for_one(), Some(cache)).unwrap();
    let module = VerifiedModule::verify(std::fs::read(path).unwrap(), Trust::Unsigned).unwrap();
    sandbox.load(&module, module.manifest().limits).unwrap()
}

/// The inputs of a case, all of them FP32.
fn inputs(case: &Value) -> Vec<Tensor> {
    let inputs = case["request"]["inputs"].as_array().unwrap();
    let floats = |data: &Value| -> Vec<u8> {
        let values = data.as_array().unwrap().iter();
        values.flat_map(|value| (value.as_f64().unwrap() as f32).to_le_bytes()).collect()
    };
    inputs
        .iter()
        .map(|input| Tensor {
            name: input["name"].as_str().unwrap().into(),
            datatype: Datatype::Fp32,
            shape: input["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect(),
            data: floats(&input["data"]),
        })
        .collect()
}

/// What an instance answers does not depend on what it was asked before.
#[track_caller]
fn check_forgets(module: &Path, cases: &[Value]) {
    let module = load(module);
    let fresh = |case| module.infer(&inputs(case), DEADLINE).unwrap();
    let mut warm = module.instantiate().unwrap();
    for case in cases.iter().cycle().take(3 * cases.len().max(2)) {
        assert!(warm.infer(&inputs(case), DEADLINE).unwrap() == fresh(case), "{}", case["name"]);
    }
}

#[test]
fn one_instance_forgets() {
    for name in ["diabetes", "digits"] {
        let cases = cases(&repository(&format!("models/{name}/cases.json")));
        check_forgets(&modules::sample(name), &cases);
    }
}

/// The layers whose business it is to remember.
#[test]
fn one_instance_of_a_recurrent_model_forgets() {
    for name in ["gru", "lstm"] {
        let cases = cases(&repository(&format!("tests/fixtures/{name}.cases.json")));
        check_forgets(&modules::fixture(name), &cases);
    }
}

/// After a caller's fault an instance is as good as before.
#[test]
fn one_instance_survives_a_bad_request() {
    let case = &cases(&repository("models/diabetes/cases.json"))[0];
    let module = load(&modules::sample("diabetes"));
    let mut instance = module.instantiate().unwrap();
    let first = instance.infer(&inputs(case), DEADLINE).unwrap();
    assert!(instance.infer(&[], DEADLINE).is_err());
    let mut wrong = inputs(case);
    wrong[0].shape = vec![u64::MAX, 2];
    assert!(instance.infer(&wrong, DEADLINE).is_err());
    wrong[0].data.clear();
    wrong[0].shape = vec![0, 4];
    assert!(instance.infer(&wrong, DEADLINE).is_err());
    assert!(instance.infer(&inputs(case), DEADLINE).unwrap() == first);
}
