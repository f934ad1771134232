//! The data contract: what the fields of a request must hold, and what is done where
//! they do not. A manifest states it, a guest holds each request against it before
//! anything else runs, and the host shows it.
//!
//! ```toml
//! [contract]
//! policy = "reject"              # or flag, impute, abstain
//!
//! [[contract.fields]]
//! name = "age"
//! type = "number"                # or integer, boolean, text, category, date, picture
//! min = 0.0
//! max = 120.0
//! unit = "years"
//! null_policy = "impute"         # of missing values; all else is as `policy` says
//! default = 38.0
//!
//! [[contract.fields]]
//! name = "measured_at"
//! type = "date"
//! max_age = "24h"
//! relative_to = "asked_at"       # a module has no clock
//! policy = "flag"
//! ```
//!
//! A field is an input, a column of one, or a column inside of records: JSON objects
//! or lines of CSV that a block of the module reads. Those are looked at as they were
//! sent; what is done about them is done before the block goes on.
//!
//! [`Contract`] and its parts need nothing but serde. Behind the feature `check` are
//! `Contract::faults` and `Contract::compile`, of which the latter makes a `Checker`:
//!
//! ```
//! use outpost_contract::{Contract, Datatype, Input, Values};
//!
//! let contract: Contract = toml::from_str(
//!     r#"
//!     [[fields]]
//!     name = "age"
//!     type = "number"
//!     min = 0
//!     max = 120
//!     null_policy = "impute"
//!     default = 38
//!     "#,
//! )?;
//! let columns = ["age".to_owned(), "income".to_owned()];
//! let input =
//!     Input { name: "x", datatype: Datatype::Fp64, shape: &[-1, 2], columns: &columns };
//! let checker = contract.compile(&[input]).map_err(|faults| faults.join("; "))?;
//!
//! let check = |numbers: [f64; 4]| {
//!     let mut data = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
//!     let values = Values { datatype: Datatype::Fp64, shape: &[2, 2], data: &mut data };
//!     checker.check(&mut [Some(values)]).map(|remarks| (remarks, data))
//! };
//! let (remarks, data) = check([f64::NAN, 1e4, 40.0, 1e4]).map_err(|_| "refused")?;
//! assert_eq!(remarks.flags[0].to_string(), "age, row 0: must have a value");
//! assert_eq!(data[..8], 38_f64.to_le_bytes());
//!
//! let refused = check([20.0, 1e4, 140.0, 1e4]).unwrap_err();
//! assert_eq!(refused[0].to_string(), "age, row 1: outside of 0 to 120");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A module that reads records hands their columns to `Contract::compile_with` and
//! `Checker::look`.
//!
//! Behind `infer` is `Profile`, which guesses a contract from data.

#![forbid(unsafe_code)]

#[cfg(feature = "check")]
mod check;
#[cfg(feature = "check")]
mod compile;
mod contract;
#[cfg(feature = "check")]
mod date;
#[cfg(feature = "check")]
mod fair;
#[cfg(feature = "check")]
mod faults;
#[cfg(feature = "check")]
mod held;
#[cfg(feature = "infer")]
mod infer;
#[cfg(feature = "check")]
mod picture;
#[cfg(feature = "check")]
mod quick;
#[cfg(feature = "check")]
mod report;
#[cfg(feature = "check")]
mod tensor;
#[cfg(feature = "check")]
mod wrong;

#[cfg(feature = "check")]
pub use compile::Checker;
pub use contract::{Contract, Field, Kind, Policy, Value};
#[cfg(feature = "check")]
pub use fair::{Fair, MOST_VIOLATIONS, left_out};
#[cfg(feature = "infer")]
pub use infer::{NULLS, Profile};
#[cfg(feature = "check")]
pub use report::{Code, Remarks, Report, Violation};
#[cfg(feature = "check")]
pub use tensor::{Cells, Column, Datatype, Input, Mark, Takes, Values};
