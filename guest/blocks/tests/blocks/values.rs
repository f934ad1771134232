//! What a model gives that it should not: no block panics, and each says whose fault
//! it is.

use crate::cases::{after_of, floats, numbers, run, spec};
use crate::random::Random;
use outpost_blocks::Batch;
use outpost_guest::{Error, Tensor, TensorSpec};
use serde_json::{Value, json};

const BLOCKS: &[(&str, &[i64])] = &[
    (r#"{"block": "softmax"}"#, &[-1, -1]),
    (r#"{"block": "sigmoid"}"#, &[-1, -1]),
    (r#"{"block": "argmax"}"#, &[-1, -1]),
    (r#"{"block": "argmax", "axis": 0, "labels": ["a", "b", "c"]}"#, &[-1, -1]),
    (r#"{"block": "top-k", "k": 2}"#, &[-1, -1]),
    (r#"{"block": "top-k", "k": 1, "labels": ["a", "b"]}"#, &[-1, -1]),
    (r#"{"block": "threshold", "threshold": 0.5}"#, &[-1, -1]),
    (r#"{"block": "scale", "inverse": "log"}"#, &[-1, -1]),
    (r#"{"block": "l2-normalise"}"#, &[-1, -1]),
    (r#"{"block": "mean-pooling", "mask": "mask"}"#, &[-1, -1, -1]),
    (r#"{"block": "boxes", "layout": "anchors_last"}"#, &[-1, -1, -1]),
    (
        r#"{"block": "boxes", "layout": "anchors_first", "objectness": true, "multi_label": true}"#,
        &[-1, -1, -1],
    ),
    (
        r#"{"block": "boxes", "layout": "anchors_last", "labels": ["a"], "across_classes": true}"#,
        &[-1, -1, -1],
    ),
];

fn mask_spec() -> TensorSpec {
    spec("mask", "FP32", &[-1, -1])
}

impl Random {
    fn number(&mut self) -> f32 {
        let odd =
            [0.0, -0.0, 1.0, f32::NAN, f32::INFINITY, -f32::INFINITY, f32::MAX, f32::MIN, 1e-45];
        match self.next(3) {
            0 => odd[self.next(odd.len())],
            1 => f32::from_bits(self.next(usize::MAX >> 1) as u32),
            _ => self.next(1000) as f32 / 100.0,
        }
    }

    fn tensor(&mut self, name: &str, shape: &[u64]) -> Tensor {
        let count = shape.iter().product::<u64>();
        let numbers: Vec<f32> = (0..count).map(|_| self.number()).collect();
        floats(name, shape, &numbers)
    }
}

#[test]
fn any_numbers_of_any_shape() {
    let mut random = Random(1);
    let (mut answered, mut failed) = (0, 0);
    for (stated, shape) in BLOCKS {
        let stated: Value = serde_json::from_str(stated).unwrap();
        let outer = [spec("x", "FP32", shape)];
        let (block, specs) = after_of(stated.clone(), &[mask_spec()], &outer).unwrap();
        for _ in 0..400 {
            let shape: Vec<u64> = shape.iter().map(|_| random.next(9) as u64).collect();
            let tensor = random.tensor("x", &shape);
            let mask = random.tensor("mask", &shape[..2]);
            let mut batch = Batch { tensors: vec![tensor], inputs: vec![mask], ..Batch::default() };
            match block.run(&mut batch) {
                Ok(()) => answered += 1,
                Err(Error::Failed(_)) => {
                    failed += 1;
                    continue;
                }
                Err(error) => panic!("{stated}: {error:?}"),
            }
            // Just what was foretold, in sizes that are right.
            let given = std::mem::take(&mut batch.tensors);
            assert_eq!(given.len(), specs.len(), "{stated}");
            let checked = outpost_guest::check_inputs(given, &specs);
            assert!(checked.is_ok(), "{stated} of {shape:?}: {checked:?}");
            let rows = shape[0].max(1);
            assert!(batch.abstained.iter().all(|&row| row < rows), "{stated} of {shape:?}");
            assert_eq!(batch.abstained.len(), batch.flags.len());
        }
    }
    assert!(answered > 3000 && failed > 100, "{answered} were answered, {failed} failed");
}

#[test]
fn tensors_that_are_not_as_described() {
    for (stated, shape) in BLOCKS {
        let stated: Value = serde_json::from_str(stated).unwrap();
        let (block, _) =
            after_of(stated.clone(), &[mask_spec()], &[spec("x", "FP32", shape)]).unwrap();
        let extents = vec![7; shape.len()];
        let good = Random(2).tensor("x", &extents);
        let mut more = extents.clone();
        more.push(1);
        let cases = [
            ("none", vec![]),
            ("another name", vec![Tensor { name: "y".into(), ..good.clone() }]),
            (
                "another type",
                vec![Tensor { datatype: outpost_guest::Datatype::Int32, ..good.clone() }],
            ),
            ("more dimensions", vec![Tensor { shape: more, ..good.clone() }]),
            ("no dimensions", vec![Tensor { shape: vec![], ..good.clone() }]),
            ("too few data", vec![Tensor { data: good.data[4..].into(), ..good.clone() }]),
            (
                "too many data",
                vec![Tensor { data: [&good.data[..], &[0]].concat(), ..good.clone() }],
            ),
            ("no data", vec![Tensor { data: vec![], ..good.clone() }]),
            (
                "too many of them",
                vec![Tensor { shape: vec![u64::MAX; shape.len()], ..good.clone() }],
            ),
        ];
        for (name, tensors) in cases {
            let result = run(&*block, tensors);
            assert!(matches!(result, Err(Error::Failed(_))), "{name} for {stated}: {result:?}");
        }
    }
}

#[test]
fn shapes_of_nothing_take_no_time() {
    for (stated, shape) in BLOCKS {
        let stated: Value = serde_json::from_str(stated).unwrap();
        let (block, _) =
            after_of(stated.clone(), &[mask_spec()], &[spec("x", "FP32", shape)]).unwrap();
        let mut extents = vec![1 << 40; shape.len()];
        extents[0] = 0;
        let _ = run(&*block, vec![floats("x", &extents, &[])]);
        if stated["block"] != "boxes" {
            extents.reverse();
            let _ = run(&*block, vec![floats("x", &extents, &[])]);
        }
    }
}

#[test]
fn a_mask_that_does_not_fit_or_is_not_there() {
    let stated = json!({"block": "mean-pooling", "mask": "mask"});
    let outer = [spec("x", "FP32", &[-1, -1, -1])];
    let (block, _) = after_of(stated, &[mask_spec()], &outer).unwrap();
    let masks = [
        vec![],
        vec![floats("mask", &[2, 2], &[1.0; 4])],
        vec![floats("mask", &[2, 3], &[1.0; 5])],
        vec![floats("mask", &[6], &[1.0; 6])],
    ];
    for inputs in masks {
        let tensors = vec![floats("x", &[2, 3, 1], &[1.0; 6])];
        let mut batch = Batch { tensors, inputs, ..Batch::default() };
        assert!(matches!(block.run(&mut batch), Err(Error::Failed(_))));
    }
    // It stays for the next who wants it.
    let tensors = vec![floats("x", &[2, 3, 1], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
    let inputs = vec![floats("mask", &[2, 3], &[1.0, 0.0, 1.0, 0.0, 1.0, 1.0])];
    let mut batch = Batch { tensors, inputs, ..Batch::default() };
    block.run(&mut batch).unwrap();
    assert_eq!(numbers(&batch.tensors[0]), [2.0, 5.5]);
    assert_eq!(batch.inputs.len(), 1);
}

#[test]
fn scores_without_a_label() {
    for block in ["argmax", "top-k"] {
        let mut stated = json!({"block": block, "labels": ["a", "b"]});
        if block == "top-k" {
            stated["k"] = json!(1);
        }
        let (block, _) = after_of(stated, &[], &[spec("x", "FP32", &[-1, -1])]).unwrap();
        let right = run(&*block, vec![floats("x", &[1, 2], &[0.0, 1.0])]).unwrap();
        assert_eq!(right.tensors[0].data, crate::cases::element(b"b"));
        let wrong = run(&*block, vec![floats("x", &[1, 3], &[0.0, 1.0, 2.0])]);
        assert!(matches!(wrong, Err(Error::Failed(_))), "{wrong:?}");
    }
}
