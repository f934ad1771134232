//! From the bytes of a JPEG or PNG to a model's tensor, with the numbers of Pillow,
//! torchvision and numpy, bit for bit wherever that can be had. Pure functions:
//! no files, no clock, no threads, and no panics, since what comes in is what
//! strangers sent. The only crate that knows what a picture is.
//!
//! Each step is a function of its own ([`decode`], [`orient`], [`convert`],
//! [`scale`], [`frame`], [`ToTensor::tensor`]) and an entry in a list ([`Step`]) of
//! which a [`Pipeline`] is made. Lists come from a manifest:
//!
//! ```
//! use outpost_picture::{Pipeline, Step};
//!
//! let steps: Vec<Step> = serde_json::from_str(
//!     r#"[
//!         {"orient": {}},
//!         {"resize": {"shorter": 256, "filter": "bilinear"}},
//!         {"centre-crop": {"width": 224, "height": 224}},
//!         {"tensor": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}
//!     ]"#,
//! )?;
//! let pipeline = Pipeline::new(steps).map_err(|faults| format!("{faults:?}"))?;
//! assert_eq!(pipeline.output_shape(), Some([3, 224, 224]));
//!
//! let refused = pipeline.run(b"no picture").unwrap_err();
//! assert_eq!(refused.code(), "not-a-picture");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod decode;
mod error;
mod jpeg;
mod lanes;
mod limits;
mod orientation;
mod paste;
mod picture;
mod pipeline;
mod png;
mod resample;
mod steps;

pub use decode::{convert, decode};
pub use error::{Error, Limit};
pub use limits::Limits;
pub use orientation::{Orientation, orient};
pub use paste::frame;
pub use picture::{Channels, Picture};
pub use pipeline::Pipeline;
pub use resample::{Filter, scale};
pub use steps::{
    Block, CentreCrop, Convert, Data, Decode, Element, Fault, Layout, Letterbox, Mode, Order,
    Orient, Place, Position, Resize, Shape, Step, Tensor, ToTensor, Value,
};
