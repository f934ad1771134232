//! What a manifest may put before a model and after it: blocks. Each is a small
//! pure function on a set of named tensors, with a file of its own and a line in
//! the table of [`before`] or [`after`]. They compose: what one gives, the next
//! one finds.
//!
//! A block is built while a module is being built, from what the manifest says
//! of it and from the tensors on the model's side; it tells the tensors on the
//! outer side. Blocks that a manifest does not name are cut out of its module.
//!
//! ```
//! use outpost_blocks::{Batch, after};
//! use outpost_guest::{Datatype, Tensor, TensorSpec};
//!
//! let stated = serde_json::from_str(
//!     r#"[
//!         {"block": "softmax"},
//!         {"block": "top-k", "k": 1, "labels": ["cat", "dog"]}
//!     ]"#,
//! )?;
//! let logits = TensorSpec {
//!     name: "logits".into(),
//!     datatype: Datatype::Fp32,
//!     shape: vec![-1, 2],
//! };
//! let (blocks, specs) = after(stated, &[], vec![logits], &|_| None)?;
//! assert_eq!(specs[0].name, "labels");
//! assert_eq!(specs[0].shape, [-1, 1]);
//!
//! let mut batch = Batch::default();
//! batch.tensors.push(Tensor {
//!     name: "logits".into(),
//!     datatype: Datatype::Fp32,
//!     shape: vec![1, 2],
//!     data: [1.0_f32, 3.0].iter().flat_map(|number| number.to_le_bytes()).collect(),
//! });
//! for block in &blocks {
//!     block.run(&mut batch).map_err(|error| error.to_string())?;
//! }
//! assert_eq!(batch.take("labels").map(|labels| labels.data), Some(b"\x03\0\0\0dog".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod abstain;
mod after;
mod batch;
mod before;
mod build;
mod contract;
mod faults;
mod numbers;
mod reads;
mod stated;
mod strings;

pub use abstain::abstain;
pub use after::AFTER;
pub use batch::Batch;
pub use before::BEFORE;
pub use build::{Blocks, Builder, Built, Site, after, before};
pub use contract::contract;

use outpost_guest::Error;
use reads::Reads;

/// One step before or after the model.
pub trait Block {
    /// Takes tensors from the batch and puts others in their place.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that is wrong with the caller's data, never
    /// repeating it; [`Error::Failed`] where the model gave what cannot be.
    fn run(&self, batch: &mut Batch) -> Result<(), Error>;

    /// The model's inputs that must still be there, in [`Batch::inputs`], when a
    /// block after it runs: by name, as the model has them.
    fn wants(&self) -> Vec<String> {
        Vec::new()
    }

    /// If it reads records: how it does that in two steps, which a data contract can
    /// stand between.
    fn reads(&self) -> Option<&dyn Reads> {
        None
    }

    /// Whether it puts a tensor of this name, of BYTES, in the batch.
    fn fills(&self, name: &str) -> bool {
        let _ = name;
        false
    }
}
