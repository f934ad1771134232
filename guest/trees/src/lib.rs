//! Inference of the tree ensembles of ONNX (`TreeEnsembleClassifier`,
//! `TreeEnsembleRegressor`, `TreeEnsemble` of `ai.onnx.ml`), with the results of
//! ONNX Runtime. The only crate that knows how a tree is laid out and walked;
//! it knows neither tract nor protobuf. Its way to be fast:
//!
//! * Every comparison of ONNX is expressed by one, `x <= threshold` (see
//!   `split`), so that there is one loop, and no choice in it.
//! * A node takes 8 bytes, and has no pointer to a second child: the two lie side
//!   by side, so that the result of the comparison is added to an address.
//! * A leaf leads to itself, so that eight walks go on in lockstep, and what one
//!   waits for memory another computes.
//!
//! ```
//! use outpost_trees::{Description, Ensemble, Floats, Mode, Nodes, Precision, Regressor, Votes};
//!
//! // x[0] <= 0.5 ? 1 : 2
//! let description = Description::Regressor(Regressor {
//!     nodes: Nodes {
//!         treeids: vec![0, 0, 0],
//!         nodeids: vec![0, 1, 2],
//!         featureids: vec![0, 0, 0],
//!         modes: vec![Mode::Leq, Mode::Leaf, Mode::Leaf],
//!         values: Floats::Single(vec![0.5, 0.0, 0.0]),
//!         truenodeids: vec![1, 0, 0],
//!         falsenodeids: vec![2, 0, 0],
//!         missing_value_tracks_true: vec![],
//!     },
//!     targets: Votes {
//!         treeids: vec![0, 0],
//!         nodeids: vec![1, 2],
//!         ids: vec![0, 0],
//!         weights: Floats::Single(vec![1.0, 2.0]),
//!     },
//!     n_targets: 1,
//!     ..Regressor::default()
//! });
//! let ensemble = Ensemble::new(&description, Precision::Single)?;
//! let mut scores = [0.0_f32; 2];
//! ensemble.predict(&[0.25_f32, 0.75], 1, &mut scores)?;
//! assert_eq!(scores, [1.0, 2.0]);
//! # Ok::<(), outpost_trees::Error>(())
//! ```

mod description;
mod element;
mod ensemble;
mod error;
mod finish;
mod forest;
mod graph;
mod layout;
mod node;
mod split;
mod walk;

pub use description::{
    Aggregate, Classifier, Description, Floats, Mode, Nodes, PostTransform, Regressor,
    TreeEnsemble, Votes,
};
pub use element::{Element, Score};
pub use ensemble::{Ensemble, Precision};
pub use error::Error;
