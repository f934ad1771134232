//! Byte-pair encoding: a word starts as its characters, and the pair of neighbours
//! that was merged first in training is merged first, until none is left.

use crate::Error;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

#[derive(Deserialize)]
pub(crate) struct File {
    vocab: FxHashMap<String, u32>,
    merges: Merges,
    dropout: Option<f32>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    fuse_unk: Option<bool>,
    byte_fallback: Option<bool>,
    ignore_merges: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Merges {
    Pairs(Vec<(String, String)>),
    /// How files had them before.
    Lines(Vec<String>),
}

#[derive(Debug)]
pub(crate) struct Bpe {
    vocabulary: FxHashMap<String, u32>,
    /// The tokens of one character.
    characters: FxHashMap<char, u32>,
    /// By a pair, what it is merged to and how early.
    merges: FxHashMap<(u32, u32), Merge>,
    unknown: Unknown,
    fuse_unknown: bool,
    /// The tokens of bytes, if characters that are unknown become bytes.
    bytes: Option<Vec<Option<u32>>>,
    prefix: String,
    suffix: String,
    whole_words: bool,
}

#[derive(Clone, Copy, Debug)]
struct Merge {
    rank: u32,
    id: u32,
}

/// What becomes of a character that is unknown.
#[derive(Clone, Copy, Debug)]
enum Unknown {
    Dropped,
    Token(u32),
    /// The file names a token that there is not.
    Missing,
}

/// The symbols of a word, linked to their neighbours.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    symbols: Vec<Symbol>,
    queue: BinaryHeap<Reverse<(u32, usize, u32)>>,
    text: String,
}

#[derive(Clone, Copy, Debug)]
struct Symbol {
    id: u32,
    previous: usize,
    next: usize,
    merged: bool,
}

/// No neighbour.
const NONE: usize = usize::MAX;

impl Bpe {
    pub fn new(file: File) -> Result<Self, Error> {
        if file.dropout.is_some_and(|dropout| dropout != 0.0) {
            return Err(Error::unsupported("model.dropout", "random merges"));
        }
        let vocabulary = file.vocab;
        let prefix = file.continuing_subword_prefix.unwrap_or_default();
        let pairs = match file.merges {
            Merges::Pairs(pairs) => pairs,
            Merges::Lines(lines) => lines
                .iter()
                .filter(|line| !line.starts_with("#version"))
                .map(|line| match line.split_once(' ') {
                    Some((a, b)) if !b.contains(' ') => Ok((a.to_owned(), b.to_owned())),
                    _ => Err(Error::invalid("model.merges", "one of them is not a pair")),
                })
                .collect::<Result<_, _>>()?,
        };
        let mut merges = FxHashMap::with_capacity_and_hasher(pairs.len(), Default::default());
        for (rank, (a, b)) in pairs.iter().enumerate() {
            let id = |token: &str| {
                let missing =
                    || Error::invalid("model.merges", format!("merge {rank} is not in vocab"));
                vocabulary.get(token).copied().ok_or_else(missing)
            };
            // The prefix is cut off by its length, whatever is there.
            let tail = b.get(prefix.len()..).unwrap_or_default();
            let merge = Merge {
                rank: u32::try_from(rank).unwrap_or(u32::MAX),
                id: id(&[a, tail].concat())?,
            };
            merges.insert((id(a)?, id(b)?), merge);
        }
        let characters = vocabulary.iter().filter_map(|(token, id)| {
            let mut characters = token.chars();
            characters.next().filter(|_| characters.next().is_none()).map(|one| (one, *id))
        });
        let characters = characters.collect();
        let bytes = file.byte_fallback.unwrap_or(false).then(|| bytes(&vocabulary));
        let unknown = match file.unk_token {
            None => Unknown::Dropped,
            Some(token) => {
                vocabulary.get(&token).map_or(Unknown::Missing, |id| Unknown::Token(*id))
            }
        };
        Ok(Self {
            vocabulary,
            characters,
            merges,
            unknown,
            fuse_unknown: file.fuse_unk.unwrap_or(false),
            bytes,
            prefix,
            suffix: file.end_of_word_suffix.unwrap_or_default(),
            whole_words: file.ignore_merges.unwrap_or(false),
        })
    }

    pub fn len(&self) -> usize {
        self.vocabulary.len()
    }

    pub fn id(&self, token: &str) -> Option<u32> {
        self.vocabulary.get(token).copied()
    }

    pub fn encode(
        &self,
        word: &str,
        scratch: &mut Scratch,
        out: &mut Vec<u32>,
    ) -> Result<(), Error> {
        if self.whole_words
            && let Some(id) = self.id(word)
        {
            out.push(id);
            return Ok(());
        }
        scratch.symbols.clear();
        self.symbols(word, scratch)?;
        self.merge(scratch);
        let left = scratch.symbols.iter().filter(|symbol| !symbol.merged);
        out.extend(left.map(|symbol| symbol.id));
        Ok(())
    }

    /// The characters of a word.
    fn symbols(&self, word: &str, scratch: &mut Scratch) -> Result<(), Error> {
        let plain = self.prefix.is_empty() && self.suffix.is_empty();
        let mut unknown = None;
        for (at, character) in word.char_indices() {
            let mut buffer = [0; 4];
            let mut text = &*character.encode_utf8(&mut buffer);
            let id = if plain {
                self.characters.get(&character).copied()
            } else {
                let last = at + text.len() == word.len();
                scratch.text.clear();
                scratch.text.push_str(if at > 0 { &self.prefix } else { "" });
                scratch.text.push_str(text);
                scratch.text.push_str(if last { &self.suffix } else { "" });
                text = &scratch.text;
                self.id(text)
            };
            if let Some(id) = id {
                unknown.take().into_iter().for_each(|id| push(&mut scratch.symbols, id));
                push(&mut scratch.symbols, id);
                continue;
            }
            if let Some(bytes) = &self.bytes {
                let id = |byte: u8| bytes.get(usize::from(byte)).copied().flatten();
                if text.bytes().all(|byte| id(byte).is_some()) {
                    // An unknown one before it comes after it: `tokenizers` has it so.
                    text.bytes().filter_map(id).for_each(|id| push(&mut scratch.symbols, id));
                    continue;
                }
            }
            match self.unknown {
                Unknown::Dropped => {}
                Unknown::Missing => return Err(Error::Unknown),
                Unknown::Token(id) => {
                    if let Some(before) = unknown.replace(id)
                        && !self.fuse_unknown
                    {
                        push(&mut scratch.symbols, before);
                    }
                }
            }
        }
        unknown.into_iter().for_each(|id| push(&mut scratch.symbols, id));
        Ok(())
    }

    fn merge(&self, scratch: &mut Scratch) {
        let Scratch { symbols, queue, .. } = scratch;
        queue.clear();
        let mut pairs = symbols.iter().zip(symbols.iter().skip(1)).enumerate();
        queue.extend(pairs.by_ref().filter_map(|(at, (left, right))| {
            let merge = self.merges.get(&(left.id, right.id))?;
            Some(Reverse((merge.rank, at, merge.id)))
        }));
        while let Some(Reverse((_, at, id))) = queue.pop() {
            let Some(left) = symbols.get(at).copied().filter(|left| !left.merged) else { continue };
            let Some(right) = symbols.get(left.next).copied() else { continue };
            // The pair may be another one by now. That it makes the same token is
            // all that `tokenizers` asks.
            if self.merges.get(&(left.id, right.id)).is_none_or(|merge| merge.id != id) {
                continue;
            }
            if let Some(symbol) = symbols.get_mut(left.next) {
                symbol.merged = true;
            }
            if let Some(symbol) = symbols.get_mut(at) {
                (symbol.id, symbol.next) = (id, right.next);
            }
            let before = symbols.get(left.previous).map(|symbol| symbol.id);
            if let Some(merge) = before.and_then(|before| self.merges.get(&(before, id))) {
                queue.push(Reverse((merge.rank, left.previous, merge.id)));
            }
            if let Some(after) = symbols.get_mut(right.next) {
                after.previous = at;
                if let Some(merge) = self.merges.get(&(id, after.id)) {
                    queue.push(Reverse((merge.rank, at, merge.id)));
                }
            }
        }
    }
}

fn push(symbols: &mut Vec<Symbol>, id: u32) {
    let at = symbols.len();
    if let Some(last) = symbols.last_mut() {
        last.next = at;
    }
    symbols.push(Symbol { id, previous: at.wrapping_sub(1), next: NONE, merged: false });
}

/// The tokens `<0x00>` to `<0xFF>`.
pub(super) fn bytes(vocabulary: &FxHashMap<String, u32>) -> Vec<Option<u32>> {
    (0..=255_u8).map(|byte| vocabulary.get(&format!("<0x{byte:02X}>")).copied()).collect()
}
