//! Columns inside of records: values that may be missing, absent or of another type,
//! whatever their datatype.

use outpost_contract::{
    Cells, Checker, Code, Column, Contract, Datatype, Fair, Input, Mark, Report, Violation,
};
use serde_json::{Value, json};

const LINES: Input<'_> =
    Input { name: "lines", datatype: Datatype::Bytes, shape: &[-1], columns: &[] };

fn column(name: &str, datatype: Datatype, keyed: bool) -> Column<'_> {
    let takes = Box::new(|value: &[u8]| match value {
        b"\x03\0\0\0bad" => Err("it is bad".to_owned()),
        _ => Ok(()),
    });
    let kind = if datatype == Datatype::Bytes { "category" } else { "number" };
    Column { name, kind, datatype, input: "lines", keyed, takes }
}

fn compiled(fields: Value) -> Result<Checker, Vec<String>> {
    let contract: Contract = serde_json::from_value(json!({ "fields": fields })).unwrap();
    contract.compile_with(
        &[LINES],
        &[column("n", Datatype::Int64, true), column("t", Datatype::Bytes, false)],
    )
}

/// Of `n`: 1, null, absent, wrong, unread, 9; of `t`: "a", null, "b", wrong, unread, "".
fn cells() -> [Cells; 2] {
    let marks = |at_2| vec![Mark::Value, Mark::Null, at_2, Mark::Wrong, Mark::Unread, Mark::Value];
    let wrong = || [(3, (Code::Malformed, "cannot be"))].into();
    let numbers = [1_i64, 0, 0, 0, 0, 9].iter().flat_map(|number| number.to_le_bytes()).collect();
    let texts = ["a", "", "b", "", "", ""].iter().flat_map(|text| element(text)).collect();
    [
        Cells { data: numbers, marks: marks(Mark::Absent), wrong: wrong(), ..Cells::default() },
        Cells { data: texts, marks: marks(Mark::Value), wrong: wrong(), ..Cells::default() },
    ]
}

fn element(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

fn look(fields: Value, cells: &mut [Cells; 2]) -> Report {
    compiled(fields).unwrap().look(&mut [None], &mut cells.iter_mut().collect::<Vec<_>>())
}

fn told(found: Fair<Violation>) -> Vec<(Option<u64>, Code)> {
    found.told(|like, _| like.clone()).iter().map(|one| (one.row, one.code)).collect()
}

fn numbers(cells: &Cells) -> Vec<i64> {
    cells.data.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
}

#[test]
fn a_refused_request_is_left_as_it_is_but_settled() {
    let mut cells = cells();
    let before = cells.clone();
    let report = look(
        json!([
            {"name": "n", "type": "integer", "max": 5, "null_policy": "impute", "default": 4},
            {"name": "t", "type": "text", "policy": "flag", "max_length": 0, "nullable": true},
        ]),
        &mut cells,
    );
    assert_eq!(told(report.refused), [(Some(5), Code::OutOfRange)]);
    let remarks = [
        (Some(1), Code::Null),
        (Some(2), Code::Missing),
        (Some(0), Code::WrongLength),
        (Some(2), Code::WrongLength),
    ];
    // What is of another type is not for the contract to tell, nor what is unread.
    assert_eq!(told(report.remarked), remarks);
    assert!(cells[0].settled.iter().eq(&[1, 2, 5]) && cells[1].settled.iter().eq(&[0, 2]));
    for (cells, before) in cells.iter().zip(&before) {
        assert_eq!((&cells.data, &cells.marks), (&before.data, &before.marks));
    }
}

#[test]
fn what_is_imputed_is_a_value() {
    let mut cells = cells();
    let report = look(
        json!([
            {"name": "n", "type": "integer", "max": 5, "policy": "impute", "default": 4},
            {"name": "t", "type": "text", "policy": "impute", "default": "long"},
        ]),
        &mut cells,
    );
    assert!(report.refused.is_empty() && report.abstained.is_empty());
    assert_eq!(
        told(report.remarked),
        [
            (Some(1), Code::Null),
            (Some(2), Code::Missing),
            (Some(3), Code::Malformed),
            (Some(5), Code::OutOfRange),
            (Some(1), Code::Null),
            (Some(3), Code::Malformed),
            (Some(5), Code::Null),
        ]
    );
    let [n, t] = &cells;
    assert_eq!(numbers(n), [1, 4, 4, 4, 0, 4]);
    let texts: Vec<u8> =
        ["a", "long", "b", "long", "", "long"].iter().flat_map(|text| element(text)).collect();
    assert_eq!(t.data, texts);
    for cells in [n, t] {
        let unread = cells.marks.iter().enumerate().filter(|(_, mark)| **mark != Mark::Value);
        assert!(unread.map(|(row, _)| row).eq([4]) && cells.settled.is_empty());
    }
}

#[test]
fn abstaining_settles_its_rows() {
    let mut cells = cells();
    let fields = json!([{"name": "n", "type": "integer", "max": 5, "policy": "abstain",
        "null_policy": "flag", "required": false}]);
    let report = look(fields, &mut cells);
    assert!(report.abstained.iter().eq(&[3, 5]) && cells[0].settled.iter().eq(&[3, 5]));
    let remarks = [
        (Some(1), Code::Null),
        (Some(2), Code::Null),
        (Some(3), Code::Malformed),
        (Some(5), Code::OutOfRange),
    ];
    assert_eq!(told(report.remarked), remarks);
    assert_eq!(numbers(&cells[0]), [1, 0, 0, 0, 0, 9]);
}

#[test]
fn nulls_are_counted_by_their_marks() {
    let field = |policy: &str| {
        json!([{"name": "n", "type": "integer", "nullable": true, "required": false,
            "max_null_rate": 0.3, "min_rows": 1, "null_policy": policy, "default": 7}])
    };
    assert_eq!(told(look(field("reject"), &mut cells()).refused), [(None, Code::NullRate)]);
    let mut imputed = cells();
    look(field("impute"), &mut imputed);
    assert_eq!(numbers(&imputed[0]), [1, 7, 7, 0, 0, 9]);
    let mut fewer = cells();
    fewer[0].marks[2] = Mark::Value;
    assert!(look(field("reject"), &mut fewer).refused.is_empty());
}

/// Zeros that stand for nothing are not compared.
#[test]
fn what_is_all_there_is_looked_at_quickly() {
    let fields = json!([{"name": "n", "type": "integer", "min": 1, "max": 9, "nullable": true,
        "required": false}]);
    let mut some = cells();
    assert!(look(fields.clone(), &mut some).refused.is_empty());
    some[0].marks.fill(Mark::Value);
    let found = told(look(fields.clone(), &mut some).refused);
    assert_eq!(found, [1, 2, 3, 4].map(|row| (Some(row), Code::OutOfRange)));
    some[0].data = [3_i64; 6].iter().flat_map(|number| number.to_le_bytes()).collect();
    assert!(look(fields.clone(), &mut some).refused.is_empty());
    // As many values as marks.
    some[0].data.pop();
    let report = look(fields, &mut some);
    assert!(report.blind);
    assert_eq!(told(report.refused), [(None, Code::WrongSize)]);
}

#[test]
fn faults_of_fields() {
    let fault = |field: Value| compiled(json!([field])).unwrap_err().join("\n");
    for (field, part) in [
        (
            json!({"name": "n", "type": "text"}),
            "a column of type number in `lines` cannot be a text",
        ),
        (json!({"name": "t", "type": "picture"}), "cannot be a picture"),
        (
            json!({"name": "t", "type": "text", "required": false, "nullable": true}),
            "it has a field in every line of `lines`",
        ),
        (
            json!({"name": "t", "type": "text", "policy": "impute", "default": "bad"}),
            "its `default` is none for the column of records: it is bad",
        ),
        (
            json!({"name": "lines", "type": "text", "policy": "impute", "default": "x"}),
            "records cannot be imputed as a whole",
        ),
        (json!({"name": "x", "type": "text"}), "there are `lines`, `n`, `t`."),
    ] {
        let found = fault(field.clone());
        assert!(found.contains(part), "`{part}` is not in: {found}");
    }
    let fine = [
        json!({"name": "n", "type": "integer", "required": false, "nullable": true}),
        json!({"name": "t", "type": "text", "default": "bad"}),
        json!({"name": "lines", "type": "text", "max_length": 9}),
    ];
    assert!(compiled(json!(fine)).is_ok());
}
