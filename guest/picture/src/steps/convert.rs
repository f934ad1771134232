//! A step to gray or back, for what is to be done in colours first.

use super::decode::Mode;
use super::{Block, Fault, Shape, Value};
use crate::decode::convert;
use crate::error::Error;
use crate::limits::Limits;
use serde::Deserialize;

/// Pillow's `Image.convert`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convert {
    /// What a pixel is to consist of.
    pub mode: Mode,
}

impl Block for Convert {
    fn name(&self) -> &'static str {
        "convert"
    }

    fn faults(&self, _: &Shape) -> Vec<Fault> {
        Vec::new()
    }

    fn shape(&self, before: Shape) -> Shape {
        Shape { channels: Some(self.mode.channels()), ..before }
    }

    fn apply(&self, value: Value<'_>, _: &Limits) -> Result<Value<'static>, Error> {
        Ok(Value::Picture(convert(value.into_picture()?, self.mode.channels())))
    }
}
