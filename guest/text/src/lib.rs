//! Text to token ids with the `tokenizer.json` of Hugging Face: the ids, the
//! attention mask and the type ids that Python's `tokenizers` gives. The only
//! crate that knows that format. A pure function: no clock, no randomness (its
//! hashes are seeded with a constant), no threads, and no cache that grows, so
//! that a tokenizer can be frozen into a module's memory once it is loaded.
//!
//! A text takes these steps, a module each:
//!
//! * `added` cuts out the tokens that are written in it as they are;
//! * `normalizer` rewrites what is between them, and `charsmap` the way
//!   SentencePiece does;
//! * `pre_tokenizer` cuts that into words, with `pattern`;
//! * `model` makes each word tokens;
//! * `post_processor` adds the tokens around them;
//! * `batch` shortens and lengthens the rows, as `options` wants it.
//!
//! Offsets are not kept: without them a text need not remember where each of its
//! bytes came from, which is where `tokenizers` spends its time.
//!
//! ```
//! use outpost_text::{Options, Tokenizer};
//!
//! let file = br###"{
//!     "added_tokens": [{"id": 0, "content": "[PAD]", "special": true}],
//!     "normalizer": {"type": "Lowercase"},
//!     "pre_tokenizer": {"type": "Whitespace"},
//!     "model": {
//!         "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
//!         "max_input_chars_per_word": 100,
//!         "vocab": {"[PAD]": 0, "[UNK]": 1, "light": 2, "##house": 3, "a": 4}
//!     }
//! }"###;
//! let tokenizer = Tokenizer::from_json(file)?;
//! let encoded = tokenizer.encode_batch::<i64>(&["A lighthouse", "light"])?;
//! assert_eq!(encoded.shape, [2, 3]);
//! assert_eq!(encoded.ids, [4, 2, 3, 2, 0, 0]);
//! assert_eq!(encoded.mask, [1, 1, 1, 1, 0, 0]);
//!
//! let options = Options { max_length: Some(2), ..Options::default() };
//! let tokenizer = tokenizer.with_options(&options)?;
//! assert_eq!(tokenizer.encode_batch::<i64>(&["A lighthouse"])?.ids, [4, 2]);
//! # Ok::<(), outpost_text::Error>(())
//! ```

mod added;
mod batch;
mod charsmap;
mod error;
mod json;
mod model;
mod normalizer;
mod options;
mod pattern;
mod pieces;
mod post_processor;
mod pre_tokenizer;
mod tokenizer;

pub use batch::{Encoded, Number};
pub use error::Error;
pub use options::{Integers, Options, Outputs, Padding, Side, Truncation};
pub use tokenizer::Tokenizer;
