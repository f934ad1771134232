//! The same ids, masks and type ids as `tokenizers`.

use crate::{NAMES, json, numbers, texts, tokenizer};
use outpost_text::{Encoded, Error, Options, Padding, Tokenizer, Truncation};
use serde_json::{Value, json as object};

/// Neither cut nor padded, whatever the file says.
fn plain() -> Options {
    Options {
        truncation: Some(Truncation::None),
        padding: Some(Padding::Longest),
        multiple_of: Some(0),
        ..Options::default()
    }
}

fn row(encoded: Encoded<i64>) -> [Vec<i64>; 3] {
    assert_eq!(encoded.shape, [1, encoded.ids.len()]);
    [encoded.ids, encoded.mask, encoded.types]
}

fn expected(value: &Value) -> [Vec<i64>; 3] {
    [numbers(&value[0]), numbers(&value[1]), numbers(&value[2])]
}

struct Check(Vec<String>);

impl Check {
    fn eq<T: PartialEq + std::fmt::Debug>(&mut self, what: String, found: T, expected: T) {
        if found != expected {
            self.0.push(format!("{what}\n  found    {found:?}\n  expected {expected:?}"));
        }
    }

    fn done(self) {
        assert!(self.0.is_empty(), "{} differ\n{}", self.0.len(), self.0.join("\n"));
    }
}

fn check(
    expectations: &Value,
    names: &[&str],
    load: impl Fn(&str) -> Tokenizer,
    check: &mut Check,
) {
    let all = texts(&expectations["texts"]);
    for name in names {
        let wanted = &expectations["tokenizers"][name];
        let tokenizer = load(name).with_options(&plain()).unwrap();
        for (text, ids) in all.iter().zip(wanted["ids"].as_array().unwrap()) {
            let found = tokenizer.encode_batch::<i64>(&[text]).unwrap();
            check.eq(format!("{name} {text:?}"), found.ids, numbers(ids));
        }
        for noise in wanted["noise"].as_array().unwrap() {
            let text = noise[0].as_str().unwrap();
            let found = tokenizer.encode_batch::<i64>(&[text]).unwrap();
            check.eq(format!("{name} noise {text:?}"), found.ids, numbers(&noise[1]));
        }
        let bare = Options { add_special_tokens: false, ..plain() };
        let tokenizer = tokenizer.with_options(&bare).unwrap();
        for (text, ids) in all.iter().zip(wanted["bare"].as_array().unwrap()) {
            let found = tokenizer.encode_batch::<i64>(&[text]).unwrap();
            check.eq(format!("{name} bare {text:?}"), found.ids, numbers(ids));
        }
        let tokenizer = tokenizer.with_options(&Options::default()).unwrap();
        for (text, file) in texts(&wanted["few"]).iter().zip(wanted["file"].as_array().unwrap()) {
            let found = row(tokenizer.encode_batch(&[text]).unwrap());
            check.eq(format!("{name} file {text:?}"), found, expected(file));
        }
        let tokenizer = tokenizer.with_options(&Options { pair: true, ..plain() }).unwrap();
        let pairs = expectations["pairs"].as_array().unwrap();
        for (pair, ids) in pairs.iter().zip(wanted["pairs"].as_array().unwrap()) {
            let found = row(tokenizer
                .encode_pairs(&[(pair[0].as_str().unwrap(), pair[1].as_str().unwrap())])
                .unwrap());
            check.eq(format!("{name} {pair}"), found, expected(ids));
        }
        options(name, tokenizer, wanted, pairs, check);
    }
}

fn options(name: &str, tokenizer: Tokenizer, wanted: &Value, pairs: &[Value], check: &mut Check) {
    let mut tokenizer = tokenizer;
    for case in wanted["options"].as_array().unwrap() {
        let given = &case["options"];
        let options: Options = serde_json::from_value(given.clone()).unwrap();
        tokenizer = tokenizer.with_options(&options).unwrap();
        let found = tokenizer.encode_batch::<i64>(&texts(&wanted["few"])).unwrap();
        let join = |at: usize| -> Vec<i64> {
            case["rows"].as_array().unwrap().iter().flat_map(|row| numbers(&row[at])).collect()
        };
        let found = [found.ids, found.mask, found.types];
        check.eq(format!("{name} {given}"), found, [join(0), join(1), join(2)]);

        tokenizer = tokenizer.with_options(&Options { pair: true, ..options }).unwrap();
        for (pair, wanted) in pairs.iter().zip(case["pairs"].as_array().unwrap()) {
            let texts = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
            let found = tokenizer.encode_pairs(&[texts]);
            match wanted.is_null() {
                true => {
                    check.eq(format!("{name} {given} {pair}"), found, Err(Error::FirstTooShort))
                }
                false => {
                    check.eq(
                        format!("{name} {given} {pair}"),
                        row(found.unwrap()),
                        expected(wanted),
                    );
                }
            }
        }
    }
}

#[test]
fn ids_are_those_of_tokenizers() {
    let mut differences = Check(Vec::new());
    check(&json("expected.json"), &NAMES, tokenizer, &mut differences);
    differences.done();
}

/// What is too large to commit: FULL is the folder that make.py wrote it to.
#[test]
fn ids_are_those_of_tokenizers_for_the_charsmap_of_sentencepiece() {
    let Ok(folder) = std::env::var("FULL") else { return };
    let read = |name: &str| std::fs::read(format!("{folder}/{name}.json")).unwrap();
    let expected = serde_json::from_slice(&read("expected")).unwrap();
    let mut differences = Check(Vec::new());
    let load = |name: &str| Tokenizer::from_json(&read(name)).unwrap();
    check(&expected, &["nmt_nfkc"], load, &mut differences);
    differences.done();
}

#[test]
fn components_cut_and_rewrite_as_those_of_tokenizers() {
    let components = json("components.json");
    let mut differences = Check(Vec::new());
    for case in components["cases"].as_array().unwrap() {
        let (normalizer, pre_tokenizer) = (&case["normalizer"], &case["pre_tokenizer"]);
        let file = object!({
            "model": components["model"],
            "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer,
        });
        let tokenizer = Tokenizer::from_json(file.to_string().as_bytes()).unwrap();
        let texts = texts(&components["texts"]);
        for (text, ids) in texts.iter().zip(case["ids"].as_array().unwrap()) {
            let found = tokenizer.encode_batch::<i64>(&[text]).unwrap();
            let what = format!("{normalizer} {pre_tokenizer} {text:?}");
            differences.eq(what, found.ids, numbers(ids));
        }
    }
    differences.done();
}
