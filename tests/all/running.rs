//! `outpost run`: scoring files without a server, in every format.

use crate::support::answers::{Tolerance, assert_matches, cases};
use crate::support::command::Outcome;
use crate::support::{files, modules, outpost, repository, scratch, write};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

const TOLERANCE: Tolerance = Tolerance { absolute: 1e-3, relative: 1e-4 };

/// Scores standard input with a sample model.
fn run(model: &str, arguments: &[&str], input: &str) -> Outcome {
    let module = modules::sample(model);
    let fixed = ["run", module.to_str().unwrap()];
    outpost(fixed.iter().chain(arguments)).stdin(input).run()
}

fn sample_cases(model: &str) -> Vec<Value> {
    cases(&repository(&format!("models/{model}/cases.json")))
}

/// The rows of all cases of a model with one input of vectors.
fn rows(model: &str) -> Vec<Vec<f64>> {
    let mut rows = Vec::new();
    for case in sample_cases(model) {
        let input = &case["request"]["inputs"][0];
        let width = usize::try_from(input["shape"][1].as_u64().unwrap()).unwrap();
        let data: Vec<f64> =
            input["data"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
        rows.extend(data.chunks(width).map(<[f64]>::to_vec));
    }
    rows
}

fn line<T: ToString>(fields: &[T]) -> String {
    fields.iter().map(T::to_string).collect::<Vec<_>>().join(",") + "\n"
}

/// `features.0,features.1,…`
fn header(width: usize) -> Vec<String> {
    (0..width).map(|index| format!("features.{index}")).collect()
}

/// A table of the wine samples, `times` over.
fn wine_table(times: usize) -> String {
    let rows = rows("wine");
    let body: String = rows.iter().map(|row| line(row)).collect();
    line(&header(13)) + &body.repeat(times)
}

#[test]
fn json_is_one_request_and_its_answer() {
    for case in sample_cases("diabetes") {
        let answer = run("diabetes", &[], &case["request"].to_string()).success();
        let answer = serde_json::from_str(&answer).unwrap();
        assert_matches(&case, &answer, TOLERANCE);
    }
}

#[test]
fn json_faults_are_told_all_at_once() {
    let request = r#"{"inputs": [{"name": "patient", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]},
        {"name": "blood", "datatype": "FP32", "shape": [1], "data": [1]}]}"#;
    run("diabetes", &[], request).failure(1, &["patient", "shape", "blood", "serum", "missing"]);
    run("diabetes", &[], "{").failure(1, &["JSON"]);
    run("diabetes", &[], "").failure(1, &["JSON"]);
}

#[test]
fn the_extension_chooses_the_format() {
    let directory = scratch();
    let case = &sample_cases("wine")[0];
    let record = json!({"features": case["request"]["inputs"][0]["data"]}).to_string();
    for (name, input, first) in [
        ("a.json", case["request"].to_string(), "{\"model_name\""),
        ("a.csv", wine_table(1), "probability.class_0,"),
        ("a.jsonl", record.clone(), "{\"label\""),
        ("a.ndjson", record, "{\"label\""),
    ] {
        let path = write(&directory, name, input);
        let answer = run("wine", &["--input", path.to_str().unwrap()], "").success();
        assert!(answer.starts_with(first), "{name}: {answer}");
    }
}

#[test]
fn columns_are_found_by_name_in_any_order_and_others_carried_over() {
    let rows = rows("wine");
    let plain = run("wine", &["--format", "csv"], &wine_table(1)).success();
    let mut names = header(13);
    names.reverse();
    names.insert(4, "batch number".into());
    let mut table = line(&names);
    for (index, row) in rows.iter().enumerate() {
        let mut fields: Vec<String> = row.iter().rev().map(f64::to_string).collect();
        fields.insert(4, format!("\"no. {index}, red\""));
        table += &line(&fields);
    }
    let answer = run("wine", &["--format", "csv"], &table).success();
    assert_eq!(answer.lines().count(), rows.len() + 1);
    for (index, (with, without)) in answer.lines().zip(plain.lines()).enumerate() {
        let carried = match index {
            0 => "batch number".to_string(),
            index => format!("\"no. {}, red\"", index - 1),
        };
        assert_eq!(with, format!("{carried},{without}"));
    }
    assert_eq!(
        plain.lines().next(),
        Some("probability.class_0,probability.class_1,probability.class_2,label")
    );
}

#[test]
fn columns_of_other_names_are_taken_in_their_order() {
    let expected = run("wine", &["--format", "csv"], &wine_table(1)).success();
    let table = wine_table(1).replace("features.", "column ");
    assert_eq!(run("wine", &["--format", "csv"], &table).success(), expected);
    // Windows' line ends, and no end of line at the end.
    let table = wine_table(1).replace('\n', "\r\n");
    let table = table.trim_end();
    assert_eq!(run("wine", &["--format", "csv"], table).success(), expected);
}

#[test]
fn missing_columns_are_named() {
    let table = wine_table(1).replacen("features.7", "features.x", 1);
    let message = run("wine", &["--format", "csv"], &table).failure(1, &["lacks", "features.7"]);
    assert!(message.contains("hint"), "{message}");
    run("wine", &["--format", "csv"], "").failure(1, &["features.0"]);
}

#[test]
fn bad_fields_are_told_with_line_and_column() {
    let mut lines: Vec<String> = wine_table(1).lines().map(str::to_string).collect();
    let spoil = |line: &mut String, column: usize, text: &str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields[column] = text;
        *line = fields.join(",");
    };
    spoil(&mut lines[1], 2, "a lot");
    spoil(&mut lines[2], 0, "?");
    let words = ["line 2", "`features.2`", "not FP32", "line 3", "`features.0`"];
    let outcome = run("wine", &["--format", "csv"], &lines.join("\n"));
    let message = outcome.failure(1, &words);
    assert!(!message.contains("a lot"), "values are not repeated: {message}");

    let short = format!("{}1,2,3\n", line(&header(13)));
    run("wine", &["--format", "csv"], &short).failure(1, &["line"]);
    let many = line(&header(13)) + &(line(&["?"; 13]).repeat(50));
    run("wine", &["--format", "csv"], &many).failure(1, &["and 630 more"]);
}

/// An empty field is a number that is missing; the model's answer is its own.
#[test]
fn empty_fields_are_missing_numbers() {
    let mut fields: Vec<String> = vec!["1".into(); 13];
    fields[3].clear();
    let table = line(&header(13)) + &line(&fields);
    let answer = run("wine", &["--format", "csv"], &table).success();
    assert!(answer.ends_with("\n,,,0\n"), "{answer}");
    let mut twice = header(13);
    twice[7] = "features.6".into();
    run("wine", &["--format", "csv"], &line(&twice)).failure(1, &["features.6 twice"]);
}

#[test]
fn a_table_without_rows_gives_a_table_without_rows() {
    let answer = run("wine", &["--format", "csv"], &line(&header(13))).success();
    assert_eq!(answer.lines().count(), 1);
}

#[test]
fn several_inputs_are_columns_of_their_names() {
    let case = &sample_cases("diabetes")[0];
    let (mut names, mut fields) = (Vec::new(), Vec::new());
    for input in case["request"]["inputs"].as_array().unwrap() {
        for (index, value) in input["data"].as_array().unwrap().iter().enumerate() {
            names.push(format!("{}.{index}", input["name"].as_str().unwrap()));
            fields.push(value.to_string());
        }
    }
    let table = line(&names) + &line(&fields);
    let answer = run("diabetes", &["--format", "csv"], &table).success();
    let (head, row) = answer.trim_end().split_once('\n').unwrap();
    assert_eq!(head, "progression,interval.0,interval.1");
    let given: Vec<f64> = row.split(',').map(|field| field.parse().unwrap()).collect();
    let outputs = &case["response"]["outputs"];
    let wanted = [&outputs[0]["data"][0], &outputs[1]["data"][0], &outputs[1]["data"][1]];
    for (given, wanted) in given.iter().zip(wanted) {
        assert!((given - wanted.as_f64().unwrap()).abs() < 0.01, "{given} {wanted}");
    }
}

#[test]
fn the_size_of_a_batch_changes_nothing() {
    // More rows than a batch, and not a multiple of it.
    let table = wine_table(101);
    let one = run("wine", &["--format", "csv", "--batch", "1"], &table).success();
    let many = run("wine", &["--format", "csv", "--batch", "256"], &table).success();
    assert_eq!(one.lines().count(), 101 * rows("wine").len() + 1);
    assert_eq_closely(&one, &many);
}

/// The same but for the last digits, which depend on how sums are grouped.
#[track_caller]
fn assert_eq_closely(one: &str, many: &str) {
    for (number, (one, many)) in one.lines().zip(many.lines()).enumerate() {
        for (a, b) in one.split(',').zip(many.split(',')) {
            let same = match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(a), Ok(b)) => (a - b).abs() <= 1e-6 + 1e-5 * a.abs(),
                _ => a == b,
            };
            assert!(same, "line {}: {one} against {many}", number + 1);
        }
    }
    assert_eq!(one.lines().count(), many.lines().count());
}

#[test]
fn json_lines_are_records_or_requests_and_bad_ones_keep_their_place() {
    let case = &sample_cases("wine")[0];
    let features = &case["request"]["inputs"][0]["data"];
    let record = json!({"features": features}).to_string();
    let request = case["request"].to_string();
    let lines = [
        record.as_str(),
        &request,
        "{\"features\": [1, 2]}",
        &record,
        "not JSON",
        "{\"featurse\": [1]}",
        "",
        "[1, 2]",
        &record,
    ];
    let outcome = run("wine", &["--format", "jsonl"], &lines.join("\n"));
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("4 of 8 lines"), "{}", outcome.stderr);
    let answers: Vec<Value> =
        outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 8);
    for index in [0, 3, 7] {
        assert_eq!(answers[index]["label"], 0, "{}", answers[index]);
        assert_eq!(answers[index]["probability"].as_array().unwrap().len(), 3);
    }
    assert_matches(case, &answers[1], TOLERANCE);
    assert_eq!(answers[2]["violations"][0]["code"], "wrong_size", "{}", answers[2]);
    let codes: Vec<_> =
        answers[5]["violations"].as_array().unwrap().iter().map(|v| &v["code"]).collect();
    assert_eq!(codes, ["unknown", "missing"]);
    for index in [2, 4, 5, 6] {
        assert!(answers[index]["error"].is_string(), "{}", answers[index]);
    }
}

#[test]
fn json_lines_of_nested_tensors() {
    let case = &sample_cases("digits")[0];
    let flat: Vec<&Value> =
        case["request"]["inputs"][0]["data"].as_array().unwrap().iter().collect();
    let nested: Vec<&[&Value]> = flat.chunks(8).collect();
    let lines = format!("{}\n{}\n", json!({"image": flat}), json!({"image": [nested]}));
    let answer = run("digits", &["--format", "jsonl"], &lines).success();
    let (first, second) = answer.trim_end().split_once('\n').unwrap();
    assert_eq!(first, second);
    let answer: Value = serde_json::from_str(first).unwrap();
    assert_eq!(answer["label"], case["response"]["outputs"][1]["data"][0]);
}

#[test]
fn one_bad_line_does_not_spoil_its_batch() {
    let good = json!({"features": rows("wine")[0]}).to_string();
    let mut lines = vec![good.as_str(); 40];
    lines[20] = "{\"features\": \"red\"}";
    let outcome = run("wine", &["--format", "jsonl", "--batch", "16"], &lines.join("\n"));
    assert_eq!(outcome.code, Some(1));
    let failed: Vec<usize> = (outcome.stdout.lines().enumerate())
        .filter(|(_, line)| line.contains("\"error\""))
        .map(|(index, _)| index)
        .collect();
    assert_eq!((failed, outcome.stdout.lines().count()), (vec![20], 40));
}

#[test]
fn shapes_that_vary_need_whole_requests() {
    let case = &sample_cases("denoise")[0];
    let answer = run("denoise", &["--format", "jsonl"], &case["request"].to_string()).success();
    let tolerance = Tolerance { absolute: 1.0, relative: 0.0 };
    assert_matches(case, &serde_json::from_str(&answer).unwrap(), tolerance);
    let outcome = run("denoise", &["--format", "jsonl"], "{\"image\": [1]}");
    assert!(outcome.stdout.contains("send a whole request"), "{outcome:?}");
    run("denoise", &["--format", "csv"], "a\n1\n").failure(1, &["`image`", "vary", "jsonl"]);
}

#[test]
fn answers_go_into_a_file() {
    let directory = scratch();
    let input = write(&directory, "in.csv", wine_table(1));
    let path = directory.path().join("out.csv");
    let arguments = ["--input", input.to_str().unwrap(), "-o", path.to_str().unwrap()];
    assert_eq!(run("wine", &arguments, "").success(), "");
    let expected = run("wine", &["--format", "csv"], &wine_table(1)).success();
    assert_eq!(fs::read_to_string(path).unwrap(), expected);
    assert_eq!(files(directory.path()), ["in.csv", "out.csv"]);
    let absent = ["--input", input.to_str().unwrap(), "-o", "/absent/out.csv"];
    run("wine", &absent, "").failure(1, &["/absent/out.csv"]);
}

/// As root, a file moved over `/dev/null` would ruin the machine.
#[test]
fn a_pipe_or_a_link_is_written_to_not_replaced() {
    let directory = scratch();
    let input = write(&directory, "in.csv", wine_table(1));
    let expected = run("wine", &["--format", "csv"], &wine_table(1)).success();
    let into = |path: &Path| {
        let arguments = ["--input", input.to_str().unwrap(), "-o", path.to_str().unwrap()];
        assert_eq!(run("wine", &arguments, "").success(), "");
    };

    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    into(&pipe);
    assert_eq!(reader.join().unwrap(), expected);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

    let (link, target) = (directory.path().join("link.csv"), directory.path().join("target.csv"));
    fs::write(&target, "before").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    into(&link);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&target).unwrap(), expected);
}

#[test]
fn missing_files_are_named() {
    run("wine", &["--input", "nowhere.csv"], "").failure(1, &["nowhere.csv", "No such file"]);
    outpost(["run", "nowhere.wasm"]).run().failure(1, &["nowhere.wasm", "No such file"]);
}

/// Whoever reads only the first lines does not get a crash to read besides.
#[test]
fn a_reader_that_leaves_early_is_no_crash() {
    let module = modules::sample("wine");
    let call = outpost(["run", module.to_str().unwrap(), "--format", "csv", "--batch", "1"]);
    let mut command = call.command();
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let table = wine_table(500);
    let writer =
        std::thread::spawn(move || drop(std::io::Write::write_all(&mut stdin, table.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
}
