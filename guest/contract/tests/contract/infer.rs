//! Guesses, against what pandas makes of the same table: see make.py.

use outpost_contract::{Contract, Kind, NULLS, Policy, Profile, Value};

fn profile() -> Profile {
    let mut reader = csv::Reader::from_reader(include_str!("../awkward.csv").as_bytes());
    let mut profile = Profile::new(reader.headers().unwrap());
    for row in reader.records() {
        profile.push(row.unwrap().iter());
    }
    profile
}

fn back(text: &str) -> Contract {
    let table: toml::Table = text.parse().unwrap();
    table["contract"].clone().try_into().unwrap()
}

#[test]
fn guesses_are_those_of_pandas() {
    let reference: serde_json::Value =
        serde_json::from_str(include_str!("../reference.json")).unwrap();
    let profile = profile();
    let contract = profile.contract();
    let text = profile.to_toml();
    let columns = reference["columns"].as_array().unwrap();
    assert_eq!(columns.len(), contract.fields.len());
    let remarks = text.lines().filter(|line| line.contains(" nulls, distinct values: "));
    for ((column, field), remark) in columns.iter().zip(&contract.fields).zip(remarks) {
        let name = column["name"].as_str().unwrap();
        assert_eq!(field.name, name);
        assert_eq!(field.kind.to_string(), column["type"].as_str().unwrap(), "{name}");
        let counted = format!(
            "# {} rows, {} nulls, distinct values: {}",
            profile.rows(),
            column["nulls"],
            column["distinct"]
        );
        assert!(remark.starts_with(&counted), "{name}: {remark}");
        assert_eq!(field.nullable, column["nulls"] != 0, "{name}");
        let required = (!field.nullable).then_some(Policy::Reject);
        assert_eq!(field.null_policy, required, "{name}");
        match field.kind {
            Kind::Integer | Kind::Number => {
                let (least, most) = (&column["least"], &column["most"]);
                let (least, most) = (least.as_f64().unwrap(), most.as_f64().unwrap());
                let span = most - least;
                let margin = 0.1 * if span == 0.0 { least.abs() } else { span };
                let step = if field.kind == Kind::Integer { 1.0 } else { margin / 50.0 };
                let (min, max) = (field.min.unwrap(), field.max.unwrap());
                assert!(min <= least && min >= least - margin - step, "{name}: {min}");
                assert!(max >= most && max <= most + margin + step, "{name}: {max}");
                let default = match field.default.as_ref().unwrap() {
                    Value::Integer(number) => serde_json::json!(number),
                    Value::Number(number) => serde_json::json!(number),
                    _ => panic!("no number"),
                };
                assert_eq!(default, column["median"], "{name}");
            }
            Kind::Category => {
                let categories = serde_json::to_value(&field.categories).unwrap();
                assert_eq!(categories, column["categories"], "{name}");
                let default = serde_json::to_value(&field.default).unwrap();
                assert!(column["modes"].as_array().unwrap().contains(&default), "{name}");
            }
            Kind::Text => {
                let longest = column["lengths"][1].as_u64();
                assert_eq!(field.max_length, longest.map(|longest| 2 * longest), "{name}");
            }
            _ => {}
        }
    }
}

#[test]
fn the_text_is_the_contract() {
    let profile = profile();
    let contract = profile.contract();
    assert_eq!(contract.faults(), Vec::<String>::new());
    let text = profile.to_toml();
    assert_eq!(back(&text), contract);
    for null in NULLS {
        assert!(text.contains(&format!(" \"{null}\"")));
    }
    // Names that were there once are not given away.
    assert!(!text.contains("Ms."));
}

#[test]
fn ranges_have_a_margin_and_keep_their_sign() {
    let range = |cells: &[&str]| {
        let mut profile = Profile::new(["x"]);
        cells.iter().for_each(|cell| profile.push([*cell].into_iter()));
        let contract = back(&profile.to_toml());
        (contract.fields[0].min.unwrap(), contract.fields[0].max.unwrap())
    };
    assert_eq!(range(&["17", "90"]), (9.0, 98.0));
    assert_eq!(range(&["0.1", "0.3"]), (0.08, 0.32));
    assert_eq!(range(&["1", "101"]), (0.0, 111.0));
    assert_eq!(range(&["-5", "-1"]), (-6.0, 0.0));
    assert_eq!(range(&["-10", "10"]), (-12.0, 12.0));
    assert_eq!(range(&["5", "5"]), (4.0, 6.0));
    assert_eq!(range(&["0", "0"]), (0.0, 1.0));
    let (min, max) = range(&["-1e308", "1.5e308"]);
    assert!(min.is_finite() && min <= -1e308 && max.is_finite() && max >= 1.5e308);
}

#[test]
fn rows_and_names_need_not_fit() {
    let mut profile = Profile::new(["a", "", "a"]);
    profile.push(["1"].into_iter());
    profile.push(["2", "x", "y", "z"].into_iter());
    profile.push(["3", "x", "y"].into_iter());
    assert_eq!((profile.rows(), profile.uneven()), (3, 2));
    let contract = profile.contract();
    let names: Vec<&str> = contract.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["a", "column_2", "a_2"]);
    assert_eq!(
        contract.fields.iter().map(|field| field.nullable).collect::<Vec<_>>(),
        [false, true, true]
    );
    assert_eq!(contract.fields[1].max_null_rate, Some(0.67));
}

#[test]
fn memory_is_bounded() {
    let mut profile = Profile::new(["number", "name"]);
    for row in 0..100_000 {
        profile.push([row.to_string(), format!("name {row}")].iter().map(String::as_str));
    }
    let text = profile.to_toml();
    assert!(text.contains("distinct values: more than 1000"), "{text}");
    assert!(text.contains("median of a sample"), "{text}");
    let Some(Value::Integer(median)) = profile.contract().fields[0].default else {
        panic!("has none")
    };
    assert!((48_000..52_000).contains(&median), "{median}");
    let held = format!("{profile:?}").len();
    assert!(held < 300_000, "{held}");
}
