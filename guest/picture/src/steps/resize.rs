//! A step to another size: one that is given, or one that keeps the proportions by
//! torchvision's rule.

use super::{Block, Fault, Shape, Value, side_faults};
use crate::error::Error;
use crate::limits::Limits;
use crate::resample::{Filter, scale};
use serde::Deserialize;

/// Either `width` and `height`, or `shorter`, `longer` or both.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Resize {
    /// Pixels in a row.
    pub width: Option<usize>,
    /// Rows.
    pub height: Option<usize>,
    /// The shorter side; torchvision's `Resize(size)`.
    pub shorter: Option<usize>,
    /// The longer side or, beside `shorter`, at most that; torchvision's `max_size`.
    pub longer: Option<usize>,
    /// How pixels are weighed.
    pub filter: Filter,
}

impl Resize {
    /// The size that a picture of this size gets; 0 is what is left of a side that
    /// is too short.
    #[must_use]
    pub fn target(&self, width: usize, height: usize) -> (usize, usize) {
        let (short, long) = (width.min(height), width.max(height));
        let (short, long) = match *self {
            Resize { width: Some(width), height: Some(height), .. } => return (width, height),
            Resize { shorter: Some(shorter), longer, .. } => {
                let long = proportional(shorter, long, short);
                match longer {
                    // From the sizes that are rounded already, as torchvision does.
                    Some(longer) if long > longer => (proportional(longer, shorter, long), longer),
                    _ => (shorter, long),
                }
            }
            Resize { longer: Some(longer), .. } => (proportional(longer, short, long), longer),
            _ => (short, long),
        };
        if width <= height { (short, long) } else { (long, short) }
    }
}

/// Python's `int(side * part / whole)`.
fn proportional(side: usize, part: usize, whole: usize) -> usize {
    (side.saturating_mul(part) as f64 / whole.max(1) as f64) as usize
}

impl Block for Resize {
    fn name(&self) -> &'static str {
        "resize"
    }

    fn faults(&self, _: &Shape) -> Vec<Fault> {
        let mut faults = side_faults([
            ("width", self.width),
            ("height", self.height),
            ("shorter", self.shorter),
            ("longer", self.longer),
        ]);
        match (self.width, self.height, self.shorter.or(self.longer)) {
            (Some(_), Some(_), None) | (None, None, Some(_)) => {}
            (None, None, None) => faults.push(Fault::new(
                "width",
                "is missing, like every other size; give width and height, or shorter or longer",
            )),
            (Some(_), None, None) => faults.push(Fault::new("height", "is missing beside width")),
            (None, Some(_), None) => faults.push(Fault::new("width", "is missing beside height")),
            (_, _, Some(_)) => faults.push(Fault::new(
                if self.shorter.is_some() { "shorter" } else { "longer" },
                "cannot be had beside width or height; leave one of them out",
            )),
        }
        if let (Some(shorter), Some(longer)) = (self.shorter, self.longer)
            && longer <= shorter
        {
            faults.push(Fault::new(
                "longer",
                format!("is {longer}, but must be more than shorter, which is {shorter}"),
            ));
        }
        faults
    }

    fn shape(&self, before: Shape) -> Shape {
        let size = match (self.width, self.height) {
            (Some(width), Some(height)) => Some((width, height)),
            _ => before.size.map(|(width, height)| self.target(width, height)),
        };
        Shape { size, ..before }
    }

    fn apply(&self, value: Value<'_>, limits: &Limits) -> Result<Value<'static>, Error> {
        let picture = value.into_picture()?;
        let (width, height) = self.target(picture.width(), picture.height());
        Ok(Value::Picture(scale(picture, width, height, self.filter, limits)?))
    }
}
