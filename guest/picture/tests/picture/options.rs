//! The options of steps as a manifest gives them: what is wrong is named, all of it
//! at once, and what is right says what comes out.

use outpost_picture::{Block, Element, Layout, Pipeline, Step, ToTensor};

fn steps(text: &str) -> Vec<Step> {
    serde_json::from_str(text).unwrap()
}

#[test]
fn shapes_are_known_where_the_steps_say_so() {
    for (text, shape) in [
        ("[]", None),
        (r#"[{"tensor": {}}]"#, None),
        (r#"[{"resize": {"shorter": 256}}]"#, None),
        (r#"[{"resize": {"width": 30, "height": 20}}]"#, Some([20, 30, 3])),
        (r#"[{"resize": {"width": 30, "height": 20}}, {"tensor": {}}]"#, Some([3, 20, 30])),
        (
            r#"[{"resize": {"width": 30, "height": 20}}, {"tensor": {"layout": "NHWC"}}]"#,
            Some([20, 30, 3]),
        ),
        (
            r#"[{"decode": {"mode": "L"}}, {"centre-crop": {"width": 5, "height": 6}}, {"tensor": {}}]"#,
            Some([1, 6, 5]),
        ),
        (
            r#"[{"letterbox": {"width": 5, "height": 6}}, {"convert": {"mode": "L"}}]"#,
            Some([6, 5, 1]),
        ),
        (
            r#"[{"letterbox": {"width": 30, "height": 20}}, {"resize": {"shorter": 10}}]"#,
            Some([10, 15, 3]),
        ),
        (r#"[{"letterbox": {"width": 5, "height": 6}}, {"orient": {}}]"#, None),
        (r#"[{"letterbox": {"width": 6, "height": 6}}, {"orient": {}}]"#, Some([6, 6, 3])),
    ] {
        let pipeline = Pipeline::new(steps(text)).unwrap();
        assert_eq!(pipeline.output_shape(), shape, "{text}");
    }
    let pixels = Pipeline::new(vec![]).unwrap();
    assert_eq!((pixels.output_element(), pixels.output_layout()), (Element::U8, Layout::Nhwc));
    assert_eq!(pixels.output_channels(), Some(3));
    let tensor = Pipeline::new(steps(r#"[{"tensor": {}}]"#)).unwrap();
    assert_eq!((tensor.output_element(), tensor.output_layout()), (Element::F32, Layout::Nchw));
}

#[test]
fn faults_are_named() {
    for (text, faults) in [
        (
            r#"[{"resize": {}}]"#,
            &[
                "steps[0].resize.width: is missing, like every other size; give width and height, or shorter or longer",
            ][..],
        ),
        (r#"[{"resize": {"width": 5}}]"#, &["steps[0].resize.height: is missing beside width"]),
        (r#"[{"resize": {"height": 5}}]"#, &["steps[0].resize.width: is missing beside height"]),
        (
            r#"[{"resize": {"width": 0, "height": 20000}}]"#,
            &[
                "steps[0].resize.width: is 0; it must be 1 to 16384",
                "steps[0].resize.height: is 20000; it must be 1 to 16384",
            ],
        ),
        (
            r#"[{"resize": {"width": 5, "height": 5, "shorter": 5}}]"#,
            &[
                "steps[0].resize.shorter: cannot be had beside width or height; leave one of them out",
            ],
        ),
        (
            r#"[{"resize": {"longer": 5, "shorter": 5}}]"#,
            &["steps[0].resize.longer: is 5, but must be more than shorter, which is 5"],
        ),
        (
            r#"[{"orient": {}}, {"centre-crop": {"width": 0, "height": 1}}]"#,
            &["steps[1].centre-crop.width: is 0; it must be 1 to 16384"],
        ),
        (
            r#"[{"letterbox": {"width": 4, "height": 4, "fill": [1, 2]}}]"#,
            &["steps[0].letterbox.fill: has 2 numbers; it must have one, or 3 for the channels"],
        ),
        (
            r#"[{"decode": {"mode": "L"}}, {"letterbox": {"width": 4, "height": 4, "fill": [1, 2, 3]}}]"#,
            &["steps[1].letterbox.fill: has 3 numbers; it must have one, or 1 for the channels"],
        ),
        (r#"[{"orient": {}}, {"decode": {}}]"#, &["steps[1].decode: can be the first step only"]),
        (r#"[{"tensor": {}}, {"orient": {}}]"#, &["steps[0].tensor: can be the last step only"]),
        (
            r#"[{"decode": {"max-pixels": 0}}]"#,
            &["steps[0].decode.max-pixels: is 0; it must be 1 to 134217728"],
        ),
        (
            r#"[{"resize": {"width": 16384, "height": 16384}}]"#,
            &[
                "steps[0].resize: 16384 × 16384 pixels are more than the 33554432 allowed in all; send a smaller picture",
            ],
        ),
        (
            r#"[{"tensor": {"mean": [0, 0], "std": [1, 0]}}]"#,
            &[
                "steps[0].tensor.mean: has 2 numbers; it must have one, or 3 for the channels",
                "steps[0].tensor.std: has 2 numbers; it must have one, or 3 for the channels",
                "steps[0].tensor.std[1]: is 0, by which nothing can be divided",
            ],
        ),
        (
            r#"[{"tensor": {"type": "u8", "mean": [1], "scale": 2}}]"#,
            &[
                "steps[0].tensor.scale: is of no use for pixels as they are; leave it out, or the type f32",
                "steps[0].tensor.mean: is of no use for pixels as they are; leave it out, or the type f32",
            ],
        ),
        (
            r#"[{"decode": {"mode": "L"}}, {"tensor": {"order": "BGR"}}]"#,
            &["steps[1].tensor.order: is of no use for gray; leave it out"],
        ),
    ] {
        let found = Pipeline::new(steps(text)).expect_err(text);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, faults, "{text}");
    }
}

#[test]
fn numbers_are_finite() {
    let options = ToTensor {
        scale: Some(f64::INFINITY),
        mean: vec![f32::NAN],
        std: vec![1.0, f32::NEG_INFINITY, 1.0],
        ..ToTensor::default()
    };
    let names: Vec<String> = options.validate().into_iter().map(|fault| fault.name).collect();
    assert_eq!(names, ["mean[0]", "std[1]", "scale"]);
}

#[test]
fn unknown_names_are_refused() {
    for text in [
        r#"[{"rotate": {}}]"#,
        r#"[{"decode": {"colour": "RGB"}}]"#,
        r#"[{"decode": {"mode": "CMYK"}}]"#,
        r#"[{"orient": {"by": 3}}]"#,
        r#"[{"convert": {}}]"#,
        r#"[{"resize": {"size": 3}}]"#,
        r#"[{"resize": {"width": -1, "height": 1}}]"#,
        r#"[{"resize": {"shorter": 3, "filter": "cubic"}}]"#,
        r#"[{"letterbox": {"width": 3}}]"#,
        r#"[{"letterbox": {"width": 3, "height": 3, "fill": [256]}}]"#,
        r#"[{"centre-crop": {"width": 3, "height": 3, "fill": 1}}]"#,
        r#"[{"tensor": {"layout": "HWC"}}]"#,
        r#"[{"resize": {"shorter": 3}, "orient": {}}]"#,
    ] {
        assert!(serde_json::from_str::<Vec<Step>>(text).is_err(), "{text}");
    }
}
