//! A data contract that names columns inside of records: it sees what was sent, before
//! a column does anything of its own, and what it imputes goes on to the model.

use super::hostile::{LINES, Mangled};
use super::{columns, elements, places, records};
use crate::cases::{contract_of, numbers, refused, run, spec};
use outpost_blocks::{Batch, Block};
use outpost_guest::ViolationCode::{
    InvalidText, Malformed, Missing, Null, NullRate, OutOfRange, Stale, UnknownCategory,
    WrongDatatype, WrongLength,
};
use outpost_guest::{Error, ViolationCode};
use serde_json::{Value, json};

pub(super) fn block(format: &str, columns: Value) -> Value {
    json!({"block": "records", "format": format, "columns": columns})
}

/// A contract over records for an input `X` of FP32, so wide.
pub(super) fn held(format: &str, width: i64, columns: Value, fields: Value) -> Box<dyn Block> {
    let output = spec("X", "FP32", &[-1, width]);
    contract_of(json!({"fields": fields}), vec![block(format, columns)], &[output]).unwrap()
}

/// Age and sex, of which the columns themselves clip, and know a default.
fn people() -> Value {
    json!([
        {"name": "age", "type": "number", "clip": [0, 100], "default": 40},
        {"name": "sex", "type": "category", "categories": ["female", "male"], "unknown": -1,
         "default": "male"},
    ])
}

pub(super) fn flags(batch: &Batch) -> Vec<(Option<u64>, &str, ViolationCode)> {
    places(&batch.flags)
}

fn abstained(batch: &Batch) -> Vec<u64> {
    batch.abstained.iter().copied().collect()
}

/// The same records as JSON and as CSV.
const PEOPLE: [(&str, [&str; 4]); 2] = [
    (
        "json",
        [
            r#"{"age": 30, "sex": "male"}"#,
            r#"{"age": 130, "sex": "female"}"#,
            r#"{"age": null, "sex": "other"}"#,
            r#"{"age": 50, "sex": ""}"#,
        ],
    ),
    ("csv", ["30,male", "130,female", ",other", "50,"]),
];

/// The contract looks at what was sent: 130, though the column clips it, a null,
/// though the column has a default, a text that the column knows what to do with.
#[test]
fn each_policy_does_what_it_says() {
    let fields = |policy: &str| {
        json!([
            {"name": "age", "type": "number", "max": 120, "policy": policy, "default": 20},
            {"name": "sex", "type": "category", "categories": ["female", "male"],
             "policy": policy, "default": "female"},
        ])
    };
    let told = [
        (Some(1), "age", OutOfRange),
        (Some(2), "age", Null),
        (Some(2), "sex", UnknownCategory),
        (Some(3), "sex", Null),
    ];
    let by_columns = [30.0, 1.0, 100.0, 0.0, 40.0, -1.0, 50.0, 1.0];
    for (format, lines) in PEOPLE {
        let with = |policy: &str| held(format, 2, people(), fields(policy));
        assert_eq!(places(&refused(&*with("reject"), records(&lines))), told, "{format}");

        let flagged = run(&*with("flag"), records(&lines)).unwrap();
        assert_eq!((flags(&flagged), abstained(&flagged)), (told.to_vec(), vec![]));
        assert_eq!(numbers(&flagged.tensors[0]), by_columns);

        let abstains = run(&*with("abstain"), records(&lines)).unwrap();
        assert_eq!((flags(&abstains), abstained(&abstains)), (told.to_vec(), vec![1, 2, 3]));
        assert_eq!(numbers(&abstains.tensors[0]), by_columns);

        let imputed = run(&*with("impute"), records(&lines)).unwrap();
        assert_eq!((flags(&imputed), abstained(&imputed)), (told.to_vec(), vec![]));
        assert_eq!(imputed.tensors.len(), 1);
        assert_eq!(
            numbers(&imputed.tensors[0]),
            [30.0, 1.0, 20.0, 0.0, 20.0, 0.0, 50.0, 0.0],
            "{format}"
        );
        let good = run(&*with("reject"), records(&lines[..1])).unwrap();
        assert_eq!(numbers(&good.tensors[0]), [30.0, 1.0]);
        let none = run(&*with("reject"), records(&[])).unwrap();
        assert_eq!(none.tensors[0].shape, [0, 2]);
    }
}

/// What is imputed is a value like any other: the column clips and scales it.
#[test]
fn what_is_imputed_is_scaled() {
    let columns = json!([{"name": "age", "type": "integer", "mean": 10, "std": 5}]);
    let fields = json!([{"name": "age", "type": "integer", "policy": "impute", "default": 30}]);
    let block = held("json", 1, columns, fields);
    let batch = run(&*block, records(&[r#"{"age": 15}"#, r#"{"age": null}"#])).unwrap();
    assert_eq!(numbers(&batch.tensors[0]), [1.0, 4.0]);
}

#[test]
fn a_key_can_be_left_out_if_it_is_not_required() {
    let lines = [r#"{"sex": "male"}"#, r#"{"age": null, "sex": "male"}"#];
    let told = |more: Value, lines: &[&str]| {
        let mut field = json!({"name": "age", "type": "number", "default": 7});
        field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let block = held("json", 2, people(), json!([field]));
        let found: Vec<_> = match run(&*block, records(lines)) {
            Ok(batch) => {
                let ages: Vec<f64> =
                    numbers(&batch.tensors[0]).chunks(2).map(|row| row[0]).collect();
                return Ok((flags(&batch).iter().map(|flag| (flag.0, flag.2)).collect(), ages));
            }
            Err(Error::Invalid(violations)) => {
                violations.iter().map(|one| (one.row, one.code)).collect()
            }
            Err(error) => panic!("{error:?}"),
        };
        Err::<(Vec<_>, Vec<f64>), _>(found)
    };
    let (missing, null) = ((Some(0), Missing), (Some(1), Null));
    assert_eq!(told(json!({}), &lines), Err(vec![missing, null]));
    assert_eq!(told(json!({"nullable": true}), &lines), Err(vec![missing]));
    // Then the default is the column's own.
    let fine = Ok((vec![], vec![40.0, 40.0]));
    assert_eq!(told(json!({"nullable": true, "required": false}), &lines), fine);
    let flagged = Ok((vec![missing, null], vec![40.0, 40.0]));
    assert_eq!(told(json!({"policy": "flag"}), &lines), flagged);
    let imputed = Ok((vec![missing], vec![7.0, 40.0]));
    assert_eq!(told(json!({"nullable": true, "null_policy": "impute"}), &lines), imputed);
    let both = Ok((vec![(Some(0), Null), null], vec![7.0, 7.0]));
    assert_eq!(told(json!({"required": false, "null_policy": "impute"}), &lines), both);
}

/// Integers and booleans have no value for what is missing, but records do.
#[test]
fn too_many_are_missing() {
    let columns = json!([
        {"name": "visits", "type": "integer", "default": -5},
        {"name": "smoker", "type": "boolean", "default": false},
    ]);
    let field = |name: &str, kind: &str, policy: &str, default: Value| {
        json!({"name": name, "type": kind, "nullable": true, "max_null_rate": 0.25, "min_rows": 4,
            "policy": policy, "default": default})
    };
    let lines = ["1,true", ",1", ",", "4,"];
    let with = |policy: &str| {
        let visits = field("visits", "integer", policy, json!(9));
        held(
            "csv",
            2,
            columns.clone(),
            json!([visits, field("smoker", "boolean", policy, json!(true))]),
        )
    };
    let both = [(None, "visits", NullRate), (None, "smoker", NullRate)];
    assert_eq!(places(&refused(&*with("reject"), records(&lines))), both);
    let flagged = run(&*with("flag"), records(&lines)).unwrap();
    assert_eq!(flags(&flagged), both);
    assert_eq!(numbers(&flagged.tensors[0]), [1.0, 1.0, -5.0, 1.0, -5.0, 0.0, 4.0, 0.0]);
    let imputed = run(&*with("impute"), records(&lines)).unwrap();
    assert_eq!(numbers(&imputed.tensors[0]), [1.0, 1.0, 9.0, 1.0, 9.0, 1.0, 4.0, 1.0]);
    assert_eq!(abstained(&run(&*with("abstain"), records(&lines)).unwrap()), [1, 2, 3]);
    let fine = run(&*with("reject"), records(&["1,1", "2,0", "3,1", ","])).unwrap();
    assert_eq!(flags(&fine), []);
}

#[test]
fn dates_are_recent_enough() {
    let columns = json!([
        {"name": "measured", "type": "date", "part": "day"},
        {"name": "asked", "type": "date", "part": "day", "default": "2024-01-01"},
    ]);
    let fields = json!([
        {"name": "measured", "type": "date", "max_age": "24h", "relative_to": "asked",
         "policy": "flag"},
        {"name": "asked", "type": "date", "nullable": true},
    ]);
    let batch = run(
        &*held("csv", 2, columns.clone(), fields.clone()),
        records(&["2024-05-02,2024-05-03", "2024-05-01,2024-05-03", "2024-05-03,"]),
    )
    .unwrap();
    assert_eq!(flags(&batch), [(Some(1), "measured", Stale), (Some(2), "measured", Stale)]);
    assert_eq!(numbers(&batch.tensors[0]), [2.0, 3.0, 1.0, 3.0, 3.0, 1.0]);

    // One time of asking for all records, in an input of its own, which is no model's.
    let mut measured = block("json", json!([{"name": "measured", "type": "date", "part": "day"}]));
    measured["output"] = json!("X");
    let asked = json!({"block": "records", "output": "Y",
        "columns": [{"name": "asked", "type": "date", "part": "day"}]});
    let inputs = [spec("X", "FP32", &[-1]), spec("Y", "FP32", &[1])];
    let both = contract_of(json!({"fields": fields}), vec![measured, asked], &inputs);
    let mut tensors = records(&[r#"{"measured": "2024-05-02"}"#, r#"{"measured": "2024-04-02"}"#]);
    tensors.push(elements("asked", &[b"2024-05-02T12:00:00Z"]));
    let batch = run(&*both.unwrap(), tensors).unwrap();
    assert_eq!(flags(&batch), [(Some(1), "measured", Stale)]);
}

/// What a column cannot hold is only taken where something can take its place.
#[test]
fn values_of_another_type() {
    let lines = [
        r#"{"age": "SECRET", "sex": 5}"#,
        r#"{"age": 3, "sex": "\ud800"}"#,
        r#"{"age": 4, "sex": "male"}"#,
    ];
    let fields = |policy: &str| {
        json!([
            {"name": "age", "type": "number", "policy": policy, "default": 20},
            {"name": "sex", "type": "text", "policy": policy, "default": "female"},
        ])
    };
    let told = [
        (Some(0), "age", WrongDatatype),
        (Some(0), "sex", WrongDatatype),
        (Some(1), "sex", Malformed),
    ];
    for policy in ["reject", "flag"] {
        let refused = refused(&*held("json", 2, people(), fields(policy)), records(&lines));
        assert_eq!(places(&refused), told, "{policy}");
        assert!(refused.iter().all(|one| !one.message.contains("SECRET")));
    }
    let imputed = run(&*held("json", 2, people(), fields("impute")), records(&lines)).unwrap();
    assert_eq!(flags(&imputed), told);
    assert_eq!(numbers(&imputed.tensors[0]), [20.0, 0.0, 3.0, 0.0, 4.0, 1.0]);
    let abstains = run(&*held("json", 2, people(), fields("abstain")), records(&lines)).unwrap();
    assert_eq!((flags(&abstains), abstained(&abstains)), (told.to_vec(), vec![0, 1]));
    assert_eq!(numbers(&abstains.tensors[0]), [0.0, 0.0, 3.0, 0.0, 4.0, 1.0]);
}

/// A row that does not count is not refused for what its column cannot take.
#[test]
fn what_does_not_count_is_not_refused() {
    let columns = json!([
        {"name": "sex", "type": "category", "categories": ["female", "male"], "one_hot": true},
        {"name": "joined", "type": "date", "part": "year"},
    ]);
    let fields = json!([
        {"name": "sex", "type": "category", "categories": ["female", "male"], "policy": "abstain"},
        {"name": "joined", "type": "date", "policy": "abstain"},
    ]);
    let block = held("csv", 3, columns.clone(), fields);
    let batch = run(&*block, records(&["male,2020-01-01", "other,2021-01-01", "male,1/1/22"]));
    let batch = batch.unwrap();
    assert_eq!(flags(&batch), [(Some(1), "sex", UnknownCategory), (Some(2), "joined", Malformed)]);
    assert_eq!(abstained(&batch), [1, 2]);
    assert_eq!(numbers(&batch.tensors[0]), [0.0, 1.0, 2020.0, 0.0, 0.0, 2021.0, 0.0, 1.0, 0.0]);
    // What is only flagged has to go on, and it cannot; that is told once.
    let fields = json!([{"name": "sex", "type": "text", "policy": "flag", "max_length": 4},
        {"name": "joined", "type": "date", "policy": "flag"}]);
    let violations = refused(&*held("csv", 3, columns, fields), records(&["other,", "male,x"]));
    assert_eq!(
        places(&violations),
        [
            (Some(0), "sex", UnknownCategory),
            (Some(0), "joined", Null),
            (Some(1), "joined", Malformed),
            (Some(0), "sex", WrongLength),
        ]
    );
}

/// A contract that asks for nothing changes nothing, whatever is sent.
#[test]
fn it_changes_nothing_but_what_it_says() {
    let fields: Vec<Value> = [
        ("age", "number"),
        ("visits", "integer"),
        ("smoker", "boolean"),
        ("sex", "text"),
        ("joined", "text"),
        ("score", "number"),
    ]
    .into_iter()
    .map(|(name, kind)| json!({"name": name, "type": kind, "nullable": true}))
    .collect();
    let sorted = |violations: Vec<outpost_guest::Violation>| {
        let mut all: Vec<(Option<u64>, String, String)> = violations
            .into_iter()
            .map(|one| (one.row, one.field, format!("{:?}", one.code)))
            .collect();
        all.sort();
        all
    };
    let (mut answered, mut wrong) = (0, 0);
    for (format, good) in [("json", LINES[0]), ("csv", LINES[2])] {
        let mut fields = fields.clone();
        if format == "json" {
            fields.iter_mut().for_each(|field| field["required"] = json!(false));
        }
        let plain = super::block(format);
        let held = held(format, 7, columns(), json!(fields));
        let mut mangled = Mangled::new(11);
        for _ in 0..10_000 {
            let lines = [good.as_bytes().to_vec(), mangled.line()];
            let tensors = || vec![elements("records", &[&lines[0], &lines[1]])];
            match (run(&*plain, tensors()), run(&*held, tensors())) {
                (Ok(plain), Ok(held)) => {
                    assert_eq!(plain.tensors[0].data, held.tensors[0].data, "{lines:?}");
                    assert_eq!((held.tensors.len(), held.flags.len()), (1, 0));
                    answered += 1;
                }
                (Err(Error::Invalid(plain)), Err(Error::Invalid(held))) => {
                    assert_eq!(sorted(plain), sorted(held), "{lines:?}");
                    wrong += 1;
                }
                (plain, held) => panic!("{plain:?}, but {held:?}: {lines:?}"),
            }
        }
    }
    assert!(answered > 2_000 && wrong > 2_000, "{answered} were answered, {wrong} refused");
    let held = held("csv", 7, columns(), json!(fields));
    let line = elements("records", &[b"\xFF,1,1,male,2024-01-01,1"]);
    assert_eq!(places(&refused(&*held, vec![line])), [(Some(0), "records", InvalidText)]);
}
