//! Blocks before and after a model, named in a manifest: pictures and texts go in,
//! labels and directions come out, with the numbers of Pillow, tokenizers and ONNX
//! Runtime; what cannot be read is refused, row by row.

use crate::support::answers::{Tolerance, assert_matches, cases};
use crate::support::server::Server;
use crate::support::{modules, outpost, repository};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const CLOSELY: Tolerance = Tolerance { absolute: 1e-5, relative: 1e-5 };

fn bytes(bytes: &[u8]) -> Value {
    json!({"b64": STANDARD.encode(bytes)})
}

fn photos(files: &[Value]) -> Value {
    json!({"inputs": [
        {"name": "photo", "datatype": "BYTES", "shape": [files.len()], "data": files}
    ]})
}

fn texts(texts: &[Value]) -> Value {
    json!({"inputs": [
        {"name": "text", "datatype": "BYTES", "shape": [texts.len()], "data": texts}
    ]})
}

fn picture(name: &str) -> Vec<u8> {
    std::fs::read(repository(&format!("guest/picture/tests/pictures/{name}"))).unwrap()
}

/// The module checks its cases as it is built; here they come over HTTP.
#[test]
fn pictures_and_texts_go_in_as_they_are() {
    let built = ["picture", "text"].map(modules::with_blocks);
    let models = modules::directory_of(&built);
    let server = Server::start(models.path());
    for name in ["picture", "text"] {
        for case in cases(&repository(&format!("tests/fixtures/blocks/{name}/cases.json"))) {
            assert_matches(&case, &server.infer(name, &case["request"]).ok(), CLOSELY);
        }
    }
}

#[test]
fn a_picture_is_a_file_on_the_command_line() {
    let module = modules::with_blocks("picture");
    let photo = repository("guest/picture/tests/pictures/97x61-420.jpg");
    let arguments = ["run", module.to_str().unwrap(), "--input", photo.to_str().unwrap()];
    let answer: Value = serde_json::from_str(&outpost(arguments).run().success()).unwrap();
    let case = &cases(&repository("tests/fixtures/blocks/picture/cases.json"))[0];
    assert_matches(case, &answer, CLOSELY);

    let other = modules::sample("wine");
    let arguments = ["run", other.to_str().unwrap(), "--input", photo.to_str().unwrap()];
    outpost(arguments).run().failure(1, &["one input, BYTES", "inspect"]);
}

/// A PNG of this size, by its header, with nothing behind it.
fn header(width: u32, height: u32) -> Vec<u8> {
    let mut file = picture("1x1.png");
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&crc.to_be_bytes());
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

/// All faults of a request at once, each with its row; the server goes on.
#[test]
fn what_is_no_picture_is_refused_by_row() {
    let models = modules::directory_of(&[modules::with_blocks("picture")]);
    let server = Server::start(models.path());
    let good = picture("97x61-420.jpg");
    let mut corrupt = good.clone();
    let half = corrupt.len() / 2;
    corrupt.truncate(half);
    corrupt[2..20].fill(0xff);
    let request = photos(&[
        bytes(&good),
        bytes(&corrupt),
        json!("not a picture"),
        bytes(&header(30_000, 30_000)),
        json!(""),
        bytes(&good),
    ]);
    let refusal = server.infer("picture", &request).refusal(400, &["row 1", "row 2"]);
    let violations = refusal["violations"].as_array().unwrap();
    let told: Vec<(u64, &str)> = violations
        .iter()
        .map(|violation| {
            assert_eq!(violation["field"], "photo");
            (violation["row"].as_u64().unwrap(), violation["code"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [(1, "malformed"), (2, "malformed"), (3, "too_large"), (4, "malformed")],
        "{refusal}"
    );
    server.infer("picture", &photos(&[bytes(&good)])).ok();
    server.infer("picture", &photos(&[])).refusal(400, &["at least 1"]);
    server.infer("picture", &photos(&[json!({"b64": "???"})])).refusal(400, &["base64"]);
    server.infer("picture", &photos(&[json!({"hex": "00"})])).refusal(400, &["b64"]);
}

#[test]
fn what_is_no_text_is_refused_by_row() {
    let models = modules::directory_of(&[modules::with_blocks("text")]);
    let server = Server::start(models.path());
    let long = "lighthouse ".repeat(1_000_000);
    let request = texts(&[json!("good"), bytes(b"caf\xe9"), json!(long)]);
    let refusal = server.infer("text", &request).refusal(400, &["row 1", "row 2"]);
    let codes: Vec<_> = refusal["violations"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&codes[0]["code"], &codes[1]["code"]),
        (&json!("invalid_text"), &json!("wrong_length"))
    );
    assert!(!refusal.to_string().contains("lighthouse"));
    server.infer("text", &texts(&[json!("good")])).ok();
}

/// Faults in a manifest's blocks are told by number and name, before long work.
#[test]
fn blocks_that_cannot_be_are_refused_at_build() {
    let failure = |more: &str, words: &[&str]| modules::refused("picture", more, words);
    failure("[[before]]\nblock = \"video\"", &["[[before]] number 1", "`video`", "picture"]);
    failure("[[before]]\nsteps = []", &["[[before]] number 1", "`block`"]);
    failure(
        "[[after]]\nblock = \"softmax\"\n[[after]]\nblock = \"top-k\"",
        &["[[after]] number 2", "`k`"],
    );
    failure("[[after]]\nblock = \"softmax\"\naxes = 3", &["[[after]] number 1", "axes"]);
    failure(
        "[[before]]\nblock = \"picture\"\nsteps = [{resize = {width = 9, height = 9}}, {tensor = {}}]",
        &["[[before]] number 1", "24"],
    );
    failure("[[before]]\nblock = \"text\"\nfile = \"nowhere.json\"", &["nowhere.json"]);
}
