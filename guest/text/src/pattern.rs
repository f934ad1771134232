//! What a text is searched for: a literal, a regular expression, or the expression
//! of GPT-2, which so many tokenizers have that it is written out by hand. And what
//! becomes of the matches when the text is split at them.

use crate::Error;
use crate::json::Part;
use fancy_regex::Regex;
use regex_syntax::hir::{Class, HirKind};
use std::sync::Arc;

/// The expression that byte-level BPE splits by.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

/// A part of a text that matches, or lies between matches.
pub(crate) type Match = ((usize, usize), bool);

/// What to search for.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Literal(String),
    Regex { regex: Arc<Regex>, place: String },
    Gpt2(Arc<Words>),
}

impl Pattern {
    /// The pattern of a `Split` or `Replace`.
    pub fn read(part: &Part) -> Result<Self, Error> {
        let place = format!("{}.pattern", part.place);
        let part = part.part("pattern").ok_or_else(|| part.invalid("pattern is not there"))?;
        if let Some(regex) = part.text_or_none("Regex")? {
            if regex == GPT2 {
                return Pattern::gpt2();
            }
            let regex = Regex::new(regex).map_err(|error| {
                Error::unsupported(&place, format!("a regular expression ({error})"))
            })?;
            // What the expression allocates when it is first used is part of the
            // frozen memory that way.
            let _ = regex.is_match("a");
            return Ok(Pattern::Regex { regex: Arc::new(regex), place });
        }
        match part.text("String")? {
            "" => Err(part.unsupported("an empty pattern")),
            literal => Ok(Pattern::Literal(literal.to_owned())),
        }
    }

    pub fn gpt2() -> Result<Self, Error> {
        Ok(Pattern::Gpt2(Arc::new(Words::new()?)))
    }

    /// The parts of a text, in order and without gaps.
    pub fn matches(&self, text: &str, out: &mut Vec<Match>) -> Result<(), Error> {
        let mut last = 0;
        let mut push = |start: usize, end: usize| {
            if last != start {
                out.push(((last, start), false));
            }
            out.push(((start, end), true));
            last = end;
        };
        match self {
            Pattern::Literal(literal) => {
                text.match_indices(literal).for_each(|(at, found)| push(at, at + found.len()));
            }
            Pattern::Regex { regex, place } => {
                for found in regex.find_iter(text) {
                    let found = found.map_err(|_| Error::Pattern(place.clone()))?;
                    push(found.start(), found.end());
                }
            }
            Pattern::Gpt2(words) => words.matches(text, push),
        }
        if last != text.len() {
            out.push(((last, text.len()), false));
        }
        Ok(())
    }

    /// Appends a text with the matches replaced.
    pub fn replace(&self, text: &str, content: &str, out: &mut String) -> Result<(), Error> {
        let mut matches = Vec::new();
        self.matches(text, &mut matches)?;
        for ((start, end), matched) in matches {
            out.push_str(if matched { content } else { text.get(start..end).unwrap_or_default() });
        }
        Ok(())
    }
}

/// The parts of a text by a property of its characters, each match a character.
pub(crate) fn characters(text: &str, is: impl Fn(char) -> bool, out: &mut Vec<Match>) {
    let mut last = 0;
    for (at, character) in text.char_indices().filter(|(_, character)| is(*character)) {
        if last < at {
            out.push(((last, at), false));
        }
        last = at + character.len_utf8();
        out.push(((at, last), true));
    }
    if last < text.len() {
        out.push(((last, text.len()), false));
    }
}

/// What becomes of the matches of a split.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behavior {
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

impl Behavior {
    pub fn read(part: &Part, default: Option<Self>) -> Result<Self, Error> {
        match (part.text_or_none("behavior")?, default) {
            (Some("Removed"), _) => Ok(Behavior::Removed),
            (Some("Isolated"), _) => Ok(Behavior::Isolated),
            (Some("MergedWithPrevious"), _) => Ok(Behavior::MergedWithPrevious),
            (Some("MergedWithNext"), _) => Ok(Behavior::MergedWithNext),
            (Some("Contiguous"), _) => Ok(Behavior::Contiguous),
            (Some(other), _) => Err(part.unsupported(format!("the behavior {other:?}"))),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(part.invalid("behavior is not there")),
        }
    }

    /// Appends the ranges that a split leaves of these parts.
    pub fn apply(self, matches: &[Match], out: &mut Vec<(usize, usize)>) {
        let mut previous = false;
        match self {
            Behavior::Isolated => out.extend(matches.iter().map(|(range, _)| *range)),
            Behavior::Removed => {
                out.extend(matches.iter().filter(|(_, matched)| !matched).map(|(range, _)| *range));
            }
            Behavior::Contiguous | Behavior::MergedWithPrevious => {
                for (range, matched) in matches {
                    let merge = match self {
                        Behavior::Contiguous => *matched == previous,
                        _ => *matched && !previous,
                    };
                    match out.last_mut() {
                        Some((_, end)) if merge => *end = range.1,
                        _ => out.push(*range),
                    }
                    previous = *matched;
                }
            }
            Behavior::MergedWithNext => {
                for (range, matched) in matches.iter().rev() {
                    match out.last_mut() {
                        Some((start, _)) if *matched && !previous => *start = range.0,
                        _ => out.push(*range),
                    }
                    previous = *matched;
                }
                out.reverse();
            }
        }
    }
}

/// The words of GPT-2: contractions, then letters, numbers and other symbols, each
/// with the space before it, then spaces.
#[derive(Debug)]
pub(crate) struct Words {
    letters: Vec<(char, char)>,
    numbers: Vec<(char, char)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Number,
    Space,
    Other,
}

impl Words {
    fn new() -> Result<Self, Error> {
        Ok(Self { letters: class(r"\p{L}")?, numbers: class(r"\p{N}")? })
    }

    fn kind(&self, character: char) -> Kind {
        let within = |ranges: &[(char, char)]| {
            let at = ranges.partition_point(|(_, end)| *end < character);
            ranges.get(at).is_some_and(|(start, _)| *start <= character)
        };
        match character {
            'a'..='z' | 'A'..='Z' => Kind::Letter,
            '0'..='9' => Kind::Number,
            _ if character.is_whitespace() => Kind::Space,
            _ if character.is_ascii() => Kind::Other,
            _ if within(&self.letters) => Kind::Letter,
            _ if within(&self.numbers) => Kind::Number,
            _ => Kind::Other,
        }
    }

    fn matches(&self, text: &str, mut push: impl FnMut(usize, usize)) {
        let mut start = 0;
        while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
            let length = self.length(rest);
            push(start, start + length);
            start += length;
        }
    }

    /// The length of the word at the begin of a text that is not empty.
    fn length(&self, text: &str) -> usize {
        const CONTRACTIONS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
        if text.starts_with('\'')
            && let Some(found) = CONTRACTIONS.iter().find(|found| text.starts_with(**found))
        {
            return found.len();
        }
        let skipped = usize::from(text.starts_with(' '));
        let rest = text.get(skipped..).unwrap_or_default();
        let kind = rest.chars().next().map_or(Kind::Space, |first| self.kind(first));
        if kind != Kind::Space {
            let end = rest.char_indices().find(|(_, next)| self.kind(*next) != kind);
            return skipped + end.map_or(rest.len(), |(at, _)| at);
        }
        // Spaces: all of them at the end of the text, else all but the last, which
        // belongs to the next word, unless there is only one.
        let mut last = 0;
        for (at, character) in text.char_indices() {
            if !character.is_whitespace() {
                return if last == 0 { at } else { last };
            }
            last = at;
        }
        text.len()
    }
}

/// The ranges of a class of characters.
fn class(pattern: &str) -> Result<Vec<(char, char)>, Error> {
    let parsed = regex_syntax::parse(pattern).ok();
    match parsed.as_ref().map(|hir| hir.kind()) {
        Some(HirKind::Class(Class::Unicode(class))) => {
            Ok(class.iter().map(|range| (range.start(), range.end())).collect())
        }
        _ => Err(Error::unsupported("pre_tokenizer", pattern)),
    }
}
