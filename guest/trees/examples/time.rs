//! Times the models of time.py: one row, and 1,000 of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

use outpost_trees::{Description, Ensemble, Precision};
use std::fs;
use std::hint::black_box;
use std::time::Instant;

#[path = "../tests/trees/json.rs"]
mod json;

fn main() {
    for name in ["forest", "digits", "boosted"] {
        let text = fs::read(format!("/tmp/trees/{name}.json")).unwrap();
        let case: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let columns = case["columns"].as_u64().unwrap() as usize;
        let x: Vec<f32> = json::numbers(&case["x"]).into_iter().map(|x| x as f32).collect();
        let description =
            json::description(case["operator"].as_str().unwrap(), &case["attributes"]);

        let start = Instant::now();
        let ensemble = Ensemble::new(&description, Precision::Single).unwrap();
        println!("{name:8} built in {:.1?}", start.elapsed());
        let expected = json::numbers(&case["scores"]);
        for rows in [1, 1000] {
            time(&description, &ensemble, &x[..rows * columns], columns, name, &expected);
        }
    }
}

fn time(
    description: &Description,
    ensemble: &Ensemble,
    x: &[f32],
    columns: usize,
    name: &str,
    expected: &[f64],
) {
    let rows = x.len() / columns;
    let mut scores = vec![0.0_f32; rows * ensemble.targets()];
    let mut labels = vec![0; rows];
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed().as_secs() < 2 {
        let start = Instant::now();
        let x = black_box(x);
        match description {
            Description::Classifier(_) => {
                ensemble.classify(x, columns, &mut scores, &mut labels).unwrap();
            }
            _ => ensemble.predict(x, columns, &mut scores).unwrap(),
        }
        black_box(&scores);
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let differences = scores.iter().zip(expected).map(|(&a, b)| (f64::from(a) - b).abs());
    println!(
        "{name:8} {rows:5} rows {:9.1} µs at best, {:9.1} in the middle, {:.1e} off at worst",
        times[0],
        times[times.len() / 2],
        differences.fold(0.0, f64::max),
    );
}
