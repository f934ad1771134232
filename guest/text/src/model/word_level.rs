//! A token for each word that is known.

use crate::Error;
use rustc_hash::FxHashMap;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct File {
    vocab: FxHashMap<String, u32>,
    unk_token: String,
}

#[derive(Debug)]
pub(crate) struct WordLevel {
    vocabulary: FxHashMap<String, u32>,
    unknown: Option<u32>,
}

impl WordLevel {
    pub fn new(file: File) -> Self {
        let unknown = file.vocab.get(&file.unk_token).copied();
        Self { vocabulary: file.vocab, unknown }
    }

    pub fn len(&self) -> usize {
        self.vocabulary.len()
    }

    pub fn id(&self, token: &str) -> Option<u32> {
        self.vocabulary.get(token).copied()
    }

    pub fn encode(&self, word: &str, out: &mut Vec<u32>) -> Result<(), Error> {
        out.push(self.id(word).or(self.unknown).ok_or(Error::Unknown)?);
        Ok(())
    }
}
