//! Every case that make.py recorded from ONNX Runtime, through one check: the
//! scores and the labels, and that a row gets the same scores alone, in a small
//! batch and in a large one.

use crate::json;
use outpost_trees::{Description, Element, Ensemble, Precision};
use serde_json::Value;

#[test]
fn regressors_score_as_onnx_runtime() {
    check_all(include_str!("../regressor.json"));
}

#[test]
fn classifiers_score_and_label_as_onnx_runtime() {
    check_all(include_str!("../classifier.json"));
}

#[test]
fn ensembles_score_as_onnx_runtime() {
    check_all(include_str!("../ensemble.json"));
}

fn check_all(cases: &str) {
    let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn check(case: &Value) -> Result<(), String> {
    let x = json::numbers(&case["x"]);
    match case["element"].as_str().unwrap() {
        "f32" => check_rows(case, x.into_iter().map(|x| x as f32).collect()),
        "f64" => check_rows(case, x),
        "i32" => check_rows(case, x.into_iter().map(|x| x as i32).collect()),
        "i64" => check_rows(case, x.into_iter().map(|x| x as i64).collect()),
        other => unreachable!("{other}"),
    }
}

fn check_rows<X: Element>(case: &Value, x: Vec<X>) -> Result<(), String> {
    let name = case["name"].as_str().unwrap();
    let columns = case["columns"].as_u64().unwrap() as usize;
    let description = json::description(case["operator"].as_str().unwrap(), &case["attributes"]);
    let double = case["double"].as_bool().unwrap();
    let precision = if double { Precision::Double } else { Precision::Single };
    let ensemble =
        Ensemble::new(&description, precision).map_err(|error| format!("{name}: {error}"))?;

    // Sums are the same to the bit. A logarithm or an exponential need not be, nor
    // what begins with the sum of a leaf's weights for the same target.
    let transform = &case["attributes"]["post_transform"];
    let exact = transform.is_null() || transform == "NONE" || transform == 0;
    let exact = exact && name != "two weights for a target";
    let (scores, labels) = predict(&ensemble, &description, &x, columns);
    for (at, (&score, expected)) in
        scores.iter().zip(case["scores"].as_array().unwrap()).enumerate()
    {
        if !expected.is_null() && !close(score, json::number(expected), exact) {
            return Err(format!("{name}: score {at} is {score:e} instead of {expected}"));
        }
    }
    if let Some(expected) = case["labels"].as_array() {
        let expected: Vec<u32> = expected.iter().map(|it| it.as_u64().unwrap() as u32).collect();
        if labels != expected {
            return Err(format!("{name}: labels {labels:?} instead of {expected:?}"));
        }
    }

    let alone: Vec<_> =
        x.chunks(columns).map(|row| predict(&ensemble, &description, row, columns)).collect();
    let many: Vec<X> = x.iter().copied().cycle().take(x.len() * 13).collect();
    let (many_scores, many_labels) = predict(&ensemble, &description, &many, columns);
    let bits = |scores: &[f64]| scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>();
    let alone_scores: Vec<f64> = alone.iter().flat_map(|(scores, _)| scores.clone()).collect();
    let alone_labels: Vec<u32> = alone.iter().flat_map(|(_, labels)| labels.clone()).collect();
    if bits(&scores) != bits(&alone_scores) || bits(&scores.repeat(13)) != bits(&many_scores) {
        return Err(format!("{name}: scores depend on the size of the batch"));
    }
    if labels != alone_labels || labels.repeat(13) != many_labels {
        return Err(format!("{name}: labels depend on the size of the batch"));
    }
    Ok(())
}

fn predict<X: Element>(
    ensemble: &Ensemble,
    description: &Description,
    x: &[X],
    columns: usize,
) -> (Vec<f64>, Vec<u32>) {
    let rows = x.len() / columns;
    let mut scores = vec![0.0_f64; rows * ensemble.targets()];
    if let Description::Classifier(_) = description {
        let mut labels = vec![u32::MAX; rows];
        ensemble.classify(x, columns, &mut scores, &mut labels).unwrap();
        (scores, labels)
    } else {
        ensemble.predict(x, columns, &mut scores).unwrap();
        (scores, vec![])
    }
}

fn close(score: f64, expected: f64, exact: bool) -> bool {
    score == expected
        || score as f32 == expected as f32
        || (score.is_nan() && expected.is_nan())
        || (!exact && (score - expected).abs() <= 1e-6 * expected.abs())
}
