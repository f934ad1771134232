//! How a text is cut into words, of which each is encoded by itself.

use crate::Error;
use crate::added::is_word;
use crate::json::Part;
use crate::pattern::{Behavior, Pattern, characters};
use crate::pieces::Pieces;
use unicode_categories::UnicodeCategories;

/// The pre-tokenizers of a file, in order.
#[derive(Debug)]
pub(crate) struct PreTokenizers(Vec<PreTokenizer>);

#[derive(Debug)]
enum PreTokenizer {
    Bert,
    ByteLevel { prefix: bool, words: Option<Pattern> },
    Delimiter(char),
    Digits { behavior: Behavior },
    FixedLength(usize),
    Metaspace { replacement: char, scheme: Scheme, split: bool },
    Punctuation { behavior: Behavior },
    Split { pattern: Pattern, behavior: Behavior, invert: bool },
    Whitespace,
    WhitespaceSplit,
}

/// Where `Metaspace` begins a word that has no space before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Always,
    First,
    Never,
}

impl PreTokenizers {
    pub fn read(part: Option<Part>) -> Result<Self, Error> {
        let mut all = Vec::new();
        if let Some(part) = part {
            read(&part, &mut all)?;
        }
        Ok(Self(all))
    }

    pub fn apply(&self, pieces: &mut Pieces) -> Result<(), Error> {
        self.0.iter().try_for_each(|pre_tokenizer| pre_tokenizer.apply(pieces))
    }
}

fn read(part: &Part, all: &mut Vec<PreTokenizer>) -> Result<(), Error> {
    all.push(match part.kind()? {
        "Sequence" => {
            return part.parts("pretokenizers")?.iter().try_for_each(|part| read(part, all));
        }
        "BertPreTokenizer" => PreTokenizer::Bert,
        "ByteLevel" => PreTokenizer::ByteLevel {
            prefix: part.flag("add_prefix_space", true)?,
            words: part.flag("use_regex", true)?.then(Pattern::gpt2).transpose()?,
        },
        "CharDelimiterSplit" | "Delimiter" => PreTokenizer::Delimiter(part.character("delimiter")?),
        "Digits" => PreTokenizer::Digits {
            behavior: match part.flag("individual_digits", false)? {
                true => Behavior::Isolated,
                false => Behavior::Contiguous,
            },
        },
        "FixedLength" => match part.number("length")? {
            Some(0) => return Err(part.invalid("length is 0")),
            length => PreTokenizer::FixedLength(length.unwrap_or(5)),
        },
        "Metaspace" => {
            let scheme = match part.text_or_none("prepend_scheme")? {
                None | Some("always") => Scheme::Always,
                Some("first") => Scheme::First,
                Some("never") => Scheme::Never,
                Some(other) => {
                    return Err(part.unsupported(format!("the prepend_scheme {other:?}")));
                }
            };
            PreTokenizer::Metaspace {
                replacement: part.character("replacement")?,
                // What files had before there were schemes.
                scheme: match part.flag("add_prefix_space", true)? {
                    true => scheme,
                    false => Scheme::Never,
                },
                split: part.flag("split", true)?,
            }
        }
        "Punctuation" => {
            PreTokenizer::Punctuation { behavior: Behavior::read(part, Some(Behavior::Isolated))? }
        }
        "Split" => PreTokenizer::Split {
            pattern: Pattern::read(part)?,
            behavior: Behavior::read(part, None)?,
            invert: part.flag("invert", false)?,
        },
        "Whitespace" => PreTokenizer::Whitespace,
        "WhitespaceSplit" => PreTokenizer::WhitespaceSplit,
        other => return Err(part.unsupported(format!("the pre-tokenizer {other:?}"))),
    });
    Ok(())
}

impl PreTokenizer {
    fn apply(&self, pieces: &mut Pieces) -> Result<(), Error> {
        match self {
            PreTokenizer::Bert => pieces.split(|text, out| {
                words(text, |character| is_punctuation(character).then_some(Kind::Alone), out);
                Ok(())
            }),
            PreTokenizer::ByteLevel { prefix, words } => {
                if *prefix {
                    pieces.rewrite(|text, _, out| {
                        if !text.starts_with(' ') {
                            out.push(' ');
                        }
                        out.push_str(text);
                    });
                }
                if let Some(words) = words {
                    split(pieces, words, Behavior::Isolated, false)?;
                }
                pieces.rewrite(|text, _, out| out.extend(text.bytes().map(byte_character)));
                Ok(())
            }
            PreTokenizer::Delimiter(delimiter) => {
                split_at(pieces, |character| character == *delimiter, Behavior::Removed)
            }
            PreTokenizer::Digits { behavior } => split_at(pieces, char::is_numeric, *behavior),
            PreTokenizer::FixedLength(length) => pieces.split(|text, out| {
                let starts = text.char_indices().map(|(at, _)| at).step_by(*length);
                let ends = starts.clone().skip(1).chain([text.len()]);
                out.extend(starts.zip(ends));
                Ok(())
            }),
            PreTokenizer::Metaspace { replacement, scheme, split } => {
                pieces.rewrite(|text, first, out| {
                    let begun = text.starts_with([' ', *replacement]);
                    let begin = match scheme {
                        Scheme::Always => true,
                        Scheme::First => first,
                        Scheme::Never => false,
                    };
                    if begin && !begun {
                        out.push(*replacement);
                    }
                    out.extend(text.chars().map(|c| if c == ' ' { *replacement } else { c }));
                });
                match split {
                    true => split_at(pieces, |c| c == *replacement, Behavior::MergedWithNext),
                    false => Ok(()),
                }
            }
            PreTokenizer::Punctuation { behavior } => split_at(pieces, is_punctuation, *behavior),
            PreTokenizer::Split { pattern, behavior, invert } => {
                split(pieces, pattern, *behavior, *invert)
            }
            PreTokenizer::Whitespace => pieces.split(|text, out| {
                words(text, |c| Some(if is_word(c) { Kind::Word } else { Kind::Symbol }), out);
                Ok(())
            }),
            PreTokenizer::WhitespaceSplit => {
                split_at(pieces, char::is_whitespace, Behavior::Removed)
            }
        }
    }
}

/// What is kept together between spaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Symbol,
    /// Not even with its like.
    Alone,
}

/// Appends the runs of characters of a kind (by default words) between spaces.
fn words(text: &str, kind: impl Fn(char) -> Option<Kind>, out: &mut Vec<(usize, usize)>) {
    let mut run: Option<(usize, Kind)> = None;
    for (at, character) in text.char_indices() {
        let kind = match character.is_whitespace() {
            true => None,
            false => Some(kind(character).unwrap_or(Kind::Word)),
        };
        match (run, kind) {
            (Some((_, old)), Some(kind)) if old == kind && kind != Kind::Alone => continue,
            (Some((start, _)), _) => out.push((start, at)),
            (None, _) => {}
        }
        run = kind.map(|kind| (at, kind));
    }
    out.extend(run.map(|(start, _)| (start, text.len())));
}

fn split(
    pieces: &mut Pieces,
    pattern: &Pattern,
    behavior: Behavior,
    invert: bool,
) -> Result<(), Error> {
    let mut matches = Vec::new();
    pieces.split(|text, out| {
        matches.clear();
        pattern.matches(text, &mut matches)?;
        matches.iter_mut().for_each(|(_, matched)| *matched ^= invert);
        behavior.apply(&matches, out);
        Ok(())
    })
}

fn split_at(
    pieces: &mut Pieces,
    is: impl Fn(char) -> bool,
    behavior: Behavior,
) -> Result<(), Error> {
    let mut matches = Vec::new();
    pieces.split(|text, out| {
        matches.clear();
        characters(text, &is, &mut matches);
        behavior.apply(&matches, out);
        Ok(())
    })
}

fn is_punctuation(character: char) -> bool {
    match character.is_ascii() {
        true => character.is_ascii_punctuation(),
        false => character.is_punctuation(),
    }
}

/// The visible character that stands for a byte in byte-level vocabularies.
pub(crate) fn byte_character(byte: u8) -> char {
    let code = match byte {
        b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => return char::from(byte),
        0..=b' ' => u32::from(byte),
        0x7f..=0xa0 => u32::from(byte) - 0x7f + 33,
        0xad => 67,
    };
    char::from_u32(0x100 + code).unwrap_or_default()
}
