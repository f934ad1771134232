//! A step to the middle of a picture, by torchvision's rule.

use super::{Block, Fault, Shape, Value, side_faults};
use crate::error::Error;
use crate::limits::Limits;
use crate::paste::frame;
use serde::Deserialize;

/// torchvision's `CenterCrop`: a side that is too short gets black bars.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CentreCrop {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// Where a side of a picture begins in one of `target`: a bar's odd pixel comes
/// after it, half a pixel too much is cut off the even way, as Python rounds.
fn offset(side: usize, target: usize) -> isize {
    if target >= side {
        ((target - side) / 2).cast_signed()
    } else {
        -(((side - target) as f64 / 2.0).round_ties_even() as isize)
    }
}

impl Block for CentreCrop {
    fn name(&self) -> &'static str {
        "centre-crop"
    }

    fn faults(&self, _: &Shape) -> Vec<Fault> {
        side_faults([("width", Some(self.width)), ("height", Some(self.height))])
    }

    fn shape(&self, before: Shape) -> Shape {
        Shape { size: Some((self.width, self.height)), ..before }
    }

    fn apply(&self, value: Value<'_>, limits: &Limits) -> Result<Value<'static>, Error> {
        let picture = value.into_picture()?;
        let at = (offset(picture.width(), self.width), offset(picture.height(), self.height));
        Ok(Value::Picture(frame(picture, (self.width, self.height), at, &[0], limits)?))
    }
}
