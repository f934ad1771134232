//! What a manifest says that cannot be, and how that is answered.

use crate::cases::{after_of, before_of, spec};
use outpost_guest::TensorSpec;
use serde_json::{Value, json};

fn outputs() -> Vec<TensorSpec> {
    vec![spec("logits", "FP32", &[-1, 3]), spec("count", "INT64", &[-1])]
}

fn inputs() -> Vec<TensorSpec> {
    vec![spec("input_ids", "INT64", &[-1, -1]), spec("attention_mask", "INT64", &[-1, -1])]
}

/// The error for a block after these outputs.
fn error_of(stated: Value, outputs: &[TensorSpec]) -> String {
    after_of(stated.clone(), &inputs(), outputs).err().unwrap_or_else(|| panic!("{stated}"))
}

#[track_caller]
fn refused(stated: Value, said: &str) {
    let error = error_of(stated, &outputs());
    assert!(error.contains(said), "{error}");
}

#[test]
fn the_block_is_named_with_its_place() {
    let error = error_of(json!({"block": "softmax", "axis": 2}), &outputs());
    assert_eq!(error, "[[after]] number 1, `softmax`: `axis` is 2, but `logits` has 2 dimensions");
    refused(json!({"block": "softmaxx"}), "there are argmax, boxes, l2-normalise");
    refused(json!({}), "does not say which `block`");
}

#[test]
fn inputs_and_outputs() {
    refused(
        json!({"block": "sigmoid", "input": "x"}),
        "no tensor `x`; there are `logits` (FP32 [-1, 3])",
    );
    refused(
        json!({"block": "sigmoid", "input": "count"}),
        "`count` is INT64; this block takes FP16",
    );
    refused(json!({"block": "sigmoid", "keep": true}), "two tensors `logits`");
    refused(json!({"block": "sigmoid", "output": "count"}), "two tensors `count`");
    refused(json!({"block": "sigmoid", "keep": 1}), "`keep`");
    refused(json!({"block": "sigmoid", "at": 1}), "unknown field `at`");
    let two = [spec("a", "FP32", &[-1]), spec("b", "FP64", &[-1])];
    let error = error_of(json!({"block": "sigmoid"}), &two);
    assert!(
        error.contains("which tensor is its `input`; there are `a` (FP32 [-1]), `b`"),
        "{error}"
    );
    let error = error_of(json!({"block": "sigmoid"}), &[]);
    assert!(error.contains("which tensor is its `input`"), "{error}");
}

#[test]
fn axes() {
    for axis in [2, -3, i64::MAX, i64::MIN] {
        for block in ["softmax", "argmax", "l2-normalise"] {
            refused(json!({"block": block, "axis": axis}), "has 2 dimensions");
        }
    }
    let error = error_of(json!({"block": "softmax"}), &[spec("x", "FP32", &[])]);
    assert!(error.contains("has 0 dimensions"), "{error}");
}

#[test]
fn labels() {
    for block in ["argmax", "top-k", "threshold"] {
        let with =
            |labels: Value| json!({"block": block, "labels": labels, "k": 1, "threshold": 0.5});
        let own = |mut stated: Value| {
            let object = stated.as_object_mut().unwrap();
            if block != "top-k" {
                object.remove("k");
            }
            if block != "threshold" {
                object.remove("threshold");
            }
            stated
        };
        refused(own(with(json!(["a", "b"]))), "has 2 labels for 3 classes");
        refused(own(with(json!([]))), "has none");
        refused(own(with(json!("a"))), "`labels`: invalid type");
        let mut both = own(with(json!(["a", "b", "c"])));
        both["labels_file"] = json!("labels.txt");
        refused(both.clone(), "`labels` and `labels_file`");
        both.as_object_mut().unwrap().remove("labels");
        assert!(after_of(both.clone(), &[], &outputs()).is_ok());
        both["labels_file"] = json!("none.png");
        refused(both, "there is no file `none.png`");
    }
    refused(json!({"block": "top-k", "k": 1, "outputs": {"labels": "x"}}), "give `labels`");
    refused(json!({"block": "boxes", "outputs": {"labels": "x"}}), "has not the three dimensions");
}

#[test]
fn numbers_of_scores() {
    for k in [0, 4, 1_000_000] {
        refused(json!({"block": "top-k", "k": k}), "it must be 1 to 3");
    }
    refused(json!({"block": "top-k"}), "missing field `k`");
    let open = [spec("x", "FP32", &[-1, -1])];
    let error = error_of(json!({"block": "top-k", "k": 0}), &open);
    assert!(error.contains("must be 1 or more"), "{error}");
    assert!(error_of(json!({"block": "top-k", "k": 3, "labels": ["a"]}), &open).contains("1 to 1"));
    assert!(
        error_of(json!({"block": "top-k", "k": 1}), &[spec("x", "FP32", &[])])
            .contains("single number")
    );
}

#[test]
fn thresholds() {
    refused(json!({"block": "threshold"}), "missing field `threshold`");
    refused(json!({"block": "threshold", "threshold": [0.5, 0.5]}), "`threshold` has 2 numbers");
    refused(json!({"block": "threshold", "threshold": "0.5"}), "did not match");
    let single = [spec("x", "FP32", &[-1])];
    let stated = json!({"block": "threshold", "threshold": 0.5, "labels": ["a", "b", "c"]});
    assert!(error_of(stated, &single).contains("give two, of no and of yes"));
    let stated = json!({"block": "threshold", "threshold": [0.5]});
    assert!(error_of(stated, &single).contains("last dimension varies"));
    let stated = json!({"block": "threshold", "threshold": 0.5, "labels": ["a", "b", "c"]});
    assert!(
        error_of(stated, &[spec("x", "FP32", &[-1, -1])]).contains("number of classes that varies")
    );
}

#[test]
fn scales() {
    let one = "takes `factor` and `offset`, or `mean` and `std`, or `inverse`";
    refused(json!({"block": "scale"}), one);
    refused(json!({"block": "scale", "mean": 1}), one);
    refused(json!({"block": "scale", "factor": 1, "inverse": "log"}), one);
    refused(json!({"block": "scale", "factor": 1, "mean": 1, "std": 1}), one);
    refused(json!({"block": "scale", "inverse": "sqrt"}), "unknown variant");
    refused(json!({"block": "scale", "mean": [1, 2], "std": 1}), "`mean` has 2 numbers");
    refused(json!({"block": "scale", "factor": []}), "`factor` has 0 numbers");
}

#[test]
fn pooling() {
    refused(json!({"block": "mean-pooling"}), "takes [N, T, D]");
    let tokens = [spec("x", "FP32", &[-1, -1, 8])];
    let error = error_of(json!({"block": "mean-pooling", "mask": "m"}), &tokens);
    assert!(error.contains("no input `m` for a `mask`; it has `input_ids`"), "{error}");
    for wrong in [
        spec("m", "INT64", &[-1]),
        spec("m", "BYTES", &[-1, -1]),
        spec("m", "INT64", &[-1, 5]),
        spec("m", "INT64", &[3, -1]),
    ] {
        let tokens = [spec("x", "FP32", &[2, 4, 8])];
        let error = after_of(json!({"block": "mean-pooling", "mask": "m"}), &[wrong], &tokens);
        assert!(error.err().unwrap().contains("does not fit; it must be numbers of shape [2, 4]"));
    }
}

#[test]
fn detectors() {
    let of = |shape: &[i64]| [spec("x", "FP32", shape)];
    let error = |stated: Value, shape: &[i64]| {
        let mut stated = stated;
        stated["block"] = json!("boxes");
        error_of(stated, &of(shape))
    };
    assert!(error(json!({}), &[-1, 6]).contains("has not the three dimensions"));
    assert!(
        error(json!({"layout": "anchors_last"}), &[-1, 6]).contains("has not the three dimensions")
    );
    assert!(error(json!({}), &[-1, 6, 6]).contains("could be either way round"));
    assert!(error(json!({}), &[-1, -1, -1]).contains("could be either way round"));
    assert!(error(json!({}), &[-1, 4, 100]).contains("too few for a box and a class"));
    assert!(error(json!({"objectness": true}), &[-1, 5, 100]).contains("too few"));
    assert!(error(json!({"layout": "rows"}), &[-1, 6, 100]).contains("unknown variant"));
    assert!(error(json!({"format": "yxyx"}), &[-1, 6, 100]).contains("unknown variant"));
    assert!(error(json!({"max_boxes": 0}), &[-1, 6, 100]).contains("it must be 1 to 10000"));
    assert!(error(json!({"max_boxes": 10001}), &[-1, 6, 100]).contains("it must be 1 to 10000"));
    assert!(error(json!({"iou_threshold": 1.1}), &[-1, 6, 100]).contains("it must be 0 to 1"));
    assert!(error(json!({"score_threshold": -0.1}), &[-1, 6, 100]).contains("it must be 0 to 1"));
    assert!(error(json!({"labels": ["a"]}), &[-1, 6, 100]).contains("1 labels for 2 classes"));
    assert!(
        error(json!({"labels": ["a", "b", "c"], "layout": "anchors_first"}), &[-1, 100, 6])
            .contains("3 labels for 2")
    );
    assert!(error(json!({"outputs": {"labels": "x"}}), &[-1, 6, 100]).contains("give `labels`"));
    assert!(
        error(json!({"outputs": {"boxes": "y", "scores": "y"}}), &[-1, 6, 100])
            .contains("two tensors `y`")
    );
    let apart = [spec("b", "FP32", &[-1, 4, 100]), spec("s", "FP32", &[-1, 3, 99])];
    let stated = json!({"block": "boxes", "input": "b", "scores": "s"});
    assert!(error_of(stated.clone(), &apart).contains("do not fit together"));
    let apart = [spec("b", "FP32", &[-1, 5, 4]), spec("s", "FP32", &[-1, 5])];
    assert!(error_of(stated.clone(), &apart).contains("three dimensions"));
    let apart = [spec("b", "FP32", &[-1, 4, 4]), spec("s", "FP32", &[-1, 4, 3])];
    assert!(error_of(stated, &apart).contains("could be either way round"));
}

#[track_caller]
fn refused_before(stated: Value, inputs: &[TensorSpec], said: &str) {
    let error = before_of(stated.clone(), inputs).err().unwrap_or_else(|| panic!("{stated}"));
    assert!(error.contains(said), "{error}");
}

#[test]
fn pictures() {
    let of = |datatype: &str, shape: &[i64]| {
        [spec("pixels", datatype, shape), spec("size", "INT64", &[-1, 2])]
    };
    let stated = |steps: Value| json!({"block": "picture", "steps": steps});
    let usual = json!([{"resize": {"width": 8, "height": 6}}, {"tensor": {}}]);
    let nchw = of("FP32", &[-1, 3, 6, 8]);
    let (_, specs) = before_of(stated(usual.clone()), &nchw).unwrap();
    assert_eq!((specs[0].name.as_str(), specs[0].shape.as_slice()), ("image", &[-1][..]));
    assert_eq!(specs[1].name, "size");

    refused_before(
        stated(usual.clone()),
        &of("FP32", &[-1, 3, 8, 6]),
        "the steps give [3, 6, 8] (channels, height, width) of each picture, and `pixels` wants [3, 8, 6]",
    );
    refused_before(stated(usual.clone()), &of("FP32", &[-1, 6, 8, 3]), "`layout` of `tensor`");
    refused_before(stated(usual.clone()), &of("FP32", &[-1, 1, 6, 8]), "mode of `decode`");
    refused_before(
        stated(usual.clone()),
        &of("UINT8", &[-1, 3, 6, 8]),
        "`pixels` is UINT8: say { tensor = { type = \"u8\" } }",
    );
    let open = json!([{"resize": {"shorter": 6}}, {"tensor": {}}]);
    refused_before(
        stated(open.clone()),
        &nchw,
        "the steps give [3, -1, -1] (channels, height, width) of each picture, and `pixels` wants [3, 6, 8]: resize with width and height",
    );
    assert!(before_of(stated(open), &of("FP16", &[-1, 3, -1, -1])).is_ok());
    // Both faults at once.
    let raw = json!([{"resize": {"width": 8, "height": 6}}]);
    refused_before(stated(raw.clone()), &nchw, "pixels as they are, and `pixels` is FP32");
    refused_before(stated(raw), &nchw, "the steps give [6, 8, 3] (height, width, channels)");
    let wrong = json!([{"resize": {"width": 0, "height": 6}}, {"tensor": {"std": [0.0]}}]);
    refused_before(stated(wrong.clone()), &nchw, "steps[0].resize.width: is 0");
    refused_before(stated(wrong), &nchw, "steps[1].tensor.std[0]: is 0");
    refused_before(stated(json!([{"rotate": {}}])), &nchw, "unknown variant `rotate`");

    refused_before(stated(usual.clone()), &[], "which input is its `output`");
    refused_before(
        stated(usual.clone()),
        &[nchw[0].clone(), spec("b", "FP32", &[-1, 3, 6, 8])],
        "which input is its `output`",
    );
    let named = |output: &str, input: &str| json!({"block": "picture", "output": output, "input": input, "steps": usual});
    refused_before(named("x", "image"), &nchw, "no input `x` to fill");
    refused_before(named("size", "image"), &nchw, "`size` (INT64 [-1, 2]) takes no pictures");
    refused_before(named("pixels", "size"), &nchw, "two tensors `size`");
    assert!(before_of(named("pixels", "pixels"), &nchw).is_ok());
}

#[test]
fn texts() {
    let inputs = |length: i64| {
        vec![
            spec("input_ids", "INT64", &[-1, length]),
            spec("attention_mask", "INT64", &[-1, length]),
        ]
    };
    let stated = |more: Value| {
        let mut stated = json!({"block": "text", "file": "bert.json"});
        stated.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stated
    };
    let refused = |more: Value, said: &str| refused_before(stated(more), &inputs(-1), said);
    assert!(before_of(stated(json!({"max_length": 8})), &inputs(-1)).is_ok());
    refused(json!({}), "set `max_length`, or `truncation` to \"none\"");
    refused(json!({"max_length": 1}), "less than the 2 tokens");
    refused(json!({"max_lenght": 8}), "unknown field `max_lenght`");
    refused(json!({"max_length": 8, "file": "none.json"}), "no file `none.json`");
    refused(json!({"max_length": 8, "file": "labels.txt"}), "not a tokenizer.json");
    refused(json!({"max_length": 8, "integers": "INT32"}), "as the model has it");
    refused(json!({"max_length": 8, "outputs": {"types": "kinds"}}), "no input `kinds`");
    refused(json!({"max_length": 8, "outputs": {"id": "kinds"}}), "unknown field `id`");
    refused(json!({"max_length": 8, "pair": "text"}), "two tensors `text`");
    refused(json!({"max_length": 8, "file": "gpt2.json"}), "set pad_token");
    refused_before(json!({"block": "text"}), &inputs(-1), "which `file`");
    let alone = |datatype: &str, shape: &[i64]| [spec("input_ids", datatype, shape)];
    refused_before(stated(json!({})), &alone("FP32", &[-1, 8]), "takes no tokens");
    refused_before(stated(json!({})), &alone("INT64", &[-1]), "takes no tokens");
    refused_before(
        stated(json!({})),
        &[spec("ids", "INT64", &[-1, 8])],
        "no input `input_ids` to fill",
    );
    let one = json!({"file": "gpt2.json", "max_length": 8});
    assert!(before_of(stated(one), &alone("INT64", &[1, -1])).is_ok());

    let refused = |more: Value, said: &str| refused_before(stated(more), &inputs(16), said);
    assert!(before_of(stated(json!({})), &inputs(16)).is_ok());
    refused(json!({"max_length": 8}), "the model takes 16 tokens; leave `max_length` out");
    refused(json!({"padding": "longest"}), "leave `padding` out");
    refused(json!({"multiple_of": 3}), "leave `multiple_of` out");
    let mut uneven = inputs(16);
    uneven[1].shape[1] = 15;
    refused_before(stated(json!({})), &uneven, "not of one shape");
}

#[test]
fn blocks_follow_each_other() {
    let stated = vec![
        json!({"block": "softmax", "output": "probabilities"}),
        json!({"block": "top-k", "k": 2, "keep": true}),
        json!({"block": "argmax", "input": "probabilities", "output": "label"}),
    ];
    let file = |_: &str| None;
    let (blocks, specs) = outpost_blocks::after(stated, &[], outputs(), &file).unwrap();
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["label", "indices", "scores", "count"]);
    let mut batch = outpost_blocks::Batch::default();
    batch.tensors.push(crate::cases::floats("logits", &[2, 3], &[1.0, 3.0, 2.0, 9.0, 0.0, 0.0]));
    for block in blocks {
        block.run(&mut batch).unwrap();
    }
    assert_eq!(crate::cases::numbers(&batch.take("label").unwrap()), [1.0, 0.0]);
    assert_eq!(crate::cases::numbers(&batch.take("indices").unwrap()), [1.0, 2.0, 0.0, 1.0]);
    assert_eq!(batch.take("scores").unwrap().shape, [2, 2]);
    assert!(batch.tensors.is_empty());
}
