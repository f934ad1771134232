//! The data contract: what a request breaks is refused, flagged, replaced or not
//! answered, as the manifest says, never repeating a value; and a table is enough to
//! guess one from.

use crate::support::answers::{Tolerance, assert_matches, cases};
use crate::support::server::Server;
use crate::support::{modules, outpost, repository, scratch, write};
use serde_json::{Value, json};

const CLOSELY: Tolerance = Tolerance { absolute: 1e-5, relative: 1e-5 };

/// Penguins as clients describe them; a column can be changed or left out.
struct Penguins(Vec<(&'static str, Vec<Value>)>);

impl Penguins {
    /// Two of Gentoo.
    fn two() -> Self {
        Penguins(vec![
            ("bill_length_mm", vec![json!(46.1), json!(50.0)]),
            ("bill_depth_mm", vec![json!(13.2), json!(16.3)]),
            ("flipper_length_mm", vec![json!(211.0), json!(230.0)]),
            ("body_mass_g", vec![json!(4500.0), json!(5700.0)]),
            ("island", vec![json!("Biscoe"), json!("Biscoe")]),
            ("sex", vec![json!("female"), json!("male")]),
        ])
    }

    fn with(mut self, name: &str, row: usize, value: Value) -> Self {
        self.0.iter_mut().find(|(column, _)| *column == name).unwrap().1[row] = value;
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(column, _)| *column != name);
        self
    }

    fn request(&self) -> Value {
        let input = |(name, data): &(&str, Vec<Value>)| {
            let datatype = if matches!(*name, "island" | "sex") { "BYTES" } else { "FP64" };
            json!({"name": name, "datatype": datatype, "shape": [data.len()], "data": data})
        };
        json!({"inputs": self.0.iter().map(input).collect::<Vec<_>>()})
    }

    /// Each a JSON object.
    fn records(&self) -> Value {
        let rows = self.0.first().map_or(0, |(_, values)| values.len());
        let record = |row: usize| -> Value {
            self.0.iter().map(|(name, values)| (name.to_string(), values[row].clone())).collect()
        };
        request_of((0..rows).map(|row| record(row).to_string()).collect())
    }
}

fn request_of(records: Vec<String>) -> Value {
    json!({"inputs": [
        {"name": "records", "datatype": "BYTES", "shape": [records.len()], "data": records}
    ]})
}

fn output<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let outputs = answer["outputs"].as_array().unwrap();
    &outputs.iter().find(|output| output["name"] == name).unwrap()["data"]
}

/// Records go in; what scikit-learn's pipeline says comes out.
#[test]
fn records_are_answered_as_by_the_pipeline_they_were_fitted_with() {
    let models = modules::directory_of(&[modules::with_blocks("penguins")]);
    let server = Server::start(models.path());
    for case in cases(&repository("tests/fixtures/blocks/penguins/cases.json")) {
        assert_matches(&case, &server.infer("penguins", &case["request"]).ok(), CLOSELY);
    }
}

#[test]
fn each_policy_does_what_it_says() {
    let models = modules::directory_of(&[modules::with_blocks("penguins")]);
    let server = Server::start(models.path());
    let ask = |penguins: Penguins| server.infer("penguins", &penguins.request());

    let good = ask(Penguins::two()).ok();
    assert_eq!(output(&good, "species"), &json!(["Gentoo", "Gentoo"]));
    assert!(good.get("parameters").is_none_or(|p| p.get("flags").is_none()), "{good}");

    // Flag: answered, and told.
    let heavy = ask(Penguins::two().with("body_mass_g", 1, json!(9000.0))).ok();
    assert_eq!(heavy["parameters"]["flags"], "body_mass_g[1]:out_of_range");
    assert_ne!(output(&heavy, "probability"), output(&good, "probability"));

    // Abstain: that row's answer is none.
    let long = ask(Penguins::two().with("bill_length_mm", 0, json!(461.0))).ok();
    assert_eq!(long["parameters"]["flags"], "bill_length_mm[0]:out_of_range");
    assert_eq!(output(&long, "species"), &json!(["", "Gentoo"]));
    let probabilities = output(&long, "probability").as_array().unwrap();
    assert!(probabilities[..3].iter().all(Value::is_null), "{long}");
    assert_eq!(probabilities[3..], output(&good, "probability").as_array().unwrap()[3..]);

    // Impute: as if the default had been sent.
    let deep = ask(Penguins::two().with("bill_depth_mm", 0, json!(132.0))).ok();
    let default = ask(Penguins::two().with("bill_depth_mm", 0, json!(17.3))).ok();
    assert_eq!(deep["parameters"]["flags"], "bill_depth_mm[0]:out_of_range");
    assert_eq!(output(&deep, "probability"), output(&default, "probability"));

    // A category that was never seen is flagged here; what is left out is missing.
    let far = ask(Penguins::two().with("island", 0, json!("Nowhere"))).ok();
    assert_eq!(far["parameters"]["flags"], "island[0]:unknown_category");
    let unsexed = ask(Penguins::two().without("sex")).ok();
    let missing = Penguins::two().with("sex", 0, Value::Null).with("sex", 1, Value::Null);
    assert_eq!(unsexed["outputs"], ask(missing).ok()["outputs"]);

    // Reject: all faults of all rows at once, and no value repeated.
    let refused = ask(Penguins::two()
        .with("flipper_length_mm", 0, json!(-77.25))
        .with("flipper_length_mm", 1, json!(1e300))
        .with("island", 1, Value::Null)
        .with("body_mass_g", 0, json!(9000.0)))
    .refusal(400, &["flipper_length_mm", "166.1 to 236.9", "island"]);
    let told: Vec<(String, u64, String)> = (refused["violations"].as_array().unwrap().iter())
        .map(|violation| {
            let text = |key: &str| violation[key].as_str().unwrap().to_string();
            (text("field"), violation["row"].as_u64().unwrap(), text("code"))
        })
        .collect();
    let expected = |field: &str, row, code: &str| (field.to_string(), row, code.to_string());
    for wanted in [
        expected("flipper_length_mm", 0, "out_of_range"),
        expected("flipper_length_mm", 1, "out_of_range"),
        expected("island", 1, "null"),
    ] {
        assert!(told.contains(&wanted), "{wanted:?} is not in {told:?}");
    }
    let text = refused.to_string();
    assert!(!text.contains("77.25") && !text.contains("9000"), "values are not repeated: {text}");

    // Structural faults come first.
    ask(Penguins::two().without("island")).refusal(400, &["island", "missing"]);
    ask(Penguins(vec![])).refusal(400, &["body_mass_g"]);
    assert_eq!(ask(Penguins::two()).ok(), good);
}

/// The same contract on the same columns, which come inside of JSON objects: it does
/// the same about them.
#[test]
fn columns_inside_of_records_have_a_contract() {
    let of_json = modules::penguins("penguin-records", |manifest| {
        manifest.replace("block = \"records\"", "block = \"records\"\nformat = \"json\"")
    });
    let models = modules::directory_of(&[of_json, modules::with_blocks("penguins")]);
    let server = Server::start(models.path());
    let ask = |records: &Value| server.infer("penguin-records", records);
    let flags = |answer: &Value| answer["parameters"]["flags"].as_str().map(str::to_string);

    let changed = |name, value| Penguins::two().with(name, 0, value);
    for (penguins, told) in [
        (Penguins::two(), None),
        (changed("body_mass_g", json!(9000.0)), Some("body_mass_g[0]:out_of_range")),
        (changed("bill_length_mm", json!(461.0)), Some("bill_length_mm[0]:out_of_range")),
        (changed("bill_depth_mm", json!(132.0)), Some("bill_depth_mm[0]:out_of_range")),
        (changed("island", json!("Nowhere")), Some("island[0]:unknown_category")),
        (changed("sex", Value::Null), None),
        (Penguins::two().without("sex"), None),
    ] {
        let answer = ask(&penguins.records()).ok();
        let by_columns = server.infer("penguins", &penguins.request()).ok();
        assert_eq!(answer["outputs"], by_columns["outputs"], "{told:?}");
        assert_eq!(flags(&answer).as_deref(), told);
        assert_eq!(flags(&by_columns).as_deref(), told);
    }

    // What only records can have: a value of another type, a key that is not there.
    let deep = ask(&changed("bill_depth_mm", json!("deep")).records()).ok();
    let default = ask(&changed("bill_depth_mm", json!(17.3)).records()).ok();
    assert_eq!(flags(&deep).as_deref(), Some("bill_depth_mm[0]:wrong_datatype"));
    assert_eq!(deep["outputs"], default["outputs"]);
    let weightless = ask(&Penguins::two().without("body_mass_g").records()).ok();
    let told = "body_mass_g[0]:missing,body_mass_g[1]:missing";
    assert_eq!(flags(&weightless).as_deref(), Some(told));
    let long = ask(&changed("bill_length_mm", json!("long")).records()).ok();
    assert_eq!(flags(&long).as_deref(), Some("bill_length_mm[0]:wrong_datatype"));
    assert_eq!(output(&long, "species"), &json!(["", "Gentoo"]));

    // All faults of records and of their columns at once, and nothing repeated.
    let record = |more: &str| {
        format!(
            "{{\"bill_length_mm\": 46.1, \"flipper_length_mm\": 211, \"sex\": \"male\", {more}}}"
        )
    };
    let refused = ask(&request_of(vec![
        "SECRET".to_string(),
        record(r#""bill_depth_mm": 13.2, "island": "Biscoe", "flipper_length_mm": 212"#)
            .replace("211", "-77.25"),
        record(r#""bill_depth_mm": "SECRET", "island": null, "body_mass_g": 9000.5, "SECRET": 1"#),
    ]))
    .refusal(400, &["flipper_length_mm", "166.1 to 236.9"]);
    let mut told: Vec<(u64, &str, &str)> = (refused["violations"].as_array().unwrap().iter())
        .map(|violation| {
            let text = |key: &str| violation[key].as_str().unwrap();
            (violation["row"].as_u64().unwrap(), text("field"), text("code"))
        })
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            (0, "records", "malformed"),
            (1, "body_mass_g", "missing"),
            (1, "flipper_length_mm", "duplicate"),
            (1, "flipper_length_mm", "out_of_range"),
            (2, "bill_depth_mm", "wrong_datatype"),
            (2, "body_mass_g", "out_of_range"),
            (2, "island", "null"),
            (2, "records", "unknown"),
        ],
        "{refused}"
    );
    let text = refused.to_string();
    for value in ["SECRET", "77.25", "9000"] {
        assert!(!text.contains(value), "`{value}` is repeated: {text}");
    }
}

/// Of a table with values missing, and a column that the module does not know.
#[test]
fn tables_are_scored_with_flags() {
    let module = modules::with_blocks("penguins");
    let table = "id,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,island\n\
                 a,46.1,13.2,211,4500,Biscoe\n\
                 b,NA,,NaN,9000,Biscoe\n\
                 c,461,13.2,211,4500,Nowhere\n";
    let arguments = ["run", module.to_str().unwrap(), "--format", "csv"];
    let answer = outpost(arguments).stdin(table).run().success();
    let lines: Vec<&str> = answer.lines().collect();
    assert!(lines[0].starts_with("id,") && lines[0].ends_with(",flags"), "{answer}");
    assert!(lines[1].starts_with("a,") && lines[1].contains("Gentoo"), "{answer}");
    assert!(lines[2].ends_with("body_mass_g:out_of_range"), "{answer}");
    assert!(lines[3].contains("bill_length_mm:out_of_range"), "{answer}");
    assert!(lines[3].contains("island:unknown_category"), "{answer}");

    let record = json!({"bill_length_mm": 46.1, "bill_depth_mm": 13.2, "flipper_length_mm": 211,
        "body_mass_g": 9000, "island": "Biscoe", "sex": null});
    let arguments = ["run", module.to_str().unwrap(), "--format", "jsonl"];
    let answer = outpost(arguments).stdin(record.to_string()).run().success();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["flags"], json!(["body_mass_g:out_of_range"]));
}

#[test]
fn a_contract_is_shown() {
    let module = modules::with_blocks("penguins");
    let text = outpost(["inspect", module.to_str().unwrap()]).run().success();
    for word in
        ["records", "softmax", "body_mass_g", "at most 6660 g", "abstain", "may be left out"]
    {
        assert!(text.contains(word), "`{word}` is not in {text}");
    }
}

/// What is guessed from a table can stand in a manifest as it is.
#[test]
fn a_contract_is_guessed_from_a_table() {
    let directory = scratch();
    let mut table = String::from("height,kind,note\n");
    for row in 0..200 {
        let note = if row % 50 == 0 { "NA".to_string() } else { format!("note {row} of many") };
        table +=
            &format!("{},{},{note}\n", 150.0 + f64::from(row) / 10.0, ["a", "b"][row as usize % 2]);
    }
    let data = write(&directory, "rows.csv", &table);
    let guessed = outpost(["contract", "infer", data.to_str().unwrap()]).run().success();
    for word in ["type = \"number\"", "categories = [\"a\", \"b\"]", "200 rows, 4 nulls"] {
        assert!(guessed.contains(word), "`{word}` is not in {guessed}");
    }
    let parsed: outpost_package::ManifestFile =
        outpost_package::ManifestFile::parse(&format!("name = \"m\"\n{guessed}")).unwrap();
    assert_eq!(parsed.contract.unwrap().fields.len(), 3);

    let infer = |table: &str| outpost(["contract", "infer", "-"]).stdin(table).run();
    infer("").failure(1, &["empty"]);
    infer("a,b\n").failure(1, &["no rows"]);
    infer("a,b,a\n1,2,3\n").failure(1, &["column a twice"]);
    infer("a,b\n1,2,3\n").success();
    outpost(["contract", "infer", "/nowhere.csv"]).run().failure(1, &["/nowhere.csv"]);
}

/// Faults of a contract are told before anything is built, all at once.
#[test]
fn contracts_that_cannot_be_are_refused() {
    let failure = |more: &str, words: &[&str]| modules::refused("penguins", more, words);
    let field = |more: &str| format!("[[contract.fields]]\nname = \"X\"\n{more}");
    failure(&field("type = \"number\"\nmin = 3\nmax = 1"), &["contract", "X"]);
    failure(&field("type = \"number\"\npolicy = \"impute\""), &["contract", "default"]);
    failure(&field("type = \"number\"\nlargest = 3"), &["largest", "line"]);
    failure(&field("type = \"colour\""), &["colour"]);
    failure("[[contract.fields]]\nname = \"height\"\ntype = \"number\"", &["contract", "height"]);
    failure(&field("type = \"picture\""), &["contract", "X"]);
}
