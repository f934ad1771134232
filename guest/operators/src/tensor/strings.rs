//! Operators on text: StringConcat, StringSplit and RegexFullMatch.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::text::pattern::{Pattern, Scratch};
use crate::values::{common, shaped, stretch, unforeseeable};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::ArrayD;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_core::broadcast::multi_broadcast;

fn texts(value: &Tensor) -> TractResult<ArrayD<String>> {
    Ok(value.to_plain_array_view::<String>()?.to_owned())
}

#[derive(Debug)]
struct StringConcat;

pub fn concat(_: &ParsingContext, _: &NodeProto) -> Built {
    built(StringConcat)
}

impl Operator for StringConcat {
    fn name(&self) -> &'static str {
        "StringConcat"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [a, b] = inputs else { bail!("it takes two inputs") };
        Ok(tvec!((String::datum_type(), multi_broadcast(&[&*a.shape, &*b.shape])?)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [a, b] = inputs else { bail!("it takes two inputs") };
        let shape = common(&[a.shape(), b.shape()])?;
        let (a, b) = (texts(a)?, texts(b)?);
        let (a, b) = (stretch(&a, &shape, "an input")?, stretch(&b, &shape, "an input")?);
        let joined = a.iter().zip(&b).map(|(a, b)| format!("{a}{b}")).collect();
        Ok(tvec!(Tensor::from(shaped::<String>(joined, &shape)?).into_tvalue()))
    }
}

#[derive(Debug)]
struct StringSplit {
    slots: Slots,
    /// Empty for any white space.
    delimiter: String,
    most: usize,
}

pub fn split(_: &ParsingContext, node: &NodeProto) -> Built {
    built(StringSplit {
        slots: Slots::of(node),
        delimiter: node.get_attr_opt("delimiter")?.unwrap_or_default(),
        most: node.get_attr_opt("maxsplit")?.unwrap_or(usize::MAX),
    })
}

impl StringSplit {
    fn parts<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let most = self.most.saturating_add(1);
        if !self.delimiter.is_empty() {
            return if text.is_empty() {
                // ONNX Runtime, unlike Python, finds nothing in an empty text.
                vec![]
            } else {
                text.splitn(most, &self.delimiter).collect()
            };
        }
        let mut parts = vec![];
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            if parts.len() + 1 == most {
                parts.push(rest);
                break;
            }
            let (part, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            parts.push(part);
            rest = after.trim_start();
        }
        parts
    }
}

impl Operator for StringSplit {
    fn name(&self) -> &'static str {
        "StringSplit"
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, _: &[Input]) -> TractResult<TVec<Output>> {
        unforeseeable()
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let input = texts(input)?;
        let split: Vec<Vec<&str>> = input.iter().map(|text| self.parts(text)).collect();
        let width = split.iter().map(Vec::len).max().unwrap_or(0);
        let padded = |parts: &Vec<&str>| -> Vec<String> {
            let padding = std::iter::repeat_n("", width - parts.len());
            parts.iter().copied().chain(padding).map(String::from).collect()
        };
        let shape = [input.shape(), &[width]].concat();
        let output = shaped(split.iter().flat_map(padded).collect::<Vec<String>>(), &shape)?;
        let counts = shaped(split.iter().map(|parts| parts.len() as i64).collect(), input.shape())?;
        Ok(self
            .slots
            .pick([Tensor::from(output).into_tvalue(), Tensor::from(counts).into_tvalue()]))
    }
}

#[derive(Debug)]
struct RegexFullMatch {
    pattern: Pattern,
}

pub fn full_match(_: &ParsingContext, node: &NodeProto) -> Built {
    let pattern: &str = node.get_attr_opt("pattern")?.unwrap_or_default();
    let pattern = Pattern::new(pattern).with_context(|| format!("the pattern `{pattern}`"))?;
    built(RegexFullMatch { pattern })
}

impl Operator for RegexFullMatch {
    fn name(&self) -> &'static str {
        "RegexFullMatch"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        Ok(tvec!((bool::datum_type(), input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let mut scratch = Scratch::default();
        // The longest match is all of the text, if any is.
        let matches = texts(input)?
            .mapv(|text| self.pattern.find(&text, 0, &mut scratch) == Some(0..text.len()));
        Ok(tvec!(Tensor::from(matches).into_tvalue()))
    }
}
