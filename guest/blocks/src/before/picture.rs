//! `picture`: JPEG and PNG files to a model's tensor.
//!
//! ```toml
//! [[before]]
//! block = "picture"
//! input = "image"           # the module's input: BYTES [N], each element a file
//! output = "pixel_values"   # the model's, which it fills: [N, C, H, W] or [N, H, W, C] of FP16,
//!                           # FP32 or UINT8; the only such input if left out
//! steps = [                 # see outpost_picture::Step
//!     { orient = {} },
//!     { resize = { shorter = 256, filter = "bilinear" } },
//!     { centre-crop = { width = 224, height = 224 } },
//!     { tensor = { mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] } },
//! ]
//! ```
//!
//! What cannot be decoded is `malformed`, what has too many pixels `too_large`, what
//! ends in another size than the first picture of the batch `wrong_shape`: each with
//! its row, all at once. A batch whose tensor would take more than 256 MiB is
//! `too_large` as a whole.

use super::{missing, unreadable, violation};
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::stated::{distinct, listed};
use crate::{Block, stated};
use half::f16;
use outpost_guest::{
    Datatype, Error, Tensor, TensorSpec, Violation, ViolationCode, byte_strings, datatype_name,
};
use outpost_picture::{self as picture, Data, Element, Layout, Pipeline, Step};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    #[serde(default = "image")]
    input: String,
    output: Option<String>,
    steps: Vec<Step>,
}

fn image() -> String {
    "image".into()
}

/// The most bytes that the tensor of a batch may have.
const MOST_BYTES: usize = 256 << 20;

struct Pictures {
    input: String,
    output: TensorSpec,
    pipeline: Pipeline,
}

pub(crate) fn build(stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let Stated { input, output, steps } = stated::rest(stated)?;
    let place = place(output.as_deref(), &site.specs)?;
    let output = site.specs.get(place).cloned().ok_or("has no output")?;
    let pipeline = Pipeline::new(steps)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let faults = faults(&pipeline, &output);
    if !faults.is_empty() {
        return Err(faults.join("; "));
    }
    let mut specs = site.specs.clone();
    if let Some(spec) = specs.get_mut(place) {
        let shape = output.shape.iter().copied().take(1).collect();
        *spec = TensorSpec { name: input.clone(), datatype: Datatype::Bytes, shape };
    }
    distinct(&specs)?;
    Ok(Built { block: Box::new(Pictures { input, output, pipeline }), specs })
}

fn fits(spec: &TensorSpec) -> bool {
    spec.shape.len() == 4
        && matches!(spec.datatype, Datatype::Fp16 | Datatype::Fp32 | Datatype::Uint8)
}

/// Where the model's input is.
fn place(name: Option<&str>, specs: &[TensorSpec]) -> Result<usize, String> {
    let mut found = specs.iter().enumerate().filter(|(_, spec)| match name {
        Some(name) => spec.name == name,
        None => fits(spec),
    });
    match (found.next(), found.next()) {
        (Some((place, spec)), None) if fits(spec) => Ok(place),
        (Some((_, spec)), None) => Err(format!(
            "{} takes no pictures: they are [N, C, H, W] or [N, H, W, C] of FP16, FP32 or UINT8",
            listed(std::slice::from_ref(spec))
        )),
        (None, _) if name.is_some() => Err(format!(
            "there is no input `{}` to fill; there are {}",
            name.unwrap_or_default(),
            listed(specs)
        )),
        _ => Err(format!("does not say which input is its `output`; there are {}", listed(specs))),
    }
}

/// What the steps give that the model does not take.
fn faults(pipeline: &Pipeline, output: &TensorSpec) -> Vec<String> {
    let mut faults = Vec::new();
    let name = &output.name;
    let wants_pixels = output.datatype == Datatype::Uint8;
    match (pipeline.output_element(), wants_pixels) {
        (Element::U8, false) => faults.push(format!(
            "the steps give pixels as they are, and `{name}` is {}: end them with \
             {{ tensor = {{}} }}, which divides by 255, or with {{ tensor = {{ scale = 1.0 }} }}",
            datatype_name(output.datatype)
        )),
        (Element::F32, true) => faults.push(format!(
            "the steps give numbers with a fraction, and `{name}` is UINT8: say \
             {{ tensor = {{ type = \"u8\" }} }}"
        )),
        _ => {}
    }
    let layout = pipeline.output_layout();
    let channels = pipeline.output_channels().map(|channels| channels as i64);
    let got = match pipeline.output_shape() {
        Some(shape) => shape.map(|extent| i64::try_from(extent).ok()),
        None if layout == Layout::Nchw => [channels, None, None],
        None => [None, None, channels],
    };
    let wanted = output.shape.get(1..).unwrap_or_default();
    let differs = got.iter().zip(wanted).any(|(got, &wanted)| wanted >= 0 && *got != Some(wanted));
    if differs {
        let got: Vec<i64> = got.map(|extent| extent.unwrap_or(-1)).to_vec();
        let order = if layout == Layout::Nchw {
            "channels, height, width"
        } else {
            "height, width, channels"
        };
        let unknown = got.contains(&-1);
        faults.push(format!(
            "the steps give {got:?} ({order}) of each picture, and `{name}` wants {wanted:?}: {}",
            if unknown {
                "resize with width and height, crop or letterbox, so that all are of one size"
            } else {
                "change the size, or the mode of `decode`, or the `layout` of `tensor`"
            }
        ));
    }
    faults
}

impl Block for Pictures {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let tensor = batch.take(&self.input).ok_or_else(|| missing(&self.input))?;
        let files = byte_strings(&tensor.data).ok_or_else(|| unreadable(&self.input))?;
        let mut violations = Vec::new();
        let mut filled = Filled { shape: self.pipeline.output_shape(), data: Vec::new() };
        for (row, file) in files.iter().enumerate() {
            self.check_size(filled.shape, files.len())?;
            let added = match self.pipeline.run(file) {
                Ok(picture) => filled.add(picture, self.output.datatype, violations.is_empty()),
                Err(error) => Err((code(&error), error.to_string())),
            };
            if let Err((code, message)) = added {
                violations.push(Violation {
                    row: Some(row as u64),
                    ..violation(&self.input, code, message)
                });
            }
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        // Where there is no picture, its size is what the model says, or nothing.
        let of_model = |place: usize| {
            self.output.shape.get(place + 1).and_then(|&extent| u64::try_from(extent).ok())
        };
        let shape = match filled.shape {
            Some(shape) => shape.map(|extent| extent as u64),
            None => [0, 1, 2].map(|place| of_model(place).unwrap_or(0)),
        };
        batch.tensors.push(Tensor {
            name: self.output.name.clone(),
            datatype: self.output.datatype,
            shape: std::iter::once(files.len() as u64).chain(shape).collect(),
            data: filled.data,
        });
        Ok(())
    }
}

impl Pictures {
    /// Refuses a batch whose tensor would be too large, once a picture's is known.
    fn check_size(&self, shape: Option<[usize; 3]>, pictures: usize) -> Result<(), Error> {
        let Some(shape) = shape else { return Ok(()) };
        let size = outpost_guest::element_size(self.output.datatype).unwrap_or(1);
        let bytes = shape.iter().fold(size, |bytes, &extent| bytes.saturating_mul(extent));
        let most = MOST_BYTES.checked_div(bytes).unwrap_or(usize::MAX);
        if pictures <= most {
            return Ok(());
        }
        let message = format!("{pictures} pictures are more than the {most} that fit into a batch");
        Err(Error::Invalid(vec![violation(&self.input, ViolationCode::TooLarge, message)]))
    }
}

/// The pictures so far.
struct Filled {
    /// Of each, once it is known.
    shape: Option<[usize; 3]>,
    data: Vec<u8>,
}

impl Filled {
    fn add(
        &mut self,
        picture: picture::Tensor,
        datatype: Datatype,
        wanted: bool,
    ) -> Result<(), (ViolationCode, String)> {
        let shape = *self.shape.get_or_insert(picture.shape);
        if shape != picture.shape {
            return Err((
                ViolationCode::WrongShape,
                format!(
                    "the picture becomes {:?}, but the first one {shape:?}; a batch has pictures \
                     of one size, so send it apart",
                    picture.shape
                ),
            ));
        }
        match picture.data {
            _ if !wanted => {}
            Data::U8(pixels) => self.data.extend(pixels),
            Data::F32(numbers) if datatype == Datatype::Fp16 => self
                .data
                .extend(numbers.iter().flat_map(|&number| f16::from_f32(number).to_le_bytes())),
            Data::F32(numbers) => {
                self.data.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            }
        }
        Ok(())
    }
}

fn code(error: &picture::Error) -> ViolationCode {
    match error {
        picture::Error::TooLarge { .. } => ViolationCode::TooLarge,
        _ => ViolationCode::Malformed,
    }
}
