//! Tokenizer of `com.microsoft`: texts cut into characters, into what lies between
//! separators, or into what matches an expression; rows are filled to the longest.

use super::filled;
use super::pattern::{Pattern, Scratch};
use crate::operator::{Built, Input, Operator, Output, Unforeseen, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Tokenizer {
    cut: Cut,
    /// Fewer characters are no token.
    least: usize,
    padding: String,
    /// Whether a row is put between marks.
    marks: bool,
    /// Tokens in the longest row.
    longest: Unforeseen,
}

#[derive(Debug)]
enum Cut {
    Characters,
    Between(Vec<Pattern>),
    Matches(Pattern),
}

pub fn tokenizer(context: &ParsingContext, node: &NodeProto) -> Built {
    let separators: Option<Vec<String>> = node.get_attr_opt_vec("separators")?;
    let cut = match separators.as_deref() {
        Some([]) => bail!("it has an empty list of separators"),
        Some([none]) if none.is_empty() => Cut::Characters,
        Some(separators) => {
            let patterns = separators.iter().map(|separator| Pattern::new(separator));
            Cut::Between(patterns.collect::<TractResult<_>>()?)
        }
        None => match node.get_attr::<&str>("tokenexp")? {
            "" => bail!("its tokenexp is empty"),
            "." => Cut::Characters,
            expression => Cut::Matches(Pattern::new(expression)?),
        },
    };
    built(Tokenizer {
        cut,
        least: node.get_attr::<usize>("mincharnum")?,
        padding: node.get_attr("pad_value")?,
        marks: node.get_attr::<i64>("mark")? != 0,
        longest: Unforeseen::new(context, "tokens"),
    })
}

impl Tokenizer {
    fn counts(&self, token: &str) -> bool {
        token.chars().count() >= self.least
    }

    fn tokens<'a>(&self, text: &'a str, scratch: &mut Scratch) -> Vec<&'a str> {
        match &self.cut {
            Cut::Characters => {
                text.char_indices().filter_map(|(at, c)| text.get(at..at + c.len_utf8())).collect()
            }
            Cut::Matches(pattern) => {
                let (mut tokens, mut from) = (vec![], 0);
                while let Some(found) = pattern.find(text, from, scratch) {
                    let token = text.get(found.clone()).unwrap_or_default();
                    if self.counts(token) {
                        tokens.push(token);
                        from = found.end;
                    }
                    // What is too short is sought again from its second character.
                    if !self.counts(token) || token.is_empty() {
                        from = after(text, found.start);
                    }
                }
                tokens
            }
            Cut::Between(patterns) => patterns.iter().fold(vec![text], |parts, pattern| {
                parts.into_iter().flat_map(|part| self.between(pattern, part, scratch)).collect()
            }),
        }
    }

    fn between<'a>(
        &self,
        separator: &Pattern,
        text: &'a str,
        scratch: &mut Scratch,
    ) -> Vec<&'a str> {
        let (mut tokens, mut from) = (vec![], 0);
        while let Some(found) = separator.find(text, from, scratch) {
            tokens.extend(text.get(from..found.start));
            // An empty separator takes the character that follows with it.
            from = if found.is_empty() { after(text, found.start) } else { found.end };
        }
        tokens.extend(text.get(from..));
        tokens.retain(|token| self.counts(token));
        tokens
    }
}

/// The position after the character at a position.
fn after(text: &str, at: usize) -> usize {
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    at + next.map_or(1, char::len_utf8)
}

impl Operator for Tokenizer {
    fn name(&self) -> &'static str {
        "Tokenizer"
    }

    fn is_unforeseen(&self) -> bool {
        true
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        let mut shape = input.shape.clone();
        shape.push(self.longest.dim());
        Ok(tvec!((DatumType::String, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let texts = input.try_as_plain_ram()?;
        let mut scratch = Scratch::default();
        let rows: Vec<Vec<&str>> = (texts.as_slice::<String>()?.iter())
            .map(|text| self.tokens(text, &mut scratch))
            .collect();
        let mut shape: TVec<usize> = input.shape().into();
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        if longest == 0 {
            shape.push(0);
            return Ok(tvec!(filled(&shape, vec![])?));
        }
        let longest = longest + if self.marks { 2 } else { 0 };
        shape.push(longest);
        let mut tokens: Vec<String> = Vec::with_capacity(rows.len() * longest);
        for row in rows {
            let end = tokens.len() + longest;
            tokens.extend(self.marks.then(|| "\u{2}".into()));
            tokens.extend(row.into_iter().map(String::from));
            tokens.extend(self.marks.then(|| "\u{3}".into()));
            tokens.resize(end, self.padding.clone());
        }
        Ok(tvec!(filled(&shape, tokens)?))
    }
}
