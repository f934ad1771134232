//! Guests with code of their own, those of `guest/examples/`: one around an
//! ONNX model, one without any, each built, run and served like any other.

use crate::support::answers::cases;
use crate::support::server::Server;
use crate::support::{guests, modules, outpost, repository, scratch};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Builds an example by its manifest.
fn example(name: &str, guest: &str, directory: &Path) -> PathBuf {
    modules::warm_up();
    let manifest = repository(&format!("guest/examples/{name}/manifest.toml"));
    let module = directory.join(format!("{name}.wasm"));
    let arguments = ["build", manifest.to_str().unwrap(), "--guest", guest, "-o"];
    outpost(arguments.into_iter().chain([module.to_str().unwrap()])).run().success();
    module
}

fn ask(module: &Path, request: &Value) -> Value {
    let answer = outpost(["run", module.to_str().unwrap()]).stdin(request.to_string()).run();
    serde_json::from_str(&answer.success()).unwrap()
}

/// Weight and height that give the body mass index of the model's own cases
/// must give its answers.
#[test]
fn a_guest_around_a_model_feeds_it() {
    let directory = scratch();
    let module = example("body_mass_index", guests::BODY_MASS_INDEX, directory.path());
    let case = &cases(&repository("models/diabetes/cases.json"))[0];
    let [patient, serum] = &case["request"]["inputs"].as_array().unwrap()[..] else { panic!() };
    let [age, sex, bmi, pressure] = &patient["data"].as_array().unwrap()[..] else { panic!() };
    let (weight, height) = (bmi.as_f64().unwrap() * 4.0, 2.0);
    let request = |height: f64| {
        json!({"inputs": [serum, {"name": "person", "shape": [1, 5], "datatype": "FP32",
            "data": [age, sex, weight, height, pressure]}]})
    };

    let direct = ask(&modules::sample("diabetes"), &case["request"]);
    assert_eq!(ask(&module, &request(height))["outputs"], direct["outputs"]);

    // What it refuses, it refuses by row.
    let models = modules::directory_of(&[module]);
    let server = Server::start(models.path());
    let refusal = server.infer("body-mass-index", &request(170.0)).refusal(400, &["row 0"]);
    let violation = &refusal["violations"][0];
    assert_eq!(
        (&violation["field"], &violation["row"], &violation["code"]),
        (&json!("person"), &json!(0), &json!("out_of_range")),
    );
    // What the model inside refuses is told as well.
    let mut longer = request(height);
    longer["inputs"][0]["shape"] = json!([2, 6]);
    let data = [&serum["data"], &serum["data"]].map(|data| data.as_array().unwrap().clone());
    longer["inputs"][0]["data"] = json!(data.concat());
    server.infer("body-mass-index", &longer).refusal(400, &["dimension 0"]);
    assert_eq!(
        server.infer("body-mass-index", &request(height)).ok()["outputs"],
        direct["outputs"]
    );
}

#[test]
fn a_guest_without_a_model_is_one() {
    let directory = scratch();
    let module = example("frost_warning", guests::FROST_WARNING, directory.path());
    let request = json!({"inputs": [{"name": "weather", "shape": [2, 2], "datatype": "FP32",
        "data": [[-4, 90], [15, 60]]}]});
    let answer = ask(&module, &request);
    let data: Vec<f64> = serde_json::from_value(answer["outputs"][0]["data"].clone()).unwrap();
    // By the formula, in double precision.
    for ((t, h), given) in [(-4.0, 90.0), (15.0, 60.0)].into_iter().zip(data) {
        let gamma = f64::ln(h / 100.0) + 17.62 * t / (243.12 + t);
        let expected = 1.0 / (1.0 + (243.12 * gamma / (17.62 - gamma) + 0.15 * t).exp());
        assert!((given - expected).abs() < 1e-5, "{given} instead of {expected}");
    }
}

#[test]
fn a_guest_around_a_model_needs_one() {
    let directory = scratch();
    let manifest = crate::support::write(&directory, "manifest.toml", "name = \"lonely\"\n");
    let arguments = ["build", manifest.to_str().unwrap(), "--guest", guests::BODY_MASS_INDEX];
    outpost(arguments).directory(directory.path()).run().failure(1, &["around a model", "`model`"]);
}

/// What `outpost new` lays out passes its own tests, builds and answers.
#[test]
fn a_new_project_builds_as_it_is() {
    modules::warm_up();
    let directory = scratch();
    let model = repository("models/wine/model.onnx");
    let around = ["--around", model.to_str().unwrap()];
    for (name, more) in [("own-mean", &[][..]), ("own-wine", &around[..])] {
        outpost(["new", name].iter().chain(more)).directory(directory.path()).run().success();
        outpost(["new", name]).directory(directory.path()).run().failure(1, &[name, "already"]);
        // One target directory, so that the SDK is compiled once.
        let target = modules::cache().with_file_name("new-projects");
        let project = directory.path().join(name);
        let tested = std::process::Command::new("cargo")
            .args(["test", "--quiet"])
            .current_dir(&project)
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .unwrap();
        assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
        let mut build = outpost(["build", name]).directory(directory.path()).command();
        let built = build.env("CARGO_TARGET_DIR", &target).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    }
    let x = json!({"inputs": [{"name": "x", "shape": [2, 3], "datatype": "FP32",
        "data": [[1, 2, 6], [0, 0, 0]]}]});
    let answer = ask(&directory.path().join("own-mean.wasm"), &x);
    assert_eq!(answer["outputs"][0]["data"], json!([3.0, 0.0]));
    let case = &cases(&repository("models/wine/cases.json"))[0];
    let (wrapped, plain) = (directory.path().join("own-wine.wasm"), modules::sample("wine"));
    assert_eq!(
        ask(&wrapped, &case["request"])["outputs"],
        ask(&plain, &case["request"])["outputs"]
    );
    outpost(["new", "no/good name!"]).directory(directory.path()).run().failure(1, &["name"]);
    let absent = ["new", "fine", "--around", "absent.onnx"];
    outpost(absent).directory(directory.path()).run().failure(1, &["absent.onnx"]);
    assert!(!directory.path().join("fine").exists());
}
