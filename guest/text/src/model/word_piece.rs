//! The longest token that a word begins with, then the longest that what is left
//! begins with, and so on.

use crate::Error;
use rustc_hash::FxHashMap;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct File {
    vocab: FxHashMap<String, u32>,
    unk_token: String,
    continuing_subword_prefix: String,
    max_input_chars_per_word: usize,
}

#[derive(Debug)]
pub(crate) struct WordPiece {
    vocabulary: FxHashMap<String, u32>,
    /// The tokens that go on with a word, without the prefix that says so.
    continuing: FxHashMap<String, u32>,
    /// The bytes of the longest token.
    longest: usize,
    unknown: Option<u32>,
    most_characters: usize,
}

impl WordPiece {
    pub fn new(file: File) -> Self {
        let unknown = file.vocab.get(&file.unk_token).copied();
        let longest = file.vocab.keys().map(String::len).max().unwrap_or(0);
        let continuing = file.vocab.iter().filter_map(|(token, id)| {
            let token = token.strip_prefix(&file.continuing_subword_prefix)?;
            Some((token.to_owned(), *id))
        });
        let continuing = continuing.collect();
        let most_characters = file.max_input_chars_per_word;
        Self { vocabulary: file.vocab, continuing, longest, unknown, most_characters }
    }

    pub fn len(&self) -> usize {
        self.vocabulary.len()
    }

    pub fn id(&self, token: &str) -> Option<u32> {
        self.vocabulary.get(token).copied()
    }

    pub fn encode(&self, word: &str, out: &mut Vec<u32>) -> Result<(), Error> {
        let before = out.len();
        // A word has at most as many characters as bytes.
        let long = word.len() > self.most_characters && word.chars().count() > self.most_characters;
        if long || !self.pieces(word, out) {
            out.truncate(before);
            out.push(self.unknown.ok_or(Error::Unknown)?);
        }
        Ok(())
    }

    /// Appends the tokens of a word, unless it has something unknown.
    fn pieces(&self, word: &str, out: &mut Vec<u32>) -> bool {
        let mut tokens = &self.vocabulary;
        let mut rest = word;
        while !rest.is_empty() {
            let mut end = rest.floor_char_boundary(self.longest.min(rest.len()));
            let id = loop {
                let Some(piece) = rest.get(..end).filter(|piece| !piece.is_empty()) else {
                    return false;
                };
                if let Some(id) = tokens.get(piece) {
                    break *id;
                }
                end = rest.floor_char_boundary(end - 1);
            };
            out.push(id);
            rest = rest.get(end..).unwrap_or_default();
            tokens = &self.continuing;
        }
        true
    }
}
