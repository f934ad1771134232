//! Modules to measure, built by the program itself, as a user would.

use crate::generate;
use crate::measure::{Row, seconds};
use outpost_api::rest::decode_request;
use outpost_core::{Datatype, Tensor};
use outpost_package::{Trust, VerifiedModule};
use outpost_sandbox::{Cache, LoadedModule, Sandbox, SandboxOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use tempfile::TempDir;

/// Set for a process that shall be `outpost`.
pub const AS_OUTPOST: &str = "OUTPOST_BENCH_AS_OUTPOST";

/// Another runtime guest to measure, for work on the guest itself.
const GUEST: &str = "OUTPOST_BENCH_GUEST";

/// A directory with models, modules and a cache of compiled code.
pub struct Workshop {
    directory: TempDir,
    sandbox: Sandbox,
}

/// What a bench model is: one of the repository's, or made up of random weights.
fn generated(name: &str) -> Option<Vec<u8>> {
    match name {
        "squeezenet" => Some(generate::squeezenet()),
        "wide" => Some(generate::wide()),
        _ => None,
    }
}

impl Workshop {
    pub fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::open(&directory.path().join("cache")).unwrap();
        let options = SandboxOptions { max_instances: 16, ..SandboxOptions::default() };
        let sandbox = Sandbox::new(options, Some(cache)).unwrap();
        Workshop { directory, sandbox }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The ONNX file of a model.
    pub fn onnx(&self, name: &str) -> PathBuf {
        match generated(name) {
            None => repository().join("models").join(name).join("model.onnx"),
            Some(bytes) => {
                let path = self.path().join(format!("{name}.onnx"));
                if !path.exists() {
                    std::fs::write(&path, bytes).unwrap();
                }
                path
            }
        }
    }

    /// The module of a model, built if need be.
    pub fn module(&self, name: &str) -> PathBuf {
        let path = self.path().join("modules").join(format!("{name}.wasm"));
        if !path.exists() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            self.build(name, &path);
        }
        path
    }

    fn build(&self, name: &str, output: &Path) {
        let manifest = repository().join("models").join(name).join("manifest.toml");
        let source = if manifest.exists() { manifest } else { self.onnx(name) };
        let mut command = self.outpost();
        command.arg("build").arg(source).arg("-o").arg(output);
        if let Some(guest) = std::env::var_os(GUEST) {
            command.arg("--guest").arg(guest);
        }
        let status = command.status();
        assert!(status.unwrap().success(), "{name} cannot be built");
    }

    pub fn load(&self, name: &str) -> LoadedModule {
        self.load_module(&self.module(name))
    }

    /// Builds a model or manifest that lies anywhere.
    pub fn load_file(&self, source: &Path) -> LoadedModule {
        let output = source.with_extension("wasm");
        if !output.exists() {
            let status = self.outpost().arg("build").arg(source).arg("-o").arg(&output).status();
            assert!(status.unwrap().success(), "{} cannot be built", source.display());
        }
        self.load_module(&output)
    }

    fn load_module(&self, path: &Path) -> LoadedModule {
        let bytes = std::fs::read(path).unwrap();
        let module = VerifiedModule::verify(bytes, Trust::Unsigned).unwrap();
        self.sandbox.load(&module, module.manifest().limits).unwrap()
    }

    /// The first reference case, or an image for a generated model.
    pub fn sample(&self, name: &str) -> Vec<Tensor> {
        let cases = repository().join("models").join(name).join("cases.json");
        match std::fs::read(cases) {
            Ok(json) => {
                let cases: serde_json::Value = serde_json::from_slice(&json).unwrap();
                let request = cases["cases"][0]["request"].to_string();
                decode_request(request.as_bytes()).unwrap().inputs
            }
            Err(_) => vec![image(generate::image_shape(name))],
        }
    }

    /// The program with this workshop's cache.
    pub fn outpost(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(AS_OUTPOST, "1").env("OUTPOST_CACHE", self.path().join("cache"));
        command
    }

    /// Time for `outpost build`, once the machine has built something before.
    pub fn build_time(&self, name: &str, what: &str, bar: &str) -> Row {
        self.module("breast-cancer");
        self.onnx(name);
        // A model that was built before is not built again.
        assert!(!self.path().join("modules").join(format!("{name}.wasm")).exists(), "{name}");
        let started = Instant::now();
        self.build(name, &self.path().join("timed.wasm"));
        Row {
            what: format!("outpost build, {what} ({name}), not the first one"),
            measured: seconds(started.elapsed().as_secs_f64()),
            yardstick: String::new(),
            ratio: String::new(),
            bar: bar.into(),
        }
    }
}

fn image(shape: Vec<u64>) -> Tensor {
    let elements = shape.iter().product::<u64>();
    let data = (0..elements).flat_map(|i| ((i % 251) as f32 / 251.0).to_le_bytes()).collect();
    Tensor { name: "image".into(), datatype: Datatype::Fp32, shape, data }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
