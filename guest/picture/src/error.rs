//! Why a picture is refused, for whoever sent it: a code for programs, and a
//! sentence for people that says what is wrong and what to do. Nothing of the
//! file is repeated in it but its width and height.

use std::fmt;

/// Why a picture cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The bytes begin like no kind of picture that is read here.
    NotAPicture,
    /// The file ends too soon, or contradicts itself or its format.
    Corrupt(&'static str),
    /// More pixels than are allowed, in the file or on the way to the tensor.
    TooLarge {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Which limit that exceeds, as a sentence goes on after "more than".
        limit: Limit,
    },
    /// A picture as it may be, but with something that is not read here.
    Unsupported(&'static str),
}

/// A limit that a picture exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// That of the width.
    Width(usize),
    /// That of the height.
    Height(usize),
    /// That of the number of pixels.
    Pixels(usize),
}

impl Error {
    /// A word for programs, which stays the same.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::NotAPicture => "not-a-picture",
            Error::Corrupt(_) => "corrupt",
            Error::TooLarge { .. } => "too-large",
            Error::Unsupported(_) => "unsupported",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotAPicture => f.write_str("this is neither a JPEG nor a PNG; send one of them"),
            Error::Corrupt(what) => {
                write!(f, "the picture is damaged: {what}; send the whole file, or save it anew")
            }
            Error::TooLarge { width, height, limit } => {
                write!(f, "{width} × {height} pixels are more than ")?;
                match limit {
                    Limit::Width(limit) => write!(f, "the {limit} allowed in a row")?,
                    Limit::Height(limit) => write!(f, "the {limit} rows allowed")?,
                    Limit::Pixels(limit) => write!(f, "the {limit} allowed in all")?,
                }
                f.write_str("; send a smaller picture")
            }
            Error::Unsupported(what) => write!(f, "the picture cannot be used: {what}"),
        }
    }
}

impl std::error::Error for Error {}
