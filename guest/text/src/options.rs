//! What one who deploys a model can ask for beyond what its tokenizer.json says.
//! What is left out is as the file has it; what is set wins over the file.

use serde::Deserialize;

/// How texts are encoded. The default follows the file, and pads to the longest
/// row of the batch where the file does not pad, since a batch is a rectangle.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Rows are cut to this many tokens, those added around the text included. A
    /// length of the file's truncation, or none if it has none, unless set here.
    pub max_length: Option<usize>,
    /// Which text is cut: as in the file, or the longest first. `none` cuts
    /// nothing, not even where the file would.
    pub truncation: Option<Truncation>,
    /// The end at which tokens are cut off: as in the file, or the right.
    pub truncation_side: Option<Side>,
    /// To what rows are padded: as in the file, or to the longest of the batch.
    pub padding: Option<Padding>,
    /// The length is rounded up to a multiple of this. As in the file, unless set.
    pub multiple_of: Option<usize>,
    /// The end at which padding is added: as in the file, or the right.
    pub pad_side: Option<Side>,
    /// The token to pad with: as in the file; if it names none, `[PAD]` or `<pad>`
    /// if the vocabulary has one of them.
    pub pad_token: Option<String>,
    /// Whether the tokens around a text, such as `[CLS]`, are added.
    pub add_special_tokens: bool,
    /// Whether a row is made from a pair of texts.
    pub pair: bool,
    /// What a batch gives besides the ids.
    pub outputs: Outputs,
    /// The type of what it gives. Read by the caller, who picks the
    /// [`Number`](crate::Number) by it.
    pub integers: Integers,
    /// The most bytes that a text may have. A longer one is refused before any work.
    pub max_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_length: None,
            truncation: None,
            truncation_side: None,
            padding: None,
            multiple_of: None,
            pad_side: None,
            pad_token: None,
            add_special_tokens: true,
            pair: false,
            outputs: Outputs::default(),
            integers: Integers::default(),
            max_bytes: 1 << 20,
        }
    }
}

/// Which text of a pair is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// Both, the longer one first.
    LongestFirst,
    /// Only the first.
    OnlyFirst,
    /// None.
    None,
}

/// To what rows are padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// To the longest row of the batch.
    Longest,
    /// To the length at which rows are cut.
    MaxLength,
}

/// An end of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Its begin.
    Left,
    /// Its end.
    #[default]
    Right,
}

/// What a batch gives besides the ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outputs {
    /// 1 for a token, 0 for padding.
    pub attention_mask: bool,
    /// 0 for the first text, 1 for the second, or as the file has it.
    pub token_type_ids: bool,
}

impl Default for Outputs {
    fn default() -> Self {
        Self { attention_mask: true, token_type_ids: true }
    }
}

/// The type of ids, mask and type ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Integers {
    /// 64 bits, which is what exporters of ONNX write.
    #[default]
    Int64,
    /// 32 bits.
    Int32,
}
