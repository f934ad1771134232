//! The last step: pixels to a model's numbers, in the order that it wants.

use super::{Block, Fault, Position, Shape, Value};
use crate::error::Error;
use crate::limits::Limits;
use crate::picture::{Channels, Picture};
use serde::Deserialize;

/// `(pixel × scale - mean) / std`, in single precision.
#[derive(Clone, Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ToTensor {
    /// What pixels are multiplied by. Left out, they are divided by 255, as
    /// torchvision does; given, it is in double precision, as Hugging Face does.
    pub scale: Option<f64>,
    /// What is then taken away from each channel, in the order of the tensor: one
    /// number, or one for each; 0 if it is left out.
    pub mean: Vec<f32>,
    /// What each is then divided by; 1 if it is left out.
    pub std: Vec<f32>,
    /// The order of the channels.
    pub order: Order,
    /// The order of the dimensions.
    pub layout: Layout,
    /// What the numbers are.
    #[serde(rename = "type")]
    pub element: Element,
}

/// The order of the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Order {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// The order of the dimensions. A tensor here is one picture, without N.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Layout {
    /// Channel after channel.
    #[default]
    Nchw,
    /// The channels of each pixel side by side.
    Nhwc,
}

/// What the numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// Of single precision.
    #[default]
    F32,
    /// The pixels as they are.
    U8,
}

/// A model's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// [C, H, W] or [H, W, C].
    pub shape: [usize; 3],
    /// Which of them.
    pub layout: Layout,
    /// The numbers.
    pub data: Data,
}

/// The numbers of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Of single precision.
    F32(Vec<f32>),
    /// Pixels as they are.
    U8(Vec<u8>),
}

impl Shape {
    /// The lengths of the dimensions, if all are known.
    #[must_use]
    pub fn dimensions(&self) -> Option<[usize; 3]> {
        let ((width, height), channels) = (self.size?, self.channels?.count());
        Some(self.layout.dimensions(width, height, channels))
    }
}

impl Layout {
    fn dimensions(self, width: usize, height: usize, channels: usize) -> [usize; 3] {
        match self {
            Layout::Nchw => [channels, height, width],
            Layout::Nhwc => [height, width, channels],
        }
    }
}

/// For each value of a pixel, the number that it becomes: all the arithmetic there is.
type Table = [f32; 256];

impl ToTensor {
    /// The numbers of a picture.
    #[must_use]
    pub fn tensor(&self, picture: Picture) -> Tensor {
        let (width, height, channels) = (picture.width(), picture.height(), picture.channels());
        let shape = self.layout.dimensions(width, height, channels.count());
        let data = match (self.element, channels) {
            (Element::F32, Channels::Gray) => {
                let [table] = self.tables::<1>();
                Data::F32(picture.pixels().iter().map(|&pixel| number(&table, pixel)).collect())
            }
            (Element::F32, Channels::Rgb) => {
                let tables = self.tables::<3>();
                Data::F32(self.arranged(&picture, number, &tables))
            }
            (Element::U8, Channels::Rgb)
                if (self.order, self.layout) != (Order::Rgb, Layout::Nhwc) =>
            {
                Data::U8(self.arranged(&picture, |(), pixel| pixel, &[(); 3]))
            }
            (Element::U8, _) => Data::U8(picture.into_pixels()),
        };
        Tensor { shape, layout: self.layout, data }
    }

    /// The channels of a picture in their order, each by `number` and its `table`.
    fn arranged<T: Copy + Default, U>(
        &self,
        picture: &Picture,
        number: impl Fn(&U, u8) -> T,
        tables: &[U; 3],
    ) -> Vec<T> {
        let (pixels, _) = picture.pixels().as_chunks::<3>();
        let [first, second, third] = tables;
        let numbers = |&[r, g, b]: &[u8; 3]| {
            let [a, b, c] = if self.order == Order::Rgb { [r, g, b] } else { [b, g, r] };
            [number(first, a), number(second, b), number(third, c)]
        };
        let mut all = vec![T::default(); pixels.len() * 3];
        match self.layout {
            Layout::Nhwc => {
                for (slot, pixel) in all.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                    *slot = numbers(pixel);
                }
            }
            Layout::Nchw => {
                let (one, rest) = all.split_at_mut(pixels.len());
                let (two, three) = rest.split_at_mut(pixels.len());
                for (((pixel, one), two), three) in pixels.iter().zip(one).zip(two).zip(three) {
                    [*one, *two, *three] = numbers(pixel);
                }
            }
        }
        all
    }

    /// What each value becomes, for each channel.
    fn tables<const CHANNELS: usize>(&self) -> [Table; CHANNELS] {
        let of = |values: &[f32], channel: usize, usual| {
            values.get(channel).or(values.first()).copied().unwrap_or(usual)
        };
        std::array::from_fn(|channel| {
            let (mean, std) = (of(&self.mean, channel, 0.0), of(&self.std, channel, 1.0));
            std::array::from_fn(|value| {
                let scaled = match self.scale {
                    None => value as f32 / 255.0,
                    Some(scale) => (value as f64 * scale) as f32,
                };
                (scaled - mean) / std
            })
        })
    }
}

#[inline]
fn number(table: &Table, pixel: u8) -> f32 {
    // A byte is always within: the compiler drops the default.
    table.get(usize::from(pixel)).copied().unwrap_or_default()
}

impl Block for ToTensor {
    fn name(&self) -> &'static str {
        "tensor"
    }

    fn position(&self) -> Position {
        Position::Last
    }

    fn faults(&self, before: &Shape) -> Vec<Fault> {
        let mut faults = Vec::new();
        let channels = before.channels.map(Channels::count);
        for (name, values) in [("mean", &self.mean), ("std", &self.std)] {
            let length = values.len();
            if length > 1 && channels.map_or(length != 3, |channels| length != channels) {
                faults.push(Fault::new(
                    name,
                    format!(
                        "has {length} numbers; it must have one, or {} for the channels",
                        channels.unwrap_or(3)
                    ),
                ));
            }
            for (place, value) in values.iter().enumerate() {
                let name = || format!("{name}[{place}]");
                if !value.is_finite() {
                    faults.push(Fault::new(name(), "is not a finite number of single precision"));
                } else if *value == 0.0 && std::ptr::eq(values, &self.std) {
                    faults.push(Fault::new(name(), "is 0, by which nothing can be divided"));
                }
            }
        }
        if self.scale.is_some_and(|scale| !scale.is_finite()) {
            faults.push(Fault::new("scale", "is not a finite number"));
        }
        if self.element == Element::U8 {
            for (name, given) in [
                ("scale", self.scale.is_some()),
                ("mean", !self.mean.is_empty()),
                ("std", !self.std.is_empty()),
            ] {
                if given {
                    faults.push(Fault::new(
                        name,
                        "is of no use for pixels as they are; leave it out, or the type f32",
                    ));
                }
            }
        }
        if self.order == Order::Bgr && channels == Some(1) {
            faults.push(Fault::new("order", "is of no use for gray; leave it out"));
        }
        faults
    }

    fn shape(&self, before: Shape) -> Shape {
        Shape { layout: self.layout, ..before }
    }

    fn apply(&self, value: Value<'_>, _: &Limits) -> Result<Value<'static>, Error> {
        Ok(Value::Tensor(self.tensor(value.into_picture()?)))
    }
}
