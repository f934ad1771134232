//! Every case of cases.json, bit for bit.

use crate::files;
use outpost_picture::{Channels, Data, Limits, Picture, Pipeline, Tensor};
use outpost_picture::{convert, decode, orient};
use serde_json::Value;
use sha2::{Digest, Sha256};

#[test]
fn files_have_the_pixels_of_pillow() {
    check_all("decoded", |case| {
        let bytes = files::read(case["file"].as_str().unwrap());
        let picture = decode(&bytes, &Limits::default()).map_err(|error| error.to_string())?;
        let rgb = convert(picture.clone(), Channels::Rgb);
        same(&case["rgb"], &shape(&rgb), rgb.pixels(), 1)?;
        let gray = convert(rgb, Channels::Gray);
        same(&case["gray"], &shape(&gray)[..2], gray.pixels(), 1)?;
        if !case["oriented"].is_null() {
            let turned = convert(orient(picture), Channels::Rgb);
            same(&case["oriented"], &shape(&turned), turned.pixels(), 1)?;
        }
        Ok(())
    });
}

#[test]
fn steps_have_the_numbers_of_pillow_and_torchvision() {
    check_all("steps", |case| {
        let steps = serde_json::from_value(case["steps"].clone()).unwrap();
        let pipeline = Pipeline::new(steps).map_err(|faults| format!("{faults:?}"))?;
        let bytes = files::read(case["file"].as_str().unwrap());
        let Tensor { shape, layout, data } =
            pipeline.run(&bytes).map_err(|error| error.to_string())?;
        match data {
            Data::U8(pixels) => same(case, &shape, &pixels, 1)?,
            Data::F32(numbers) => {
                let bytes: Vec<u8> =
                    numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                same(case, &shape, &bytes, 4)?;
            }
        }
        if layout != pipeline.output_layout() {
            return Err("another layout than foretold".to_owned());
        }
        match pipeline.output_shape() {
            Some(foretold) if foretold != shape => Err(format!("foretold {foretold:?}")),
            _ => Ok(()),
        }
    });
}

fn check_all(kind: &str, check: impl Fn(&Value) -> Result<(), String>) {
    let cases = files::cases(kind);
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let name = if case["name"].is_null() { &case["file"] } else { &case["name"] };
            check(case).err().map(|failure| format!("{name}: {failure}"))
        })
        .collect();
    assert!(cases.len() > 100);
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn shape(picture: &Picture) -> [usize; 3] {
    [picture.height(), picture.width(), picture.channels().count()]
}

/// Compares with the shape and the hash that were recorded.
fn same(expected: &Value, shape: &[usize], bytes: &[u8], size: usize) -> Result<(), String> {
    let expected_shape: Vec<usize> = serde_json::from_value(expected["shape"].clone()).unwrap();
    if expected_shape != shape {
        return Err(format!("{shape:?}, not {expected_shape:?}"));
    }
    let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if expected["sha256"] != hash.as_str() {
        let first = &bytes[..bytes.len().min(12 * size)];
        return Err(format!("begins with {first:?}, should with {}", expected["first"]));
    }
    Ok(())
}
