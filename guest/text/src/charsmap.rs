//! The normalisation that SentencePiece compiles into its models: a double-array
//! trie from what is replaced to where its replacement is. What is done with it is
//! odd in places, and ids depend on all of it.

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use unicode_segmentation::UnicodeSegmentation;

/// A compiled normalisation.
#[derive(Debug)]
pub(crate) struct Charsmap {
    trie: Vec<u32>,
    /// The replacements, each with a 0 after it.
    normalized: String,
}

impl Charsmap {
    pub fn read(place: &str, encoded: &str) -> Result<Self, Error> {
        let wrong = || Error::invalid(place, "precompiled_charsmap is not one of SentencePiece");
        let bytes = STANDARD.decode(encoded).map_err(|_| wrong())?;
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(wrong)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| wrong())?;
        let (trie, normalized) = rest.split_at_checked(length).ok_or_else(wrong)?;
        let units = trie.as_chunks::<4>().0.iter().map(|unit| u32::from_le_bytes(*unit));
        let normalized = String::from_utf8(normalized.to_vec()).map_err(|_| wrong())?;
        Ok(Self { trie: units.collect(), normalized })
    }

    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for grapheme in text.graphemes(true) {
            let whole = if grapheme.len() < 6 { self.replacement(grapheme) } else { None };
            if let Some(whole) = whole {
                out.push_str(whole);
                continue;
            }
            for character in grapheme.chars() {
                match self.replacement(character.encode_utf8(&mut [0; 4])) {
                    Some(replacement) => out.push_str(replacement),
                    None => out.push(character),
                }
            }
        }
        out
    }

    /// The replacement of the shortest beginning of a key that has one.
    fn replacement(&self, key: &str) -> Option<&str> {
        let mut node = offset(*self.trie.first()?);
        for byte in key.bytes().take_while(|byte| *byte != 0) {
            node ^= usize::from(byte);
            let unit = *self.trie.get(node)?;
            if unit & (1 << 31 | 0xff) != u32::from(byte) {
                return None;
            }
            node ^= offset(unit);
            if unit >> 8 & 1 == 1 {
                let start = usize::try_from(*self.trie.get(node)? & !(1 << 31)).ok()?;
                let rest = self.normalized.get(start..)?;
                return rest.split('\0').next();
            }
        }
        None
    }
}

fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}
