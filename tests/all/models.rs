//! The models of `models/`: each of them is built, says what it is, and gives
//! ONNX Runtime's answers over HTTP.

use crate::support::answers::{Tolerance, assert_matches, cases};
use crate::support::{Server, modules, outpost, repository};
use serde_json::{Value, json};

const MODELS: [&str; 5] = ["breast-cancer", "denoise", "diabetes", "digits", "wine"];

#[track_caller]
fn inspect(name: &str) -> Value {
    let module = modules::sample(name);
    let json = outpost(["inspect", "--json", module.to_str().unwrap()]).run().success();
    serde_json::from_str(&json).unwrap()
}

#[test]
fn every_folder_is_tested() {
    let entries = std::fs::read_dir(repository("models")).unwrap().flatten();
    let mut found: Vec<_> = (entries.filter(|entry| entry.path().join("manifest.toml").exists()))
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, MODELS);
}

#[test]
fn each_says_what_it_is() {
    for name in MODELS {
        let report = inspect(name);
        assert_eq!(report["name"], name);
        assert_eq!(report["version"], "1.0.0");
        assert_eq!(report["imports"], json!([]));
        let digest = report["digest"].as_str().unwrap();
        assert!(digest.starts_with("sha256:") && digest.len() == 7 + 64, "{digest}");
        let size = std::fs::metadata(modules::sample(name)).unwrap().len();
        assert_eq!(report["size"], size);
        let file = cases(&repository(&format!("models/{name}/cases.json")));
        assert_eq!(report["reference_cases"], file.len());
        let first = &file[0];
        for (what, tensors) in
            [("inputs", &first["request"]["inputs"]), ("outputs", &first["response"]["outputs"])]
        {
            let specs = report["manifest"][what].as_array().unwrap();
            let tensors = tensors.as_array().unwrap();
            assert_eq!(specs.len(), tensors.len(), "{name}: {what}");
            for (spec, tensor) in specs.iter().zip(tensors) {
                assert_eq!(spec["name"], tensor["name"], "{name}");
                assert_eq!(spec["datatype"], tensor["datatype"], "{name}");
                let (shape, rank) = (spec["shape"].as_array().unwrap(), tensor["shape"].as_array());
                assert_eq!(shape.len(), rank.unwrap().len(), "{name}");
                assert_eq!(shape[0], -1, "{name}: the batch varies");
            }
        }
    }
}

#[test]
fn each_gives_the_answers_of_onnx_runtime() {
    let directory = modules::directory_of(&MODELS.map(modules::sample));
    let server = Server::start(directory.path());
    for name in MODELS {
        let report = inspect(name);
        let tolerance = Tolerance {
            absolute: report["manifest"]["tolerance"]["absolute"].as_f64().unwrap(),
            relative: report["manifest"]["tolerance"]["relative"].as_f64().unwrap(),
        };
        for case in cases(&repository(&format!("models/{name}/cases.json"))) {
            let answer = server.infer(name, &case["request"]).ok();
            assert_eq!(answer["model_name"], name);
            assert_eq!(answer["model_version"], "1.0.0");
            assert_matches(&case, &answer, tolerance);
        }
    }
}
