//! Times the steps of a usual pipeline, natively, on a picture that is given or on
//! one of the tests': `cargo run --release --example picture_time -- photo.jpg`.
#![allow(clippy::unwrap_used)]

use outpost_picture::{Channels, Filter, Limits, Picture, Pipeline};
use outpost_picture::{convert, decode, scale};
use std::hint::black_box;
use std::time::Instant;

const STEPS: &str = r#"[
    {"resize": {"width": 224, "height": 224, "filter": "bilinear"}},
    {"tensor": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}
]"#;

fn main() {
    let path = std::env::args().nth(1);
    let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pictures/quality-75.jpg");
    let file = std::fs::read(path.as_deref().unwrap_or(usual)).unwrap();
    let limits = Limits::default();

    let picture = convert(decode(&file, &limits).unwrap(), Channels::Rgb);
    println!("{} × {} pixels in {} bytes", picture.width(), picture.height(), file.len());
    time("decode", || decode(&file, &limits).unwrap());
    for filter in [Filter::Nearest, Filter::Box, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos]
    {
        let resize = |picture: &Picture| scale(picture.clone(), 224, 224, filter, &limits).unwrap();
        time(&format!("{filter:?}"), || resize(&picture));
    }
    let pipeline = Pipeline::new(serde_json::from_str(STEPS).unwrap()).unwrap();
    time("everything", || pipeline.run(&file).unwrap());
}

fn time<T>(name: &str, work: impl Fn() -> T) {
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed().as_secs() < 1 {
        let start = Instant::now();
        black_box(work());
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let (best, middle) = (times.first().unwrap(), times.get(times.len() / 2).unwrap());
    println!("{name:12} {best:7.3} ms at best, {middle:7.3} in the middle");
}
