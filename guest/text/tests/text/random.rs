//! Random texts and damaged files: an answer or an error, never a panic, and the same
//! each time.

use crate::{NAMES, tokenizer};
use outpost_text::{Options, Tokenizer};

/// A generator with a seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as u32 % end
    }

    fn text(&mut self) -> String {
        let pieces =
            ["[CLS]", "<mask>", "  ", "'s", "▁", "\r\n", "\u{301}", "👨‍👩‍👧", "<0x41>", "a", "Ġ"];
        let length = self.below(40);
        let mut text = String::new();
        for _ in 0..length {
            match self.below(4) {
                0 => text.push_str(pieces[self.below(pieces.len() as u32) as usize]),
                1 => text.extend(char::from_u32(self.below(0x110000))),
                2 => text.extend(char::from_u32(self.below(0x3100))),
                _ => text.extend(char::from_u32(self.below(0x80))),
            }
        }
        text
    }
}

#[test]
fn no_text_panics_and_all_are_encoded_the_same_again() {
    let mut random = Random(0x5eed);
    for name in NAMES {
        let again = tokenizer(name);
        let tokenizer = tokenizer(name);
        for _ in 0..400 {
            let text = random.text();
            let found = tokenizer.encode_batch::<i64>(&[&text]).unwrap();
            assert_eq!(found.ids.len(), found.mask.len());
            assert_eq!(again.encode_batch(&[&text]), Ok(found));
        }
    }
}

#[test]
fn no_text_panics_when_it_is_cut_and_padded() {
    let mut random = Random(0xc0ffee);
    for name in NAMES {
        for (length, side) in [(5, "left"), (9, "right")] {
            let options = format!(
                r#"{{"max_length": {length}, "pair": true, "truncation_side": "{side}",
                     "truncation": "longest_first", "padding": "longest", "multiple_of": 4}}"#
            );
            let options: Options = serde_json::from_str(&options).unwrap();
            let tokenizer = tokenizer(name).with_options(&options).unwrap();
            for _ in 0..300 {
                let _ = tokenizer.encode_pairs::<i32>(&[(&random.text(), &random.text())]);
            }
        }
    }
}

#[test]
fn no_damaged_file_panics() {
    let mut random = Random(0xdead);
    for name in NAMES.iter().filter(|name| **name != "minilm") {
        let whole = crate::file(&format!("tokenizers/{name}.json"));
        for _ in 0..60 {
            let mut damaged = whole.clone();
            for _ in 0..1 + random.below(4) {
                let at = random.below(damaged.len() as u32) as usize;
                damaged[at] = b"0 19ABaz\"{}[],:="[random.below(16) as usize];
            }
            if let Ok(tokenizer) = Tokenizer::from_json(&damaged) {
                let _ = tokenizer.encode_batch::<i64>(&[&random.text()]);
            }
        }
    }
}
