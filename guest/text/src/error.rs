//! Why a tokenizer cannot be loaded, or a text not encoded. A message says what to
//! do about it and never repeats the text, which may be confidential.

use std::fmt;

/// What is wrong with a file, with the options or with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file is not JSON, or not that of a tokenizer.
    Json(String),
    /// The file asks for something that is not implemented.
    Unsupported {
        /// Where in the file.
        place: String,
        /// What it asks for.
        found: String,
    },
    /// The file contradicts itself.
    Invalid {
        /// Where in the file.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// The options contradict each other or the file.
    Options(String),
    /// A text is longer than the options allow.
    TooLong {
        /// The number of the text in its batch, from 0.
        text: usize,
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// Single texts where the options say pairs, or the other way round.
    Pairs {
        /// What the options say.
        expected: bool,
    },
    /// A text has a symbol that is not in the vocabulary, which has no token for
    /// the unknown either.
    Unknown,
    /// A regular expression of the file gives up on a text.
    Pattern(String),
    /// A row has to be padded, and nothing says with what.
    NoPadToken,
    /// Only the first text of a pair may be shortened, and that is not enough.
    FirstTooShort,
    /// A row has more tokens than the fixed length that rows are padded to.
    RowTooLong {
        /// How many tokens it has.
        tokens: usize,
        /// The fixed length.
        length: usize,
    },
}

impl Error {
    /// A short name that does not change with the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::Json(_) => "tokenizer_json",
            Error::Unsupported { .. } => "tokenizer_unsupported",
            Error::Invalid { .. } => "tokenizer_invalid",
            Error::Options(_) => "tokenizer_options",
            Error::TooLong { .. } => "text_too_long",
            Error::Pairs { .. } => "text_pairs",
            Error::Unknown => "text_unknown_token",
            Error::Pattern(_) => "text_pattern",
            Error::NoPadToken => "text_no_pad_token",
            Error::FirstTooShort => "text_first_too_short",
            Error::RowTooLong { .. } => "text_row_too_long",
        }
    }

    pub(crate) fn unsupported(place: &str, found: impl Into<String>) -> Self {
        Error::Unsupported { place: place.to_owned(), found: found.into() }
    }

    pub(crate) fn invalid(place: &str, reason: impl Into<String>) -> Self {
        Error::Invalid { place: place.to_owned(), reason: reason.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Json(reason) => write!(f, "this is not a tokenizer.json: {reason}"),
            Error::Unsupported { place, found } => write!(
                f,
                "{place} of tokenizer.json asks for {found}, which is not supported: \
                 take a tokenizer without it, or send token ids"
            ),
            Error::Invalid { place, reason } => {
                write!(f, "{place} of tokenizer.json is wrong: {reason}; save the tokenizer again")
            }
            Error::Options(reason) => write!(f, "the options of the tokenizer: {reason}"),
            Error::TooLong { text, bytes, limit } => write!(
                f,
                "text {text} has {bytes} bytes, more than the {limit} allowed: send less of it, \
                 or raise max_bytes"
            ),
            Error::Pairs { expected: true } => {
                f.write_str("the tokenizer takes pairs of texts: send two texts for each row")
            }
            Error::Pairs { expected: false } => f.write_str(
                "the tokenizer takes single texts: send one text for each row, or set pair",
            ),
            Error::Unknown => f.write_str(
                "a text has a symbol that the vocabulary lacks, and the vocabulary has no token \
                 for unknown ones: leave the symbol out, or name an unk_token in tokenizer.json",
            ),
            Error::Pattern(place) => write!(
                f,
                "the regular expression of {place} takes too long on a text: send the text in \
                 smaller pieces, or simplify the expression"
            ),
            Error::NoPadToken => f.write_str(
                "texts of different lengths need a token for padding, and tokenizer.json names \
                 none: set pad_token, or send one text at a time",
            ),
            Error::FirstTooShort => f.write_str(
                "the second text of a pair leaves no room for the first: shorten the second, \
                 or set truncation to longest_first",
            ),
            Error::RowTooLong { tokens, length } => write!(
                f,
                "a row has {tokens} tokens and is to be padded to {length}: set max_length, so \
                 that longer rows are cut, or set padding to longest"
            ),
        }
    }
}

impl std::error::Error for Error {}
