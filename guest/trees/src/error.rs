//! Why an ensemble cannot be built or run. The messages use ONNX's names, since
//! what is wrong is the model or the input.

use std::fmt;

/// What is wrong with a description, or with the arguments of a prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// An attribute has a value that ONNX does not define.
    Unknown {
        /// The attribute's name.
        attribute: &'static str,
        /// What it has.
        value: String,
    },
    /// An attribute or an argument has the wrong number of entries.
    Length {
        /// Its name.
        name: &'static str,
        /// How many it has.
        found: usize,
        /// How many it must have.
        expected: usize,
    },
    /// An entry of an attribute is out of its range.
    Range {
        /// The attribute's name.
        attribute: &'static str,
        /// The number of the entry.
        entry: usize,
        /// What it has.
        value: i64,
    },
    /// Two nodes have the same id.
    Duplicate {
        /// The tree's id.
        tree: i64,
        /// The node's id in it.
        node: i64,
    },
    /// A child, or the leaf of a weight, does not exist.
    Missing {
        /// Which attribute asks for it.
        attribute: &'static str,
        /// The tree's id.
        tree: i64,
        /// The node's id in it.
        node: i64,
    },
    /// A node is its own descendant.
    Cycle {
        /// The number of the tree, from 0.
        tree: usize,
    },
    /// Nothing to walk, or nothing to say.
    Empty(&'static str),
    /// More of something than there is room for.
    TooLarge(&'static str),
    /// The input has a column less than the trees look at.
    Columns {
        /// The input's columns.
        found: usize,
        /// How many it must have.
        expected: usize,
    },
    /// The ensemble was built for input of single precision.
    Precision,
}

impl Error {
    pub(crate) fn unknown(attribute: &'static str, value: &str) -> Self {
        Error::Unknown { attribute, value: value.to_owned() }
    }

    pub(crate) fn length(name: &'static str, found: usize, expected: usize) -> Result<(), Self> {
        if found == expected { Ok(()) } else { Err(Error::Length { name, found, expected }) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unknown { attribute, value } => write!(f, "{attribute} has no value {value:?}"),
            Error::Length { name, found, expected } => {
                write!(f, "{name} has {found} entries instead of {expected}")
            }
            Error::Range { attribute, entry, value } => {
                write!(f, "entry {entry} of {attribute} is out of range: {value}")
            }
            Error::Duplicate { tree, node } => write!(f, "tree {tree} has node {node} twice"),
            Error::Missing { attribute, tree, node } => {
                write!(f, "{attribute} leads to node {node} of tree {tree}, which does not exist")
            }
            Error::Cycle { tree } => write!(f, "tree number {tree} has a cycle"),
            Error::Empty(what) => write!(f, "the ensemble has no {what}"),
            Error::TooLarge(what) => write!(f, "the ensemble has too many {what}"),
            Error::Columns { found, expected } => {
                write!(f, "the input has {found} columns, the trees look at {expected}")
            }
            Error::Precision => {
                f.write_str("the input has double precision, the ensemble was built for single")
            }
        }
    }
}

impl std::error::Error for Error {}
