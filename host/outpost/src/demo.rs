//! `outpost demo`: what Outpost does, on three real models that the binary
//! carries: builds them, serves them, asks each one something real over HTTP
//! and goes on serving.

use crate::build::build;
use crate::cli::DemoOptions;
use crate::failure::Failure;
use crate::paths;
use crate::progress::Steps;
use crate::recipe::{RUNTIME, Recipe, parse_manifest};
use crate::reference::{self, Case};
use crate::serve::{self, Config};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use outpost_api::rest::{decode_tensors, element_texts};
use outpost_api::{ListenOptions, Listener};
use outpost_core::Tensor;
use outpost_package::{Grants, Manifest};

use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Elements of an answer that are shown.
const SHOWN: usize = 4;

struct Sample {
    manifest: &'static str,
    model: &'static [u8],
    cases: &'static str,
}

macro_rules! sample {
    ($name:literal) => {
        Sample {
            manifest: include_str!(concat!("../../../models/", $name, "/manifest.toml")),
            model: include_bytes!(concat!("../../../models/", $name, "/model.onnx")),
            cases: include_str!(concat!("../../../models/", $name, "/cases.json")),
        }
    };
}

static SAMPLES: [Sample; 3] = [sample!("breast-cancer"), sample!("diabetes"), sample!("digits")];

pub fn main(options: &DemoOptions) -> Result<(), Failure> {
    let runtime = serve::runtime()?;
    // Before the long work, so that a port that is taken is told at once.
    let (listener, address) = runtime.block_on(serve::listen(options.listen))?;
    let directory = tempfile::tempdir().map_err(|error| Failure::new(error.to_string()))?;
    let config = Arc::new(Config::of_directory(directory.path().to_owned()));
    let sandbox = paths::sandbox(&options.cache, config.sandbox())?;

    print("Outpost turns models into sandboxed WebAssembly modules and serves them.\n\n")?;
    let mut asked = Vec::new();
    for sample in &SAMPLES {
        let manifest = parse_manifest(Path::new("manifest.toml"), sample.manifest)?;
        let recipe = Recipe {
            guest: None,
            files: Vec::new(),
            manifest,
            model: sample.model.to_vec(),
            references: Some(sample.cases.as_bytes().to_vec()),
        };
        let steps = Steps::new(recipe.manifest.name.clone());
        let (module, _) = build(&sandbox, &recipe, RUNTIME, Grants::NONE, &steps)?;
        let path = directory.path().join(format!("{}.wasm", recipe.manifest.name));
        paths::write(&path, module.bytes())?;
        let cases = reference::parse(sample.cases.as_bytes()).map_err(Failure::new)?;
        steps.done(&format!(
            "built, {} reference cases agree with ONNX Runtime: {}",
            cases.len(),
            path.display()
        ));
        asked.extend(cases.into_iter().next().map(|case| (module.manifest().clone(), case)));
    }

    runtime.block_on(async {
        let router = outpost_api::rest::router(serve::open(sandbox, &config)?);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(outpost_api::serve(
            Listener::Tcp(listener),
            router,
            ListenOptions::default(),
            async { drop(stopped.await) },
        ));
        for (manifest, case) in &asked {
            ask(address, manifest, case).await?;
        }
        if !options.once {
            print(&format!("Serving on http://{address} until Ctrl-C. See also:\n  curl http://{address}/v2/models/digits\n"))?;
            serve::shutdown()?.await;
        }
        drop(stop);
        served.await.map_err(|error| Failure::new(error.to_string()))?;
        Ok(())
    })
}

/// Sends a real sample and shows question, answer and the matching command.
async fn ask(address: SocketAddr, manifest: &Manifest, case: &Case) -> Result<(), Failure> {
    let path = format!("/v2/models/{}/infer", manifest.name);
    let started = Instant::now();
    let outputs = post(address, &path, &case.request_json).await?;
    let elapsed = started.elapsed();

    let mut text = format!("\n── {}: {}\n", manifest.name, manifest.description);
    let _ = writeln!(text, "question  {}", case.name);
    for input in &case.request.inputs {
        text += &picture(input);
    }
    let mut label = "answer";
    for output in &outputs {
        let _ = writeln!(text, "{label:<9} {}", describe(output, manifest));
        label = "";
    }
    let _ = writeln!(text, "in        {} µs, a sandbox of its own included", elapsed.as_micros());
    let _ = writeln!(
        text,
        "yourself  curl http://{address}{path} -d '{}'\n",
        without_spaces(&case.request_json)
    );
    print(&text)
}

/// A small greyscale picture is better looked at than read.
fn picture(input: &Tensor) -> String {
    let [1, 1, height, width] = *input.shape.as_slice() else { return String::new() };
    let Some(values) = input.to_f64().filter(|_| height <= 32 && width <= 32) else {
        return String::new();
    };
    let most = values.iter().copied().fold(1e-9, f64::max);
    let shade = |value: &f64| match value / most {
        share if share < 0.2 => "  ",
        share if share < 0.4 => "░░",
        share if share < 0.6 => "▒▒",
        share if share < 0.8 => "▓▓",
        _ => "██",
    };
    let width = usize::try_from(width).unwrap_or(1).max(1);
    values
        .chunks(width)
        .map(|row| format!("          {}\n", row.iter().map(shade).collect::<String>()))
        .collect()
}

/// `label: malignant`, or the most probable of several.
fn describe(output: &Tensor, manifest: &Manifest) -> String {
    let labels = (manifest.outputs.iter())
        .find(|spec| spec.name == output.name)
        .map_or(&[][..], |spec| &spec.labels);
    let values = output.to_f64().unwrap_or_default();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // an index of a label
    if let ([index], true) = (values.as_slice(), labels.len() > 1)
        && let Some(label) = labels.get(*index as usize)
    {
        return format!("{}: {label}", output.name);
    }
    if labels.len() == values.len() && !labels.is_empty() {
        let mut ranked: Vec<_> = labels.iter().zip(&values).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(a.1));
        let shown: Vec<_> = (ranked.iter().take(SHOWN))
            .map(|(label, value)| format!("{label} {value:.4}"))
            .collect();
        return format!("{}: {}", output.name, shown.join(", "));
    }
    let texts = element_texts(output).unwrap_or_default();
    format!("{}: {}", output.name, texts.join(", "))
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    outputs: &'a RawValue,
}

async fn post(address: SocketAddr, path: &str, body: &str) -> Result<Vec<Tensor>, Failure> {
    let fault = |error: &dyn std::fmt::Display| Failure::new(format!("{path}: {error}"));
    let stream = TcpStream::connect(address).await.map_err(|e| fault(&e))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|e| fault(&e))?;
    let connection = tokio::spawn(connection);
    let request = hyper::Request::post(path)
        .header("host", address.to_string())
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(|e| fault(&e))?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(|e| fault(&e))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|e| fault(&e))?.to_bytes();
        if !status.is_success() {
            return Err(fault(&format!("{status}: {}", String::from_utf8_lossy(&body))));
        }
        let answer: Answer<'_> = serde_json::from_slice(&body).map_err(|e| fault(&e))?;
        decode_tensors(answer.outputs.get()).map_err(|e| fault(&e))
    };
    let outputs = tokio::time::timeout(Duration::from_secs(60), answered)
        .await
        .map_err(|_| fault(&"no answer within a minute"))?;
    connection.abort();
    outputs
}

/// As compact as it goes, so that it can be pasted.
fn without_spaces(json: &str) -> String {
    serde_json::from_str::<serde_json::Value>(json)
        .map_or_else(|_| json.to_string(), |value| value.to_string())
}

fn print(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout();
    (output.write_all(text.as_bytes()))
        .and_then(|()| output.flush())
        .map_err(|error| Failure::new(format!("standard output: {error}")))
}
