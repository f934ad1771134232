//! What a text is rewritten to before it is cut into words. The Unicode tables are
//! those of `tokenizers`, older than the ones of the standard library.

use crate::Error;
use crate::charsmap::Charsmap;
use crate::json::Part;
use crate::pattern::Pattern;
use crate::pre_tokenizer::byte_character;
use std::borrow::Cow;
use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::UnicodeNormalization;
use unicode_normalization_alignments::char::is_combining_mark;

/// The normalizers of a file, in order.
#[derive(Debug, Default)]
pub(crate) struct Normalizers(Vec<Normalizer>);

#[derive(Debug)]
enum Normalizer {
    Bert { clean: bool, chinese: bool, accents: bool, lowercase: bool },
    ByteLevel,
    Charsmap(Charsmap),
    Form(Form),
    Lowercase,
    Nmt,
    Prepend(String),
    Replace { pattern: Pattern, content: String },
    Strip { left: bool, right: bool },
    StripAccents,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    C,
    D,
    Kc,
    Kd,
}

impl Normalizers {
    pub fn read(part: Option<Part>) -> Result<Self, Error> {
        let mut all = Vec::new();
        if let Some(part) = part {
            read(&part, &mut all)?;
        }
        Ok(Self(all))
    }

    /// The text rewritten, and whether something of its begin is gone.
    pub fn apply<'a>(&self, text: &'a str) -> Result<(Cow<'a, str>, bool), Error> {
        let mut text = Cow::Borrowed(text);
        let mut cut = false;
        for normalizer in &self.0 {
            if let Some(changed) = normalizer.apply(&text, &mut cut)? {
                text = Cow::Owned(changed);
            }
        }
        Ok((text, cut))
    }
}

fn read(part: &Part, all: &mut Vec<Normalizer>) -> Result<(), Error> {
    all.push(match part.kind()? {
        "Sequence" => {
            return part.parts("normalizers")?.iter().try_for_each(|part| read(part, all));
        }
        "BertNormalizer" => {
            let lowercase = part.flag("lowercase", true)?;
            Normalizer::Bert {
                clean: part.flag("clean_text", true)?,
                chinese: part.flag("handle_chinese_chars", true)?,
                accents: part.flag_or_none("strip_accents")?.unwrap_or(lowercase),
                lowercase,
            }
        }
        "ByteLevel" => Normalizer::ByteLevel,
        "Lowercase" => Normalizer::Lowercase,
        "NFC" => Normalizer::Form(Form::C),
        "NFD" => Normalizer::Form(Form::D),
        "NFKC" => Normalizer::Form(Form::Kc),
        "NFKD" => Normalizer::Form(Form::Kd),
        "Nmt" => Normalizer::Nmt,
        "Precompiled" => {
            Normalizer::Charsmap(Charsmap::read(&part.place, part.text("precompiled_charsmap")?)?)
        }
        "Prepend" => Normalizer::Prepend(part.text("prepend")?.to_owned()),
        "Replace" => Normalizer::Replace {
            pattern: Pattern::read(part)?,
            content: part.text("content")?.to_owned(),
        },
        "Strip" => Normalizer::Strip {
            left: part.flag("strip_left", true)?,
            right: part.flag("strip_right", true)?,
        },
        "StripAccents" => Normalizer::StripAccents,
        other => return Err(part.unsupported(format!("the normalizer {other:?}"))),
    });
    Ok(())
}

impl Normalizer {
    /// The text rewritten, unless it stays as it is.
    fn apply(&self, text: &str, cut: &mut bool) -> Result<Option<String>, Error> {
        Ok(match self {
            Normalizer::Bert { clean, chinese, accents, lowercase } => {
                return Ok(Some(bert(text, *clean, *chinese, *accents, *lowercase, cut)));
            }
            Normalizer::ByteLevel => Some(text.bytes().map(byte_character).collect()),
            Normalizer::Charsmap(map) => Some(map.apply(text)),
            Normalizer::Form(_) if text.is_ascii() => None,
            Normalizer::Form(form) => Some(match form {
                Form::C => text.nfc().map(|(character, _)| character).collect(),
                Form::D => text.nfd().map(|(character, _)| character).collect(),
                Form::Kc => text.nfkc().map(|(character, _)| character).collect(),
                Form::Kd => text.nfkd().map(|(character, _)| character).collect(),
            }),
            Normalizer::Lowercase => Some(lowercased(text)),
            Normalizer::Nmt => {
                let kept = keep(text, |character| !nmt_drops(character), cut);
                Some(kept.map(nmt).collect())
            }
            Normalizer::Prepend(_) if text.is_empty() => None,
            Normalizer::Prepend(prepend) => Some([prepend, text].concat()),
            Normalizer::Replace { pattern, content } => {
                let mut out = String::with_capacity(text.len());
                pattern.replace(text, content, &mut out)?;
                Some(out)
            }
            Normalizer::Strip { left, right } => {
                let stripped = if *left { text.trim_start() } else { text };
                *cut |= stripped.len() < text.len();
                Some(if *right { stripped.trim_end() } else { stripped }.to_owned())
            }
            Normalizer::StripAccents => {
                Some(keep(text, |character| !is_combining_mark(character), cut).collect())
            }
        })
    }
}

/// The characters to keep. Notes when the first is not among them.
fn keep<'a>(
    text: &'a str,
    keeps: impl Fn(char) -> bool + 'a,
    cut: &mut bool,
) -> impl Iterator<Item = char> + 'a {
    *cut |= text.chars().next().is_some_and(|first| !keeps(first));
    text.chars().filter(move |character| keeps(*character))
}

fn lowercased(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Character by character: a final sigma is nothing special.
    text.chars().flat_map(char::to_lowercase).collect()
}

fn bert(
    text: &str,
    clean: bool,
    chinese: bool,
    accents: bool,
    lowercase: bool,
    cut: &mut bool,
) -> String {
    let mut text = match clean {
        true => keep(text, |character| !bert_drops(character), cut)
            .map(|character| if character.is_whitespace() { ' ' } else { character })
            .collect(),
        false => text.to_owned(),
    };
    if text.is_ascii() {
        if lowercase {
            text.make_ascii_lowercase();
        }
        return text;
    }
    if chinese {
        let mut spaced = String::with_capacity(text.len() * 2);
        for character in text.chars() {
            if is_chinese(character) {
                spaced.extend([' ', character, ' ']);
            } else {
                spaced.push(character);
            }
        }
        text = spaced;
    }
    if accents {
        let decomposed: String = text.nfd().map(|(character, _)| character).collect();
        text = keep(&decomposed, |character| !character.is_mark_nonspacing(), cut).collect();
    }
    if lowercase { lowercased(&text) } else { text }
}

fn bert_drops(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        ' '..='~' => false,
        '\0' | '\u{fffd}' => true,
        _ => character.is_other(),
    }
}

fn is_chinese(character: char) -> bool {
    matches!(character,
        '\u{4e00}'..='\u{9fff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}'
        | '\u{2b920}'..='\u{2ceaf}'
        | '\u{f900}'..='\u{faff}'
        | '\u{2f800}'..='\u{2fa1f}')
}

fn nmt_drops(character: char) -> bool {
    matches!(character,
        '\u{1}'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{8f}' | '\u{9f}')
}

fn nmt(character: char) -> char {
    match character {
        '\t'
        | '\n'
        | '\u{c}'
        | '\r'
        | '\u{1680}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2581}'
        | '\u{feff}'
        | '\u{fffd}' => ' ',
        _ => character,
    }
}
