//! The first step: the bytes of a file to pixels.

use super::{Block, Fault, Position, Shape, Value};
use crate::decode::{convert, decode};
use crate::error::Error;
use crate::limits::Limits;
use crate::picture::Channels;
use serde::Deserialize;

/// How a file is read. Limits that are left out are those of [`Limits::default`].
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Decode {
    /// What a pixel is to consist of.
    pub mode: Mode,
    /// How many pixels a file may have.
    pub max_pixels: Option<usize>,
    /// How many in a row.
    pub max_width: Option<usize>,
    /// How many rows.
    pub max_height: Option<usize>,
}

/// What still fits in the memory of 32-bit WebAssembly as a tensor of RGB: 1.5 GiB.
const MOST_PIXELS: usize = 1 << 27;

/// What a pixel is to consist of, by Pillow's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
pub enum Mode {
    /// Red, green and blue.
    #[default]
    #[serde(rename = "RGB")]
    Rgb,
    /// How bright it is.
    #[serde(rename = "L")]
    Gray,
}

impl Mode {
    /// The same without Pillow.
    #[must_use]
    pub fn channels(self) -> Channels {
        match self {
            Mode::Rgb => Channels::Rgb,
            Mode::Gray => Channels::Gray,
        }
    }
}

impl Decode {
    /// The limits with its own.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            max_width: self.max_width.unwrap_or(usual.max_width),
            max_height: self.max_height.unwrap_or(usual.max_height),
            max_pixels: self.max_pixels.unwrap_or(usual.max_pixels),
        }
    }
}

impl Block for Decode {
    fn name(&self) -> &'static str {
        "decode"
    }

    fn position(&self) -> Position {
        Position::First
    }

    fn faults(&self, _: &Shape) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (name, limit) in [
            ("max-pixels", self.max_pixels),
            ("max-width", self.max_width),
            ("max-height", self.max_height),
        ] {
            if let Some(limit) = limit.filter(|limit| !(1..=MOST_PIXELS).contains(limit)) {
                faults.push(Fault::new(name, format!("is {limit}; it must be 1 to {MOST_PIXELS}")));
            }
        }
        faults
    }

    fn shape(&self, _: Shape) -> Shape {
        Shape { channels: Some(self.mode.channels()), ..Shape::default() }
    }

    fn apply(&self, value: Value<'_>, limits: &Limits) -> Result<Value<'static>, Error> {
        let Value::File(bytes) = value else {
            return Err(Error::Unsupported("it is decoded already; decode it once"));
        };
        Ok(Value::Picture(convert(decode(bytes, limits)?, self.mode.channels())))
    }
}
