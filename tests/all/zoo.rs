//! The models of `tests/zoo/`, files as exporters write them: each must build
//! as it is, without a manifest, and agree with ONNX Runtime on 200 rows.

use crate::support::answers::{Tolerance, assert_matches, cases};
use crate::support::{files, modules, outpost, repository, scratch};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Models whose numbers depend on the order of sums more than others' do.
const LOOSELY: &[(&str, Tolerance, &str)] = &[
    ("power_box_cox", WITHIN_A_THOUSANDTH, "its Scaler multiplies rounding by 9"),
    ("power_yeo_johnson", WITHIN_A_THOUSANDTH, "its Scaler multiplies rounding by 6129"),
    ("svr_linear", WITHIN_A_THOUSANDTH, "ONNX Runtime itself is 1.3e-5 off double precision"),
    ("text_char_bayes", WITHIN_A_THOUSANDTH, "the exponential of a large log-likelihood"),
    ("torch_cnn_fp16", OF_HALVES, "sums of many products in half precision"),
    ("torch_cnn_fp16_inside", OF_HALVES, "the same"),
    ("torch_cnn_qdq", WITHIN_TWO_STEPS, "a sum on the edge between two steps of its quantisation"),
    ("torch_cnn_qdq_channel", WITHIN_TWO_STEPS, "the same"),
    (
        "torch_lstm_dynamic",
        WITHIN_TWO_STEPS,
        "scales by the whole request; ONNX Runtime differs too",
    ),
    ("torch_transformer_dynamic", WITHIN_TWO_STEPS, "the same"),
];

/// tract sums the products of a convolution in halves, of which a step between 8 and
/// 16 is 0.008; ONNX Runtime sums in single precision.
const OF_HALVES: Tolerance = Tolerance { absolute: 0.05, relative: 2e-3 };

const WITHIN_A_THOUSANDTH: Tolerance = Tolerance { absolute: 1e-3, relative: 1e-3 };

/// A step of the quantised networks is 0.106 of outputs up to 15. ONNX Runtime's
/// own answers, with and without fusing, are as far from each other.
const WITHIN_TWO_STEPS: Tolerance = Tolerance { absolute: 0.22, relative: 0.0 };

/// What the issue of numbers asks for: 1e-5 of the expected value; the absolute
/// part is for values that are differences of larger ones.
const CLOSELY: Tolerance = Tolerance { absolute: 1e-5, relative: 1e-5 };

#[test]
fn every_export_builds_and_agrees() {
    let zoo = repository("tests/zoo");
    let names: VecDeque<String> =
        files(&zoo).into_iter().filter(|name| zoo.join(name).join("model.onnx").exists()).collect();
    assert!(names.len() > 200, "{} models", names.len());

    let cache = Cache::open();
    let waiting = Mutex::new(names);
    let faults = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(name) = { waiting.lock().unwrap().pop_front() } {
                    if let Err(fault) = check(&zoo.join(&name), &name, &cache) {
                        faults.lock().unwrap().insert(name, fault);
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    let told: String = faults.iter().map(|(name, fault)| format!("{name}: {fault}\n")).collect();
    assert!(faults.is_empty(), "{} models fail:\n{told}", faults.len());
}

/// Builds a model and asks it its cases.
fn check(directory: &Path, name: &str, cache: &Cache) -> Result<(), String> {
    let work = scratch();
    let module = work.path().join("module.wasm");
    let module = module.to_str().unwrap();
    let model = directory.join("model.onnx");
    let outcome =
        outpost(["build", model.to_str().unwrap(), "-o", module]).cache(&cache.path).run();
    if outcome.code != Some(0) {
        return Err(outcome.stderr);
    }
    let cases = cases(&directory.join("cases.json"));
    let lines: String = cases.iter().map(|case| format!("{}\n", case["request"])).collect();
    let outcome =
        outpost(["run", module, "--format", "jsonl"]).cache(&cache.path).stdin(lines).run();
    cache.forget_modules();
    if outcome.code != Some(0) {
        return Err(format!("{}{}", outcome.stdout, outcome.stderr));
    }
    let tolerance = LOOSELY.iter().find(|entry| entry.0 == name).map_or(CLOSELY, |entry| entry.1);
    let answers: Vec<Value> =
        outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    for (case, answer) in cases.iter().zip(&answers) {
        catch_unwind(AssertUnwindSafe(|| assert_matches(case, answer, tolerance))).map_err(
            |panic| panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "it differs".into()),
        )?;
    }
    Ok(())
}

/// Compiled code of the runtime, kept from run to run, and of modules, which
/// are megabytes each and asked only once.
struct Cache {
    path: PathBuf,
    kept: BTreeSet<String>,
}

impl Cache {
    fn open() -> Self {
        let path = modules::cache().with_file_name("zoo-cache");
        let work = scratch();
        let output = work.path().join("wine.wasm");
        let source = repository("models/wine/manifest.toml");
        let arguments = ["build", source.to_str().unwrap(), "-o", output.to_str().unwrap()];
        outpost(arguments).cache(&path).run().success();
        let kept = files(&path).into_iter().collect();
        Cache { path, kept }
    }

    fn forget_modules(&self) {
        for file in files(&self.path) {
            if file.contains(".cwasm") && !self.kept.contains(&file) {
                let _ = std::fs::remove_file(self.path.join(file));
            }
        }
    }
}
