//! Each rule with each policy, on the datatypes that it applies to.

use outpost_contract::{
    Checker, Code, Contract, Datatype, Input, MOST_VIOLATIONS, Remarks, Values, Violation,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A request of one input, `x`, checked by one field.
struct Case {
    datatype: Datatype,
    shape: Vec<u64>,
    data: Vec<u8>,
}

fn floats(numbers: &[f32]) -> Case {
    let data = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    Case { datatype: Datatype::Fp32, shape: vec![numbers.len() as u64], data }
}

fn longs(numbers: &[i64]) -> Case {
    let data = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    Case { datatype: Datatype::Int64, shape: vec![numbers.len() as u64], data }
}

fn bytes<T: AsRef<[u8]>>(elements: &[T]) -> Case {
    let data = elements.iter().flat_map(|element| element_of(element.as_ref())).collect();
    Case { datatype: Datatype::Bytes, shape: vec![elements.len() as u64], data }
}

fn element_of(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

fn contract(fields: Value) -> Contract {
    serde_json::from_value(json!({ "fields": fields })).unwrap()
}

fn checker(field: &Value, datatype: Datatype) -> Result<Checker, Vec<String>> {
    let mut field = field.clone();
    field["name"] = json!("x");
    contract(json!([field])).compile(&[Input { name: "x", datatype, shape: &[-1], columns: &[] }])
}

fn run(field: &Value, case: &mut Case) -> Result<Remarks, Vec<Violation>> {
    let checker = checker(field, case.datatype).unwrap();
    let Case { datatype, shape, data } = case;
    checker.check(&mut [Some(Values { datatype: *datatype, shape, data })])
}

/// Holds values, of which the rows in `wrong` break the rule of `field`, against it
/// with each policy. `default` is what is imputed and its bytes.
fn check(
    field: Value,
    case: impl Fn() -> Case,
    wrong: &[(u64, Code, &str)],
    default: Option<(Value, Vec<u8>)>,
) {
    let with = |policy: &str| {
        let mut field = field.clone();
        field["policy"] = json!(policy);
        if let Some((default, _)) = &default {
            field["default"] = default.clone();
        }
        field
    };
    let expected: Vec<_> =
        wrong.iter().map(|&(row, code, message)| (Some(row), code, message.to_owned())).collect();
    let told = |found: &[Violation]| -> Vec<_> {
        assert!(found.iter().all(|found| found.field == "x"));
        found.iter().map(|found| (found.row, found.code, found.message.clone())).collect()
    };

    let mut rejected = case();
    match run(&with("reject"), &mut rejected) {
        Ok(remarks) => assert_eq!((remarks, expected.len()), (Remarks::default(), 0)),
        Err(found) => assert_eq!(told(&found), expected, "{field}"),
    }
    assert_eq!(rejected.data, case().data);

    let mut flagged = case();
    let remarks = run(&with("flag"), &mut flagged).unwrap();
    assert_eq!(told(&remarks.flags), expected, "{field}");
    assert!(remarks.abstained.is_empty());
    assert_eq!(flagged.data, case().data);

    let mut abstained = case();
    let remarks = run(&with("abstain"), &mut abstained).unwrap();
    assert_eq!(told(&remarks.flags), expected, "{field}");
    let rows: BTreeSet<u64> = wrong.iter().map(|(row, ..)| *row).collect();
    assert_eq!(remarks.abstained, rows);
    assert_eq!(abstained.data, case().data);

    let Some((_, default)) = &default else { return };
    let mut imputed = case();
    let remarks = run(&with("impute"), &mut imputed).unwrap();
    assert_eq!(told(&remarks.flags), expected, "{field}");
    assert!(remarks.abstained.is_empty());
    let wanted: Vec<u8> = split(&case())
        .into_iter()
        .enumerate()
        .flat_map(|(row, element)| match wrong.iter().any(|(wrong, ..)| *wrong == row as u64) {
            true => default.clone(),
            false => element,
        })
        .collect();
    assert_eq!(imputed.data, wanted, "{field}");
}

/// The bytes of each element.
fn split(case: &Case) -> Vec<Vec<u8>> {
    let rows = case.shape[0] as usize;
    if case.datatype != Datatype::Bytes {
        return case.data.chunks(case.data.len() / rows).map(<[u8]>::to_vec).collect();
    }
    let mut rest = case.data.as_slice();
    let mut all = Vec::new();
    for _ in 0..rows {
        let length = 4 + u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        all.push(rest[..length].to_vec());
        rest = &rest[length..];
    }
    all
}

const NULL: &str = "must have a value";

#[test]
fn numbers_lie_in_their_range() {
    let outside = "outside of 0 to 120";
    check(
        json!({"type": "number", "min": 0, "max": 120}),
        || floats(&[0.0, 120.0, -0.1, 120.1, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0]),
        &[
            (2, Code::OutOfRange, outside),
            (3, Code::OutOfRange, outside),
            (4, Code::Null, NULL),
            (5, Code::OutOfRange, "must be finite"),
            (6, Code::OutOfRange, "must be finite"),
        ],
        Some((json!(38.5), 38.5_f32.to_le_bytes().into())),
    );
    check(
        json!({"type": "number", "max": 0.1, "nullable": true}),
        // What a client means by 0.1 is more than that in FP32.
        || floats(&[0.1, f32::NAN, 0.100_000_02, f32::MIN]),
        &[(2, Code::OutOfRange, "more than 0.1")],
        Some((json!(0), 0_f32.to_le_bytes().into())),
    );
    check(
        json!({"type": "number"}),
        || floats(&[f32::MAX, f32::MIN, f32::INFINITY]),
        &[(2, Code::OutOfRange, "must be finite")],
        Some((json!(1), 1_f32.to_le_bytes().into())),
    );
}

#[test]
fn whole_numbers_are_compared_exactly() {
    let most = (1_i64 << 53) as f64;
    check(
        json!({"type": "integer", "min": -0.5, "max": most}),
        || longs(&[0, -1, 1 << 53, (1 << 53) + 1, i64::MAX]),
        &[
            (1, Code::OutOfRange, "outside of -0.5 to 9.007199254740992e15"),
            (3, Code::OutOfRange, "outside of -0.5 to 9.007199254740992e15"),
            (4, Code::OutOfRange, "outside of -0.5 to 9.007199254740992e15"),
        ],
        Some((json!(7), 7_i64.to_le_bytes().into())),
    );
    check(
        json!({"type": "integer", "min": 0}),
        || floats(&[1.0, 1.5, -2.0, f32::NAN, f32::INFINITY, 1e30, -0.5]),
        &[
            (1, Code::OutOfRange, "must be a whole number"),
            (2, Code::OutOfRange, "less than 0"),
            (3, Code::Null, NULL),
            (4, Code::OutOfRange, "must be finite"),
            // It breaks both rules.
            (6, Code::OutOfRange, "less than 0"),
            (6, Code::OutOfRange, "must be a whole number"),
        ],
        Some((json!(3.0), 3_f32.to_le_bytes().into())),
    );
}

#[test]
fn booleans_are_0_or_1() {
    let said = "neither 0 nor 1";
    let case = || Case { datatype: Datatype::Bool, shape: vec![3], data: vec![0, 1, 2] };
    let wrong = [(2, Code::OutOfRange, said)];
    check(json!({"type": "boolean"}), case, &wrong, Some((json!(true), vec![1])));
    check(
        json!({"type": "boolean"}),
        || floats(&[0.0, 1.0, 0.5, 2.0, f32::NAN, 2.5]),
        &[
            (2, Code::OutOfRange, said),
            (3, Code::OutOfRange, said),
            (4, Code::Null, NULL),
            (5, Code::OutOfRange, said),
        ],
        Some((json!(true), 1_f32.to_le_bytes().into())),
    );
}

#[test]
fn categories_are_known() {
    let said = "none of \"b\", \"a\"";
    check(
        json!({"type": "category", "categories": ["b", "a"]}),
        || bytes(&[&b"a"[..], b"b", b"c", b"", b"\xFF"]),
        &[
            (2, Code::UnknownCategory, said),
            (3, Code::Null, NULL),
            (4, Code::InvalidText, "must be UTF-8"),
        ],
        Some((json!("b"), element_of(b"b"))),
    );
    check(
        json!({"type": "category", "categories": [3, -1]}),
        || longs(&[3, -1, 2]),
        &[(2, Code::UnknownCategory, "none of 3, -1")],
        Some((json!(3), 3_i64.to_le_bytes().into())),
    );
    check(
        json!({"type": "category", "categories": [3, -1], "nullable": true}),
        || floats(&[3.0, -1.0, 3.5, f32::NAN, f32::INFINITY]),
        &[(2, Code::UnknownCategory, "none of 3, -1"), (4, Code::OutOfRange, "must be finite")],
        Some((json!(-1), (-1_f32).to_le_bytes().into())),
    );
    let many: Vec<i64> = (0..10).collect();
    check(
        json!({"type": "category", "categories": many}),
        || longs(&[10]),
        &[(0, Code::UnknownCategory, "none of 0, 1, 2, 3, 4, 5, 6, 7 and 2 more")],
        None,
    );
}

#[test]
fn texts_have_their_length() {
    check(
        json!({"type": "text", "min_length": 2, "max_length": 3}),
        || bytes(&[&b"ab"[..], "äöü".as_bytes(), b"a", b"abcd", b"", b"a\xFF"]),
        &[
            (2, Code::WrongLength, "must have 2 to 3 characters"),
            (3, Code::WrongLength, "must have 2 to 3 characters"),
            (4, Code::Null, NULL),
            (5, Code::InvalidText, "must be UTF-8"),
        ],
        Some((json!("none"[..3]), element_of(b"non"))),
    );
}

#[test]
fn dates_can_be_read() {
    check(
        json!({"type": "date"}),
        || bytes(&["2024-02-29", "2023-02-29", "2024-02-29T12:00:00+01:00", "", "yesterday"]),
        &[
            (1, Code::Malformed, "must be YYYY-MM-DD, or date and time of RFC 3339"),
            (3, Code::Null, NULL),
            (4, Code::Malformed, "must be YYYY-MM-DD, or date and time of RFC 3339"),
        ],
        Some((json!("2000-01-01"), element_of(b"2000-01-01"))),
    );
}

#[test]
fn pictures_are_not_too_large() {
    let png = |width: u32, height: u32| {
        let header = &b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR"[..];
        [header, &width.to_be_bytes(), &height.to_be_bytes()].concat()
    };
    let (wide, high) = ("more than 4 pixels of width", "more than 5 pixels of height");
    let large = "more than 12 pixels in all";
    check(
        json!({"type": "picture", "max_width": 4, "max_height": 5, "max_pixels": 12}),
        || bytes(&[png(4, 3), png(5, 1), png(1, 6), png(4, 4), vec![], vec![1], png(5, 6)]),
        &[
            (1, Code::TooLarge, wide),
            (2, Code::TooLarge, high),
            (3, Code::TooLarge, large),
            (4, Code::Null, NULL),
            (5, Code::Malformed, "must be a PNG or JPEG whose header can be read"),
            (6, Code::TooLarge, wide),
            (6, Code::TooLarge, high),
            (6, Code::TooLarge, large),
        ],
        None,
    );
}

#[test]
fn dates_are_recent() {
    let fields = json!([
        {"name": "measured", "type": "date", "max_age": "24h", "relative_to": "asked",
         "policy": "abstain"},
        {"name": "asked", "type": "date", "nullable": true},
    ]);
    let columns = ["asked".to_owned(), "measured".to_owned()];
    let input = |columns| Input { name: "x", datatype: Datatype::Bytes, shape: &[-1, 2], columns };
    let checker = contract(fields.clone()).compile(&[input(&columns)]).unwrap();
    let mut case = bytes(&[
        "2024-05-02",
        "2024-05-01T00:00:00Z",
        "2024-05-02",
        "2024-04-30T23:59:59Z",
        "2024-05-02T00:00:00+02:00",
        "2024-05-01T00:00:00+02:00",
        "",
        "2024-05-01",
        "2024-05-02",
        // The future is not too old.
        "2025-05-01",
    ]);
    let shape = &[5, 2];
    let values = Values { datatype: case.datatype, shape, data: &mut case.data };
    let remarks = checker.check(&mut [Some(values)]).unwrap();
    let told: Vec<String> = remarks.flags.iter().map(Violation::to_string).collect();
    assert_eq!(
        told,
        [
            "measured, row 1: more than 24h before `asked`",
            "measured, row 3: its age cannot be told: the field that it is relative to has no date",
        ]
    );
    assert!(remarks.flags.iter().all(|flag| flag.code == Code::Stale));
    assert!(remarks.abstained.iter().eq(&[1, 3]));

    // The time of asking is one for all rows.
    let inputs = [
        Input { name: "measured", datatype: Datatype::Bytes, shape: &[-1], columns: &[] },
        Input { name: "asked", datatype: Datatype::Bytes, shape: &[1], columns: &[] },
    ];
    let checker = contract(fields).compile(&inputs).unwrap();
    let mut measured = bytes(&["2024-05-01", "2024-04-01", "2024-05-02"]);
    let mut asked = bytes(&["2024-05-02"]);
    let datatype = Datatype::Bytes;
    let remarks = checker.check(&mut [
        Some(Values { datatype, shape: &[3], data: &mut measured.data }),
        Some(Values { datatype, shape: &[1], data: &mut asked.data }),
    ]);
    assert!(remarks.unwrap().abstained.iter().eq(&[1]));
}

#[test]
fn missing_values_have_a_policy_of_their_own() {
    let field = json!({"type": "number", "min": 0, "policy": "reject", "null_policy": "impute",
               "default": 2});
    let mut case = floats(&[1.0, f32::NAN]);
    let remarks = run(&field, &mut case).unwrap();
    assert_eq!(remarks.flags[0].code, Code::Null);
    assert_eq!(case.data[4..], 2_f32.to_le_bytes());
    let refused = run(&field, &mut floats(&[-1.0, f32::NAN])).unwrap_err();
    // What it is refused for comes first, then what else there is.
    let codes: Vec<Code> = refused.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::OutOfRange, Code::Null]);
}

#[test]
fn not_too_many_are_missing() {
    let numbers = |rows: usize, nulls: usize| {
        let number = |row| if row < nulls { f32::NAN } else { 1.0 };
        floats(&(0..rows).map(number).collect::<Vec<_>>())
    };
    let field = |policy: &str| {
        json!({"type": "number", "nullable": true, "max_null_rate": 0.1, "policy": policy,
               "default": 3})
    };
    for (rows, nulls, fine) in [(20, 2, true), (20, 3, false), (19, 19, true), (100, 10, true)] {
        let result = run(&field("reject"), &mut numbers(rows, nulls));
        assert_eq!(result.is_ok(), fine, "{nulls} of {rows}");
        if let Err(found) = result {
            let told: Vec<String> = found.iter().map(Violation::to_string).collect();
            assert_eq!(told, ["x: more than a share of 0.1 of the values is missing"]);
            assert_eq!((found[0].row, found[0].code), (None, Code::NullRate));
        }
    }
    let flags = run(&field("flag"), &mut numbers(20, 3)).unwrap();
    assert_eq!((flags.flags.len(), flags.abstained.len()), (1, 0));
    let abstained = run(&field("abstain"), &mut numbers(20, 3)).unwrap();
    assert!(abstained.abstained.iter().eq(&[0, 1, 2]));
    let mut imputed = numbers(20, 3);
    run(&field("impute"), &mut imputed).unwrap();
    assert_eq!(imputed.data[..12], 3_f32.to_le_bytes().repeat(3));
    assert_eq!(imputed.data[12..16], 1_f32.to_le_bytes());

    // As many as the share says are fine, also where the product would be less than that.
    for (share, nulls) in [(0.29, 29), (0.57, 57), (0.58, 58)] {
        let mut just = field("reject");
        just["max_null_rate"] = json!(share);
        assert!(run(&just, &mut numbers(100, nulls)).is_ok(), "{share}");
        assert!(run(&just, &mut numbers(100, nulls + 1)).is_err(), "{share}");
    }

    // A rate that not one in 20 keeps applies from where one can be missing.
    let mut rare = field("reject");
    rare["max_null_rate"] = json!(0.01);
    assert!(run(&rare, &mut numbers(99, 50)).is_ok());
    assert!(run(&rare, &mut numbers(100, 2)).is_err());
    rare["min_rows"] = json!(2);
    assert!(run(&rare, &mut numbers(2, 1)).is_err());
}

#[test]
fn a_refusal_has_an_end() {
    let field = json!({"type": "number", "max": 0});
    let refused = run(&field, &mut floats(&[1.0; MOST_VIOLATIONS])).unwrap_err();
    assert_eq!(refused.len(), MOST_VIOLATIONS);
    let refused = run(&field, &mut floats(&[1.0; MOST_VIOLATIONS + 234])).unwrap_err();
    assert_eq!(refused.len(), MOST_VIOLATIONS + 1);
    assert_eq!(refused[MOST_VIOLATIONS].to_string(), "x: 234 more violations are left out");
    let field = json!({"type": "number", "max": 0, "policy": "abstain"});
    let remarks = run(&field, &mut floats(&[1.0; MOST_VIOLATIONS + 1])).unwrap();
    assert_eq!(remarks.flags[MOST_VIOLATIONS].to_string(), "x: one more violation is left out");
    assert_eq!(remarks.abstained.len(), MOST_VIOLATIONS + 1);
}

#[test]
fn a_field_that_is_wrong_everywhere_leaves_room_for_others() {
    let columns = ["a", "b", "c"].map(str::to_owned);
    let fields = json!([
        {"name": "a", "type": "number", "max": 0},
        {"name": "b", "type": "number", "max": 0, "policy": "flag"},
        {"name": "c", "type": "number", "max": 0},
    ]);
    let input = Input { name: "x", datatype: Datatype::Fp32, shape: &[-1, 3], columns: &columns };
    let checker = contract(fields).compile(&[input]).unwrap();
    let rows = 5 * MOST_VIOLATIONS;
    // The last is wrong in three rows only, at the end.
    let row = |row| [1.0, 1.0, if row + 3 >= rows { 1.0 } else { -1.0 }];
    let mut case = floats(&(0..rows).flat_map(row).collect::<Vec<_>>());
    let shape = &[rows as u64, 3];
    let values = Values { datatype: Datatype::Fp32, shape, data: &mut case.data };
    let mut refused = checker.check(&mut [Some(values)]).unwrap_err();
    let last = refused.pop().unwrap();
    assert_eq!(last.message, format!("{} more violations are left out", 2 * rows + 3 - 1_000));
    assert_eq!((refused.len(), last.row), (MOST_VIOLATIONS, None));
    let of = |field: &str| -> Vec<u64> {
        refused
            .iter()
            .filter(|found| found.field == field)
            .map(|found| found.row.unwrap())
            .collect()
    };
    assert_eq!(of("c"), [4_997, 4_998, 4_999]);
    for field in ["a", "b"] {
        let rows = of(field);
        assert!(rows.len() >= 498 && rows.iter().copied().eq(0..rows.len() as u64), "{field}");
    }
    // What it is refused for comes first.
    let first = refused.iter().position(|found| found.field == "b").unwrap();
    assert!(refused[first..].iter().all(|found| found.field == "b"));
}

#[test]
fn columns_are_along_the_last_dimension() {
    let columns = ["a".to_owned(), "b".to_owned()];
    let fields = json!([{"name": "b", "type": "number", "max": 0}]);
    let rows = |spec: &[i64], shape: &[u64]| {
        let input = Input { name: "x", datatype: Datatype::Fp32, shape: spec, columns: &columns };
        let checker = contract(fields.clone()).compile(&[input]).unwrap();
        let mut case = floats(&[1.0; 12]);
        case.data.truncate(4 * shape.iter().product::<u64>() as usize);
        let values = Values { datatype: Datatype::Fp32, shape, data: &mut case.data };
        let found = checker.check(&mut [Some(values)]).unwrap_err();
        found.iter().map(|found| (found.code, found.row)).collect::<Vec<_>>()
    };
    let out = |row| (Code::OutOfRange, Some(row));
    assert_eq!(rows(&[2], &[2]), [out(0)]);
    assert_eq!(rows(&[-1, 2], &[3, 2]), [out(0), out(1), out(2)]);
    assert_eq!(rows(&[-1, -1, 2], &[2, 3, 2]), [0, 0, 0, 1, 1, 1].map(out));
    assert_eq!(rows(&[-1, -1], &[2, 3]), [(Code::WrongShape, None)]);
    assert_eq!(rows(&[-1, -1], &[]), [(Code::WrongShape, None)]);
}

#[test]
fn fields_are_found_or_told() {
    let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let check = |field: Value, names: &[&str], fault: &str| {
        let names = columns(names);
        let inputs = [
            Input { name: "x", datatype: Datatype::Uint8, shape: &[-1, 2], columns: &names },
            Input { name: "b", datatype: Datatype::Bytes, shape: &[-1], columns: &[] },
        ];
        let faults = contract(json!([field])).compile(&inputs).unwrap_err();
        assert!(faults.iter().any(|found| found.contains(fault)), "{fault}: {faults:?}");
    };
    let number = |name: &str| json!({"name": name, "type": "number"});
    check(number("y"), &[], "there is no input or column of this name; there are `x`, `b`");
    check(number("b"), &["a", "b"], "is in more than one input");
    check(number("b"), &[], "BYTES cannot be a number");
    check(number("x"), &["a", "b", "c"], "has 3 names of columns, but its last dimension has 2");
    check(number("x"), &["a", "a"], "column `a` is there twice");
    check(number("x"), &["a", ""], "a column has no name");
    for kind in ["text", "date", "picture"] {
        let field = json!({"name": "x", "type": kind});
        check(field, &[], &format!("UINT8 cannot be a {kind}"));
    }
    check(json!({"name": "b", "type": "boolean"}), &[], "BYTES cannot be a boolean");
    let texts = json!({"name": "x", "type": "category", "categories": ["a"]});
    check(texts, &[], "UINT8 cannot be a category of texts");
    let numbers = json!({"name": "b", "type": "category", "categories": [1]});
    check(numbers, &[], "BYTES cannot be a category of numbers");
    let default = json!({"name": "x", "type": "number", "default": 256});
    check(default, &[], "its `default` cannot be an element of UINT8");
}

#[test]
fn a_column_cannot_be_left_out() {
    let fields = json!([{"name": "a", "type": "number", "required": false, "nullable": true}]);
    let columns = ["a".to_owned(), "b".to_owned()];
    let x = Input { name: "x", datatype: Datatype::Fp32, shape: &[-1, 2], columns: &columns };
    assert_eq!(
        contract(fields.clone()).compile(&[x]).unwrap_err(),
        ["field `a`: `required` is false, but it has a place in every row of `x`; say `nullable`"]
    );
    let a = Input { name: "a", shape: &[-1, 1], columns: &columns[..1], ..x };
    assert!(contract(fields.clone()).compile(&[a]).is_ok());
    assert!(contract(fields).compile(&[Input { columns: &[], ..a }]).is_ok());
}
