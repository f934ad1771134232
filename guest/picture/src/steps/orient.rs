//! A step without options: turns a picture as its file says that the camera was held.

use super::{Block, Fault, Shape, Value};
use crate::error::Error;
use crate::limits::Limits;
use crate::orientation::orient;
use serde::Deserialize;

/// Pillow's `ImageOps.exif_transpose`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orient {}

impl Block for Orient {
    fn name(&self) -> &'static str {
        "orient"
    }

    fn faults(&self, _: &Shape) -> Vec<Fault> {
        Vec::new()
    }

    fn shape(&self, before: Shape) -> Shape {
        // Width and height may change places.
        Shape { size: before.size.filter(|(width, height)| width == height), ..before }
    }

    fn apply(&self, value: Value<'_>, _: &Limits) -> Result<Value<'static>, Error> {
        Ok(Value::Picture(orient(value.into_picture()?)))
    }
}
