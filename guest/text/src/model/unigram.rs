//! The tokens of which the sum of the scores is highest.

use crate::Error;
use rustc_hash::FxHashMap;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct File {
    vocab: Vec<(String, f64)>,
    unk_id: Option<usize>,
    #[serde(default)]
    byte_fallback: bool,
}

#[derive(Debug)]
pub(crate) struct Unigram {
    vocabulary: FxHashMap<String, u32>,
    length: usize,
    trie: Trie,
    scores: Vec<f64>,
    unknown: Option<u32>,
    unknown_score: f64,
    /// The tokens of bytes, if characters that are unknown become bytes.
    bytes: Option<Vec<Option<u32>>>,
}

/// The best way to each place of a word.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    best: Vec<Best>,
    pieces: Vec<(usize, usize, Option<u32>)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Best {
    score: f64,
    from: Option<usize>,
    id: Option<u32>,
}

impl Unigram {
    pub fn new(file: File) -> Result<Self, Error> {
        let unknown = file.unk_id.map(|id| {
            let id = Some(id).filter(|id| *id < file.vocab.len());
            let id = id.and_then(|id| u32::try_from(id).ok());
            id.ok_or_else(|| Error::invalid("model.unk_id", "it is not in vocab"))
        });
        let scores: Vec<f64> = file.vocab.iter().map(|(_, score)| *score).collect();
        let lowest = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let length = file.vocab.len();
        let tokens = file.vocab.into_iter().map(|(token, _)| token).zip(0..);
        // Of a token that is there twice, the last.
        let vocabulary: FxHashMap<String, u32> = tokens.collect();
        let bytes = file.byte_fallback.then(|| super::bpe::bytes(&vocabulary));
        Ok(Self {
            trie: Trie::new(&vocabulary),
            vocabulary,
            length,
            scores,
            unknown: unknown.transpose()?,
            unknown_score: lowest - 10.0,
            bytes,
        })
    }

    pub fn len(&self) -> usize {
        self.length
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
        let Scratch { best, pieces } = scratch;
        best.clear();
        best.resize(word.len() + 1, Best::default());
        for (start, character) in word.char_indices() {
            let here = best.get(start).map_or(0.0, |best| best.score);
            let rest = word.as_bytes().get(start..).unwrap_or_default();
            let mut single = false;
            let mut reach = |length: usize, id: Option<u32>, score: f64| {
                if let Some(place) = best.get_mut(start + length)
                    && (place.from.is_none() || score > place.score)
                {
                    *place = Best { score, from: Some(start), id };
                }
            };
            self.trie.prefixes(rest, |length, id| {
                let score = self.scores.get(id as usize).copied().unwrap_or_default();
                reach(length, Some(id), here + score);
                single |= length == character.len_utf8();
            });
            if !single {
                reach(character.len_utf8(), None, here + self.unknown_score);
            }
        }

        // Back from the end. Neighbours that are unknown become one.
        pieces.clear();
        let mut end = word.len();
        while end > 0 {
            let Some(Best { from: Some(start), id, .. }) = best.get(end).copied() else { break };
            let id = id.filter(|id| Some(*id) != self.unknown);
            match pieces.last_mut() {
                Some((begin, _, None)) if id.is_none() => *begin = start,
                _ => pieces.push((start, end, id)),
            }
            end = start;
        }
        for (start, end, id) in pieces.iter().rev() {
            match id {
                Some(id) => out.push(*id),
                None => self.unknown(word.get(*start..*end).unwrap_or_default(), out)?,
            }
        }
        Ok(())
    }

    /// Appends what stands for characters that are unknown.
    fn unknown(&self, text: &str, out: &mut Vec<u32>) -> Result<(), Error> {
        let unknown = self.unknown.ok_or(Error::Unknown)?;
        // Together they may be a token that was not the best way.
        if let Some(id) = self.id(text) {
            out.push(id);
            return Ok(());
        }
        if let Some(bytes) = &self.bytes {
            let id = |byte: u8| bytes.get(usize::from(byte)).copied().flatten();
            if text.bytes().all(|byte| id(byte).is_some()) {
                out.extend(text.bytes().filter_map(id));
                return Ok(());
            }
        }
        out.push(unknown);
        Ok(())
    }
}

/// The tokens by their bytes.
#[derive(Debug)]
struct Trie {
    nodes: Vec<Node>,
    /// The children of a node one after the other, by byte.
    children: Vec<(u8, u32)>,
    /// The children of the root, by byte.
    roots: Vec<Option<u32>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    token: Option<u32>,
    start: u32,
    end: u32,
}

impl Trie {
    fn new(vocabulary: &FxHashMap<String, u32>) -> Self {
        let mut sorted: Vec<(&[u8], u32)> =
            vocabulary.iter().map(|(token, id)| (token.as_bytes(), *id)).collect();
        sorted.sort_unstable();
        let mut trie = Trie { nodes: vec![Node::default()], children: Vec::new(), roots: vec![] };
        // The tokens below a node are neighbours: nodes are made level by level.
        let mut level = vec![(0_usize, 0_usize, sorted.len())];
        for depth in 0.. {
            let mut below = Vec::new();
            for (node, start, end) in level {
                trie.grow(node, &sorted, depth, start, end, &mut below);
            }
            if below.is_empty() {
                break;
            }
            level = below;
        }
        trie.roots = vec![None; 256];
        for (byte, child) in &trie.below(0) {
            if let Some(root) = trie.roots.get_mut(usize::from(*byte)) {
                *root = Some(*child);
            }
        }
        trie
    }

    /// Adds the children of a node, which has the tokens of a range.
    fn grow(
        &mut self,
        node: usize,
        sorted: &[(&[u8], u32)],
        depth: usize,
        start: usize,
        end: usize,
        below: &mut Vec<(usize, usize, usize)>,
    ) {
        let first = self.children.len() as u32;
        let mut open = None;
        for (at, (token, id)) in sorted.iter().enumerate().take(end).skip(start) {
            let Some(byte) = token.get(depth).copied() else {
                if let Some(node) = self.nodes.get_mut(node).filter(|_| depth > 0) {
                    node.token = Some(*id);
                }
                continue;
            };
            match open {
                Some(last) if last == byte => {
                    if let Some((_, _, end)) = below.last_mut() {
                        *end = at + 1;
                    }
                }
                _ => {
                    let child = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.children.push((byte, child as u32));
                    below.push((child, at, at + 1));
                    open = Some(byte);
                }
            }
        }
        let end = self.children.len() as u32;
        if let Some(node) = self.nodes.get_mut(node) {
            (node.start, node.end) = (first, end);
        }
    }

    fn below(&self, node: usize) -> Vec<(u8, u32)> {
        let node = self.nodes.get(node).copied().unwrap_or_default();
        self.children.get(node.start as usize..node.end as usize).unwrap_or_default().to_vec()
    }

    /// Finds the tokens that a text begins with, the shortest first.
    fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let mut node = None;
        for (at, byte) in text.iter().enumerate() {
            let next = match node {
                None => self.roots.get(usize::from(*byte)).copied().flatten(),
                Some(Node { start, end, .. }) => {
                    let children = self.children.get(start as usize..end as usize);
                    let children = children.unwrap_or_default();
                    let place = children.binary_search_by_key(byte, |(byte, _)| *byte).ok();
                    place.and_then(|place| children.get(place)).map(|(_, child)| *child)
                }
            };
            let Some(next) = next.and_then(|next| self.nodes.get(next as usize)) else { return };
            if let Some(token) = next.token {
                found(at + 1, token);
            }
            node = Some(*next);
        }
    }
}
