//! A step to a size that keeps all of a picture and its proportions.

use super::{Block, Fault, Shape, Value, side_faults};
use crate::error::Error;
use crate::limits::Limits;
use crate::paste::frame;
use crate::resample::{Filter, scale};
use serde::Deserialize;

/// Pillow's `ImageOps.pad`: as large as it fits in, with bars on two sides.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Letterbox {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// What the bars have: a number for each channel, or one for all.
    #[serde(default = "black")]
    pub fill: Vec<u8>,
    /// How pixels are weighed.
    #[serde(default)]
    pub filter: Filter,
    /// Where it lies between the bars.
    #[serde(default)]
    pub place: Place,
}

fn black() -> Vec<u8> {
    vec![0]
}

/// Where a picture lies between bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the middle; half a pixel is rounded to the even, as Pillow does.
    #[default]
    Centre,
    /// In the middle; half a pixel is dropped, as YOLO's letterbox does.
    CentreFloor,
    /// At the left, or at the top.
    Start,
}

impl Place {
    fn offset(self, side: usize, target: usize) -> isize {
        let room = target.saturating_sub(side) as f64 / 2.0;
        match self {
            Place::Centre => room.round_ties_even() as isize,
            Place::CentreFloor => room as isize,
            Place::Start => 0,
        }
    }
}

impl Letterbox {
    /// Pillow's `ImageOps.contain`.
    fn contained(&self, width: usize, height: usize) -> (usize, usize) {
        let (width, height) = (width as f64, height as f64);
        let ratio = self.width as f64 / self.height as f64;
        if width / height > ratio {
            (self.width, (height / width * self.width as f64).round_ties_even() as usize)
        } else if width / height < ratio {
            ((width / height * self.height as f64).round_ties_even() as usize, self.height)
        } else {
            (self.width, self.height)
        }
    }
}

impl Block for Letterbox {
    fn name(&self) -> &'static str {
        "letterbox"
    }

    fn faults(&self, before: &Shape) -> Vec<Fault> {
        let mut faults = side_faults([("width", Some(self.width)), ("height", Some(self.height))]);
        let channels = before.channels.map(|channels| channels.count());
        let length = self.fill.len();
        if length != 1 && channels.map_or(length != 3, |channels| length != channels) {
            faults.push(Fault::new(
                "fill",
                format!(
                    "has {length} numbers; it must have one, or {} for the channels",
                    channels.unwrap_or(3)
                ),
            ));
        }
        faults
    }

    fn shape(&self, before: Shape) -> Shape {
        Shape { size: Some((self.width, self.height)), ..before }
    }

    fn apply(&self, value: Value<'_>, limits: &Limits) -> Result<Value<'static>, Error> {
        let picture = value.into_picture()?;
        let (width, height) = self.contained(picture.width(), picture.height());
        let picture = scale(picture, width, height, self.filter, limits)?;
        let at = (
            self.place.offset(picture.width(), self.width),
            self.place.offset(picture.height(), self.height),
        );
        Ok(Value::Picture(frame(picture, (self.width, self.height), at, &self.fill, limits)?))
    }
}
