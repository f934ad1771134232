//! The tokens that a text may have as they are, such as `[MASK]`: they are cut out
//! of it before anything else, those that ask for it only once it is normalised.

use crate::Error;
use crate::json::Part;
use crate::model::Model;
use crate::normalizer::Normalizers;
use crate::pieces::Pieces;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// One such token.
#[derive(Clone, Debug)]
struct Token {
    /// What is searched for.
    content: String,
    id: u32,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
}

/// The added tokens of a file.
#[derive(Debug)]
pub(crate) struct Added {
    raw: Finder,
    normalized: Finder,
    ids: FxHashMap<String, u32>,
}

impl Added {
    pub fn read(parts: &[Part], model: &Model, normalizers: &Normalizers) -> Result<Self, Error> {
        let mut ids = FxHashMap::default();
        let (mut raw, mut normalized) = (Vec::new(), Vec::new());
        let mut next = u32::try_from(model.len()).unwrap_or(u32::MAX);
        for part in parts {
            let content = part.text("content")?;
            if content.is_empty() {
                continue;
            }
            // As `tokenizers` does, the vocabulary goes before the file's own id.
            let known = ids.get(content).copied().or_else(|| model.id(content));
            let id = known.unwrap_or_else(|| {
                next = next.saturating_add(1);
                next - 1
            });
            ids.insert(content.to_owned(), id);
            let special = part.flag("special", false)?;
            let normalize = part.flag("normalized", !special)?;
            let content = match normalize {
                true => normalizers.apply(content)?.0.into_owned(),
                false => content.to_owned(),
            };
            let token = Token {
                content,
                id,
                single_word: part.flag("single_word", false)?,
                lstrip: part.flag("lstrip", false)?,
                rstrip: part.flag("rstrip", false)?,
            };
            // The last one said about an id holds.
            for tokens in [&mut raw, &mut normalized] {
                tokens.retain(|other: &Token| other.id != id);
            }
            let tokens = if normalize { &mut normalized } else { &mut raw };
            tokens.retain(|other| other.content != token.content);
            tokens.push(token);
        }
        Ok(Self { raw: Finder::new(raw), normalized: Finder::new(normalized), ids })
    }

    pub fn id(&self, content: &str) -> Option<u32> {
        self.ids.get(content).copied()
    }

    /// Cuts the tokens out of a text and normalises what is between them.
    pub fn extract(&self, text: &str, normalizers: &Normalizers) -> Result<Pieces, Error> {
        let mut pieces = Pieces::default();
        self.raw.split(text, |start, part| {
            let part = match part {
                Segment::Token(id) => {
                    pieces.push_token(id);
                    return Ok(());
                }
                Segment::Text(part) => part,
            };
            let (part, cut) = normalizers.apply(part)?;
            let first = start == 0 && !cut;
            self.normalized.split(&part, |start, part| {
                match part {
                    Segment::Token(id) => pieces.push_token(id),
                    Segment::Text(part) => pieces.push_text(part, first && start == 0),
                }
                Ok(())
            })
        })?;
        Ok(pieces)
    }
}

enum Segment<'a> {
    Token(u32),
    Text(&'a str),
}

/// Finds tokens in a text: the leftmost first, of those the longest.
#[derive(Debug)]
struct Finder {
    /// The tokens by their first byte, the longest first.
    tokens: Vec<Vec<Token>>,
    empty: bool,
}

impl Finder {
    fn new(all: Vec<Token>) -> Self {
        let mut tokens = vec![Vec::new(); 256];
        let empty = all.is_empty();
        for token in all {
            let first = token.content.bytes().next().map(usize::from);
            if let Some(tokens) = first.and_then(|first| tokens.get_mut(first)) {
                tokens.push(token);
            }
        }
        for tokens in &mut tokens {
            tokens.sort_by_key(|token| Reverse(token.content.len()));
        }
        Self { tokens, empty }
    }

    fn find(&self, text: &str, from: usize) -> Option<(usize, &Token)> {
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate().skip(from) {
            let tokens = self.tokens.get(usize::from(*byte)).filter(|tokens| !tokens.is_empty());
            let Some(tokens) = tokens else { continue };
            let rest = bytes.get(at..).unwrap_or_default();
            let found = tokens.iter().find(|token| rest.starts_with(token.content.as_bytes()));
            if let Some(found) = found {
                return Some((at, found));
            }
        }
        None
    }

    fn split(
        &self,
        text: &str,
        mut push: impl FnMut(usize, Segment) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut pushed = 0;
        let mut from = 0;
        while let Some((at, token)) = if self.empty { None } else { self.find(text, from) } {
            let (mut start, mut end) = (at, at + token.content.len());
            from = end;
            let before = text.get(..start).unwrap_or_default();
            let after = text.get(end..).unwrap_or_default();
            if token.single_word {
                let word = |character: Option<char>| character.is_some_and(is_word);
                if word(before.chars().next_back()) || word(after.chars().next()) {
                    continue;
                }
            }
            if token.lstrip {
                start = before.trim_end().len().max(pushed);
            }
            if token.rstrip {
                end += after.len() - after.trim_start().len();
            }
            if pushed < start {
                push(pushed, Segment::Text(text.get(pushed..start).unwrap_or_default()))?;
            }
            push(start, Segment::Token(token.id))?;
            pushed = end;
        }
        match text.get(pushed..) {
            Some(rest) if !rest.is_empty() => push(pushed, Segment::Text(rest)),
            _ => Ok(()),
        }
    }
}

/// What a regular expression's `\w` matches.
pub(crate) fn is_word(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => true,
        _ if character.is_ascii() => false,
        _ => regex_syntax::try_is_word_character(character).unwrap_or(false),
    }
}
