//! StringNormalizer: texts in lower or upper case, without stop words.
//!
//! Case is changed character by character, as in the C library that ONNX Runtime
//! calls: where Unicode makes several of one, it stays as it is.

use super::filled;
use crate::operator::{Built, Input, Operator, Output, Unforeseen, built};
use std::collections::BTreeSet;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    AsIs,
    Lower,
    Upper,
}

impl Case {
    fn of(self, text: &str) -> String {
        match self {
            Case::AsIs => text.into(),
            // The first of two is the letter, the second a dot for it.
            Case::Lower => text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect(),
            Case::Upper => {
                let upper = |c: char| {
                    let mut upper = c.to_uppercase();
                    upper.next().filter(|_| upper.next().is_none()).unwrap_or(c)
                };
                text.chars().map(upper).collect()
            }
        }
    }
}

#[derive(Debug)]
struct StringNormalizer {
    case: Case,
    /// In which texts are compared with stop words.
    compared: Case,
    stopwords: BTreeSet<String>,
    /// How many texts are left.
    left: Unforeseen,
}

pub fn string_normalizer(context: &ParsingContext, node: &NodeProto) -> Built {
    let case = match node.get_attr_opt::<&str>("case_change_action")?.unwrap_or("NONE") {
        "NONE" => Case::AsIs,
        "LOWER" => Case::Lower,
        "UPPER" => Case::Upper,
        other => bail!("there is no case_change_action {other}"),
    };
    let compared = match (node.get_attr_opt::<i64>("is_case_sensitive")?.unwrap_or(0), case) {
        (0, Case::Upper) => Case::Upper,
        (0, _) => Case::Lower,
        _ => Case::AsIs,
    };
    let stopwords: Vec<String> = node.get_attr_opt_vec("stopwords")?.unwrap_or_default();
    let stopwords = stopwords.iter().map(|word| compared.of(word)).collect();
    let left = Unforeseen::new(context, "words");
    built(StringNormalizer { case, compared, stopwords, left })
}

impl Operator for StringNormalizer {
    fn name(&self) -> &'static str {
        "StringNormalizer"
    }

    fn is_unforeseen(&self) -> bool {
        !self.stopwords.is_empty()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        let mut shape = input.shape.clone();
        if self.is_unforeseen() {
            ensure!(
                matches!(shape.len(), 1 | 2),
                "it removes stop words from one list, its input has {} dimensions",
                shape.len()
            );
            if let Some(last) = shape.last_mut() {
                *last = self.left.dim();
            }
        }
        Ok(tvec!((DatumType::String, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let texts = input.try_as_plain_ram()?;
        let texts = texts.as_slice::<String>()?.iter();
        if !self.is_unforeseen() {
            let texts = texts.map(|text| self.case.of(text)).collect();
            return Ok(tvec!(filled(input.shape(), texts)?));
        }
        let mut shape: TVec<usize> = input.shape().into();
        let Some((last, rest)) = shape.split_last_mut() else { bail!("its input is no list") };
        ensure!(
            rest.iter().all(|extent| *extent == 1),
            "it removes stop words from one list, its input has {rest:?} of them"
        );
        let mut kept: Vec<String> = texts
            .filter(|text| !self.stopwords.contains(&self.compared.of(text)))
            .map(|text| self.case.of(text))
            .collect();
        // Nothing is told by one empty text.
        if kept.is_empty() {
            kept.push(String::new());
        }
        *last = kept.len();
        Ok(tvec!(filled(&shape, kept)?))
    }
}
