//! The steps of a pipeline. One is a file here, with the options it has, and a
//! line in the table below.

mod centre_crop;
mod convert;
mod decode;
mod letterbox;
mod orient;
mod resize;
mod tensor;

pub use centre_crop::CentreCrop;
pub use convert::Convert;
pub use decode::{Decode, Mode};
pub use letterbox::{Letterbox, Place};
pub use orient::Orient;
pub use resize::Resize;
pub use tensor::{Data, Element, Layout, Order, Tensor, ToTensor};

use crate::error::Error;
use crate::limits::Limits;
use crate::picture::{Channels, Picture};
use serde::Deserialize;
use std::fmt;

macro_rules! table {
    ($($(#[doc = $doc:literal])+ $name:ident($options:ty),)+) => {
        /// One step, as a manifest names it: `{"centre-crop": {"width": 224, "height": 224}}`.
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Step {
            $($(#[doc = $doc])+ $name($options),)+
        }

        impl Step {
            /// What it does.
            #[must_use]
            pub fn block(&self) -> &dyn Block {
                match self {
                    $(Step::$name(options) => options,)+
                }
            }
        }
    };
}

table! {
    /// From a file to pixels; always the first, and meant where it is left out.
    Decode(Decode),
    /// Turned as the camera was held.
    Orient(Orient),
    /// To gray, or to red, green and blue.
    Convert(Convert),
    /// To another size.
    Resize(Resize),
    /// To another size, with its proportions, and bars where it does not reach.
    Letterbox(Letterbox),
    /// The middle.
    CentreCrop(CentreCrop),
    /// To the numbers of a model; always the last.
    Tensor(ToTensor),
}

/// What every step can do.
pub trait Block {
    /// Its name in a manifest.
    fn name(&self) -> &'static str;

    /// Where it may stand.
    fn position(&self) -> Position {
        Position::Between
    }

    /// What is wrong with its options if it gets what `before` says.
    fn faults(&self, before: &Shape) -> Vec<Fault>;

    /// What is known of its result, from what is known of what it gets.
    fn shape(&self, before: Shape) -> Shape;

    /// Does it.
    ///
    /// # Errors
    ///
    /// If the value is not one that this can be done to.
    fn apply(&self, value: Value<'_>, limits: &Limits) -> Result<Value<'static>, Error>;

    /// What is wrong with its options, whatever it gets.
    fn validate(&self) -> Vec<Fault> {
        self.faults(&Shape::default())
    }
}

/// Where in a pipeline a step may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// At its begin only.
    First,
    /// Anywhere but there and at its end.
    Between,
    /// At its end only.
    Last,
}

/// What goes from one step to the next.
#[derive(Debug)]
pub enum Value<'a> {
    /// The bytes of a file.
    File(&'a [u8]),
    /// Its pixels.
    Picture(Picture),
    /// A model's numbers.
    Tensor(Tensor),
}

impl Value<'_> {
    /// The picture that most steps get.
    ///
    /// # Errors
    ///
    /// If it is none, which a [`crate::Pipeline`] rules out.
    pub fn into_picture(self) -> Result<Picture, Error> {
        match self {
            Value::Picture(picture) => Ok(picture),
            _ => Err(Error::Unsupported("a step got no picture; decode it first")),
        }
    }
}

/// What is known of a picture before there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Shape {
    /// Width and height.
    pub size: Option<(usize, usize)>,
    /// What a pixel consists of.
    pub channels: Option<Channels>,
    /// The order of the three; that of pictures until they are a tensor.
    pub layout: Layout,
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The option, as a path: `steps[1].resize.width`.
    pub name: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Fault { name: name.into(), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// The longest side that may be asked for.
const MAX_SIDE: usize = 16_384;

/// The faults of options that are numbers of pixels.
fn side_faults<const N: usize>(sides: [(&str, Option<usize>); N]) -> Vec<Fault> {
    let wrong = |side: &usize| !(1..=MAX_SIDE).contains(side);
    let fault = |(name, side): (&str, Option<usize>)| {
        side.filter(wrong)
            .map(|side| Fault::new(name, format!("is {side}; it must be 1 to {MAX_SIDE}")))
    };
    sides.into_iter().filter_map(fault).collect()
}
