//! How a word becomes tokens.

mod bpe;
mod unigram;
mod word_level;
mod word_piece;

use crate::Error;
use serde::Deserialize;

/// The model of a file.
#[derive(Debug)]
pub(crate) enum Model {
    Bpe(bpe::Bpe),
    Unigram(unigram::Unigram),
    WordLevel(word_level::WordLevel),
    WordPiece(word_piece::WordPiece),
}

/// What a model needs while it works, kept from word to word.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    bpe: bpe::Scratch,
    unigram: unigram::Scratch,
}

/// Which keys a model has, by which older files are told apart.
#[derive(Deserialize)]
struct Keys {
    r#type: Option<String>,
    merges: Option<serde::de::IgnoredAny>,
    unk_id: Option<serde::de::IgnoredAny>,
    continuing_subword_prefix: Option<serde::de::IgnoredAny>,
}

impl Model {
    /// Reads the JSON of a model, whose vocabulary is too large to be walked.
    pub fn read(json: &str) -> Result<Self, Error> {
        let keys: Keys = parse(json)?;
        let kind = keys.r#type.unwrap_or_else(|| {
            let kind = if keys.merges.is_some() {
                "BPE"
            } else if keys.unk_id.is_some() {
                "Unigram"
            } else if keys.continuing_subword_prefix.is_some() {
                "WordPiece"
            } else {
                "WordLevel"
            };
            kind.to_owned()
        });
        Ok(match kind.as_str() {
            "BPE" => Model::Bpe(bpe::Bpe::new(parse(json)?)?),
            "Unigram" => Model::Unigram(unigram::Unigram::new(parse(json)?)?),
            "WordLevel" => Model::WordLevel(word_level::WordLevel::new(parse(json)?)),
            "WordPiece" => Model::WordPiece(word_piece::WordPiece::new(parse(json)?)),
            other => return Err(Error::unsupported("model", format!("the type {other:?}"))),
        })
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        match self {
            Model::Bpe(model) => model.len(),
            Model::Unigram(model) => model.len(),
            Model::WordLevel(model) => model.len(),
            Model::WordPiece(model) => model.len(),
        }
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
        match self {
            Model::Bpe(model) => model.id(token),
            Model::Unigram(model) => model.id(token),
            Model::WordLevel(model) => model.id(token),
            Model::WordPiece(model) => model.id(token),
        }
    }

    /// Appends the tokens of a word that is not empty.
    pub fn encode(
        &self,
        word: &str,
        scratch: &mut Scratch,
        out: &mut Vec<u32>,
    ) -> Result<(), Error> {
        match self {
            Model::Bpe(model) => model.encode(word, &mut scratch.bpe, out),
            Model::Unigram(model) => model.encode(word, &mut scratch.unigram, out),
            Model::WordLevel(model) => model.encode(word, out),
            Model::WordPiece(model) => model.encode(word, out),
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::invalid("model", error.to_string()))
}
