//! What `outpost build` says when it cannot build: one clear message, an exit
//! code, and no file.

use crate::support::{files, modules, outpost, repository, scratch, write};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Builds what `prepare` puts into a directory, which must fail with `words`,
/// and leave the directory as it was.
#[track_caller]
fn check(code: i32, words: &[&str], prepare: impl FnOnce(&TempDir) -> String) -> String {
    let directory = scratch();
    let source = prepare(&directory);
    let before = files(directory.path());
    let message = outpost(["build", &source, "-o", "out.wasm"])
        .directory(directory.path())
        .run()
        .failure(code, words);
    assert_eq!(files(directory.path()), before);
    message
}

/// The same for a manifest over the model `two_inputs_two_outputs`.
#[track_caller]
fn check_manifest(code: i32, words: &[&str], manifest: &str) -> String {
    check(code, words, |directory| {
        let fixtures = repository("tests/fixtures");
        fs::copy(fixtures.join("two_inputs_two_outputs.onnx"), directory.path().join("model.onnx"))
            .unwrap();
        write(directory, "manifest.toml", manifest);
        "manifest.toml".into()
    })
}

fn copy(directory: &TempDir, fixture: &str) -> String {
    let from = repository("tests/fixtures").join(fixture);
    fs::copy(from, directory.path().join(fixture)).unwrap();
    fixture.into()
}

#[test]
fn missing_files_are_named() {
    check(1, &["nowhere.onnx", "No such file"], |_| "nowhere.onnx".into());
    check(1, &["nowhere.toml", "No such file"], |_| "nowhere.toml".into());
    check(1, &["absent.onnx", "No such file", "hint"], |directory| {
        write(directory, "manifest.toml", "name = \"a\"\nmodel = \"absent.onnx\"\n");
        "manifest.toml".into()
    });
    check_manifest(1, &["absent.json"], "name = \"a\"\n[reference]\ncases = \"absent.json\"\n");
    check(1, &["."], |_| ".".into());
}

#[test]
fn what_is_not_onnx_is_refused() {
    modules::warm_up();
    let text = "This is a letter, not a model. ".repeat(40);
    for content in [text.as_bytes(), b"", b"\0asm\x01\0\0\0", &[0xff; 1000]] {
        check(1, &["letter.onnx", "not an ONNX model"], |directory| {
            write(directory, "letter.onnx", content);
            "letter.onnx".into()
        });
    }
}

#[test]
fn truncated_onnx_is_refused_wherever_it_ends() {
    modules::warm_up();
    let whole = fs::read(repository("models/wine/model.onnx")).unwrap();
    for length in [1, whole.len() / 4, whole.len() / 2, whole.len() - 1] {
        check(1, &["cut.onnx"], |directory| {
            write(directory, "cut.onnx", &whole[..length]);
            "cut.onnx".into()
        });
    }
}

#[test]
fn unsupported_operators_are_named_with_their_nodes() {
    modules::warm_up();
    check(1, &["com.example.FancyOp", "`fancy_1`", "not supported"], |directory| {
        copy(directory, "unsupported_op.onnx")
    });
}

/// With the weights beside it and without: a module is made of one file.
#[test]
fn external_data_are_refused() {
    modules::warm_up();
    for beside in [true, false] {
        check(1, &["external_data.onnx", "external"], |directory| {
            if beside {
                copy(directory, "external_data.bin");
            }
            copy(directory, "external_data.onnx")
        });
    }
}

#[test]
fn manifests_show_the_line_of_a_fault() {
    check_manifest(
        1,
        &["manifest.toml", "line 2", "nmae", "unknown field"],
        "name = \"a\"\nnmae = \"b\"\n",
    );
    check_manifest(1, &["line 3", "memory"], "name = \"a\"\n[limits]\nmemory = 3\n");
    check_manifest(
        1,
        &["line 3", "memory_mib", "invalid type"],
        "name = \"a\"\n[limits]\nmemory_mib = \"3\"\n",
    );
    check_manifest(1, &["line 1", "invalid type"], "name = 7\n");
    check_manifest(1, &["line 1"], "name = \n");
    check_manifest(1, &["missing field `name`"], "version = \"1.0.0\"\n");
    check_manifest(1, &["line 2"], "name = \"a\"\nname = \"b\"\n");
    check_manifest(
        1,
        &["line 4", "relativ"],
        "name = \"a\"\n[reference]\ncases = \"c\"\nrelativ = 1\n",
    );
}

#[test]
fn manifests_tell_every_fault_at_once() {
    check_manifest(
        1,
        &[
            "`name`",
            "`version`",
            "`x` stands there twice",
            "FLOAT",
            "FP32",
            "an extent",
            "`limits.memory_mib`",
            "`limits.deadline_ms`",
            "`limits.body_mib`",
            "tolerance",
        ],
        "name = \"no spaces\"\nversion = \"one\"\n\
         [[inputs]]\nname = \"x\"\ndatatype = \"FLOAT\"\n\
         [[inputs]]\nname = \"x\"\nshape = [-2]\n\
         [limits]\nmemory_mib = 5000\ndeadline_ms = 0\nbody_mib = 0\n\
         [reference]\ncases = \"c.json\"\nabsolute = -1.0\n",
    );
}

#[test]
fn manifests_must_agree_with_the_model() {
    modules::warm_up();
    let cases: [(&str, &[&str]); 6] = [
        ("[[inputs]]\nname = \"imaginary\"\n", &["`imaginary`", "`real`", "`whole`"]),
        ("[[outputs]]\nname = \"product\"\n", &["`product`", "`sum`", "`greater`"]),
        ("[[inputs]]\nname = \"real\"\ndatatype = \"FP64\"\n", &["`real`", "FP32", "FP64"]),
        ("[[outputs]]\nname = \"sum\"\ndatatype = \"INT8\"\n", &["`sum`", "FP32", "INT8"]),
        ("[[inputs]]\nname = \"real\"\nshape = [-1, 3]\n", &["`real`", "2", "3"]),
        ("[[inputs]]\nname = \"real\"\nshape = [-1]\n", &["`real`", "dimensions"]),
    ];
    for (more, words) in cases {
        check_manifest(1, words, &format!("name = \"a\"\n{more}"));
    }
}

/// A case with another answer than the model gives.
fn mismatch(change: impl FnOnce(&mut Value)) -> String {
    let path = repository("tests/fixtures/two_inputs_two_outputs.cases.json");
    let mut file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    change(&mut file["cases"][1]["response"]["outputs"]);
    file.to_string()
}

#[test]
fn answers_other_than_the_references_are_not_written() {
    modules::warm_up();
    let manifest = "name = \"a\"\n[reference]\ncases = \"cases.json\"\n";
    let check = |code: i32, words: &[&str], cases: &str| {
        check(code, words, |directory| {
            let model = copy(directory, "two_inputs_two_outputs.onnx");
            write(directory, "manifest.toml", format!("model = \"{model}\"\n{manifest}"));
            write(directory, "cases.json", cases);
            "manifest.toml".into()
        })
    };
    let number = |outputs: &mut Value| {
        let element = &mut outputs[0]["data"][1];
        *element = (element.as_f64().unwrap() + 0.25).into();
    };
    let message = check(
        3,
        &["output `sum`", "element 1", "off by 2.5", "nothing was written"],
        &mismatch(number),
    );
    assert!(!message.contains("`greater`"), "{message}");
    let boolean = |outputs: &mut Value| {
        let element = &mut outputs[1]["data"][0];
        *element = (!element.as_bool().unwrap()).into();
    };
    check(3, &["output `greater`", "element 0"], &mismatch(boolean));
    check(3, &["output `other`"], &mismatch(|outputs| outputs[0]["name"] = "other".into()));
    check(
        3,
        &["output `sum`", "FP64"],
        &mismatch(|outputs| outputs[0]["datatype"] = "FP64".into()),
    );

    check(1, &["reference cases", "line 1"], "{");
    check(1, &["reference cases", "not a single case"], "{\"cases\": []}");
    check(1, &["reference cases", "unknown field"], "{\"cases\": [], \"more\": 1}");
}

#[test]
fn sixty_four_bits_are_compared_to_the_last() {
    modules::warm_up();
    let path = repository("tests/fixtures/type_int64.cases.json");
    let cases = fs::read_to_string(path).unwrap();
    // One more, where a double sees no difference.
    let wrong = cases.replace("9007199254740994", "9007199254740995");
    assert_ne!(cases, wrong);
    check(3, &["output `next`"], |directory| {
        let model = copy(directory, "type_int64.onnx");
        write(
            directory,
            "manifest.toml",
            format!(
                "name = \"a\"\nmodel = \"{model}\"\n[reference]\ncases = \"cases.json\"\nrelative = 0.0\n"
            ),
        );
        write(directory, "cases.json", &wrong);
        "manifest.toml".into()
    });
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    modules::warm_up();
    let manifest = repository("models/wine/manifest.toml");
    let manifest = manifest.to_str().unwrap();
    outpost(["build", manifest, "-o", "absent/wine.wasm"])
        .directory(scratch().path())
        .run()
        .failure(1, &["absent/wine.wasm"]);
    let directory = scratch();
    fs::create_dir(directory.path().join("wine.wasm")).unwrap();
    outpost(["build", manifest]).directory(directory.path()).run().failure(1, &["wine.wasm"]);
    assert_eq!(files(directory.path()), ["wine.wasm"]);
}

/// Without a manifest the file's name becomes the model's, made fit.
#[test]
fn a_model_alone_takes_its_name_from_the_file() {
    modules::warm_up();
    let build = |file: &str| {
        let directory = scratch();
        let source = directory.path().join(file);
        fs::copy(repository("tests/fixtures/scalar_output.onnx"), &source).unwrap();
        outpost(["build", "--", file]).directory(directory.path()).run().success();
        let mut made = files(directory.path());
        made.retain(|name| name != file);
        made
    };
    assert_eq!(build("Größe von Ähren.onnx"), ["Gr--e-von--hren.wasm"]);
    assert_eq!(build("--+.onnx"), ["model.wasm"]);
}

#[test]
fn guests_that_are_none_are_refused() {
    let core = |text: &str| wat::parse_str(text).unwrap();
    let memory = "(memory (export \"memory\") 1)";
    let cases: [(&[u8], &str); 6] = [
        (b"no wasm at all", "not"),
        (b"\0asm\x01\0\0\0\xff", ""),
        (&core("(module)"), "memory"),
        (&core(&format!("(module {memory})")), "freeze"),
        (&core(&format!("(module (import \"env\" \"clock\" (func)) {memory})")), "env#clock"),
        (
            &core(&format!(
                "(module {memory} (func (export \"freeze\") (result i32) i32.const -4))"
            )),
            "",
        ),
    ];
    for (bytes, word) in cases {
        let directory = scratch();
        write(&directory, "guest.wasm", bytes);
        write(&directory, "manifest.toml", "name = \"a\"\n");
        outpost(["build", "manifest.toml", "--guest", "guest.wasm", "-o", "out.wasm"])
            .directory(directory.path())
            .run()
            .failure(1, &[word]);
        assert!(!Path::new("out.wasm").exists());
    }
}
