//! Detections that make.py has none of: numbers that are none, boxes without an
//! area, and many.

use crate::cases::{after_of, floats, numbers, run, spec};
use outpost_blocks::Batch;
use serde_json::{Value, json};
use std::time::Instant;

/// What is found among boxes of two corners, with a score for each of two classes.
fn found(boxes: &[[f32; 6]], more: Value) -> Batch {
    let mut stated = json!({"block": "boxes", "format": "xyxy", "layout": "anchors_first"});
    stated.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (block, _) = after_of(stated, &[], &[spec("x", "FP32", &[1, -1, 6])]).unwrap();
    let tensor = floats("x", &[1, boxes.len() as u64, 6], boxes.as_flattened());
    run(&*block, vec![tensor]).unwrap()
}

fn scores(batch: &mut Batch) -> Vec<f32> {
    numbers(&batch.take("scores").unwrap()).into_iter().map(|score| score as f32).collect()
}

#[test]
fn numbers_that_are_none() {
    let (nan, infinite) = (f32::NAN, f32::INFINITY);
    let mut batch = found(
        &[
            [nan, 0.0, 1.0, 1.0, 0.9, 0.0],
            [0.0, 0.0, infinite, 1.0, 0.8, 0.0],
            [0.0, 0.0, 1.0, 1.0, nan, 0.7],
            [5.0, 5.0, 6.0, 6.0, nan, nan],
            [9.0, 9.0, 9.5, 9.5, 0.0, infinite],
        ],
        json!({}),
    );
    assert_eq!(numbers(&batch.take("classes").unwrap()), [1.0, 1.0]);
    assert_eq!(scores(&mut batch), [infinite, 0.7]);
}

#[test]
fn boxes_without_an_area_displace_nothing() {
    let point = [1.0, 1.0, 1.0, 1.0, 0.9, 0.0];
    let mirrored = [3.0, 3.0, 1.0, 1.0, 0.8, 0.0];
    let mut batch = found(&[point, point, mirrored, mirrored], json!({"iou_threshold": 0.0}));
    assert_eq!(scores(&mut batch), [0.9, 0.9, 0.8, 0.8]);
}

#[test]
fn thresholds_must_be_exceeded() {
    // They overlap by just a half, and the third's score is just the threshold.
    let boxes = [
        [0.0, 0.0, 2.0, 2.0, 0.9, 0.0],
        [0.0, 0.0, 2.0, 4.0, 0.8, 0.0],
        [50.0, 50.0, 51.0, 51.0, 0.3, 0.0],
    ];
    let mut batch = found(&boxes, json!({"iou_threshold": 0.5, "score_threshold": 0.3}));
    assert_eq!(scores(&mut batch), [0.9, 0.8]);
    let several = json!({"iou_threshold": 0.5, "score_threshold": 0.3, "multi_label": true});
    assert_eq!(scores(&mut found(&boxes, several)), [0.9, 0.8]);
    let mut batch = found(&boxes, json!({"iou_threshold": 0.499, "score_threshold": 0.299}));
    assert_eq!(scores(&mut batch), [0.9, 0.3]);
}

#[test]
fn equal_scores_are_in_the_order_of_their_anchors() {
    let boxes = [[0.0, 0.0, 2.0, 2.0, 0.5, 0.5], [0.5, 0.0, 2.5, 2.0, 0.5, 0.5]];
    let mut batch = found(&boxes, json!({"multi_label": true}));
    assert_eq!(numbers(&batch.take("classes").unwrap()), [0.0, 1.0]);
    assert_eq!(numbers(&batch.take("boxes").unwrap())[..4], [0.0, 0.0, 2.0, 2.0]);
    let mut batch = found(&boxes, json!({}));
    assert_eq!(numbers(&batch.take("classes").unwrap()), [0.0]);
}

#[test]
fn many_boxes_take_little_time() {
    // As many as YOLO has for 1280 × 1280, all possible, none displacing another.
    let boxes: Vec<[f32; 6]> = (0..33_600)
        .map(|place| {
            let (x, y) = ((place % 180) as f32 * 10.0, (place / 180) as f32 * 10.0);
            [x, y, x + 5.0, y + 5.0, 0.5 + place as f32 / 1e5, 0.0]
        })
        .collect();
    let start = Instant::now();
    let mut batch = found(&boxes, json!({"max_boxes": 1000, "score_threshold": 0.0}));
    assert_eq!(numbers(&batch.take("count").unwrap()), [1000.0]);
    assert!(start.elapsed().as_secs() < 5);
}
