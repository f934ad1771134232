//! `text`: texts to the token ids, mask and type ids of a language model.
//!
//! ```toml
//! [[before]]
//! block = "text"
//! input = "text"            # the module's input: BYTES [N], each element a text in UTF-8
//! pair = "text_pair"        # a second one, where a row is a pair of texts
//! file = "tokenizer.json"   # as Hugging Face's tokenizers saves it
//! outputs = { ids = "input_ids", mask = "attention_mask", types = "token_type_ids" }
//!                           # the model's inputs [N, T] of INT64 or INT32, which it fills; mask and
//!                           # types only if the model has them
//! max_length = 128          # in tokens, and all that outpost_text::Options has besides:
//! max_bytes = 1048576       # of a text; 1 MiB if left out
//! ```
//!
//! How long rows are at most is said by the manifest, the file, or the model, whose
//! T can be fixed: then all rows have that length. `truncation = "none"` says that
//! they may have any.
//!
//! What is not UTF-8 is `invalid_text`, what is too long `wrong_length`, each with
//! its row, all at once. A batch of more than 2²² tokens is `too_large`.

use super::{missing, unreadable, violation};
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::stated::{distinct, listed};
use crate::{Block, stated};
use outpost_guest::{Datatype, Error, Tensor, TensorSpec, Violation, ViolationCode, byte_strings};
use outpost_text::{self as text, Encoded, Options, Padding, Tokenizer, Truncation};
use serde::Deserialize;
use serde_json::Value;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outputs {
    ids: Option<String>,
    mask: Option<String>,
    types: Option<String>,
}

/// The most tokens that a batch may have, padding included.
const MOST_TOKENS: usize = 1 << 22;

struct Texts {
    input: String,
    pair: Option<String>,
    tokenizer: Tokenizer,
    /// The length of all rows, where the model says it.
    length: Option<usize>,
    /// How long a row without any text is.
    least: usize,
    ids: TensorSpec,
    mask: Option<TensorSpec>,
    types: Option<TensorSpec>,
}

pub(crate) fn build(mut stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let input = stated::take(&mut stated, "input")?.unwrap_or("text".to_owned());
    let pair: Option<String> = stated::take(&mut stated, "pair")?;
    let file: String = stated::take(&mut stated, "file")?
        .ok_or("does not say which `file` is its tokenizer.json")?;
    let outputs: Outputs = stated::take(&mut stated, "outputs")?.unwrap_or_default();
    if stated.get("integers").is_some() {
        return Err("`integers` is as the model has it; leave it out".into());
    }
    let mut options: Options = stated::rest(stated)?;

    let ids =
        spec(site, outputs.ids, "input_ids")?.ok_or_else(|| no_input("input_ids", &site.specs))?;
    let mask = spec(site, outputs.mask, "attention_mask")?;
    let types = spec(site, outputs.types, "token_type_ids")?;
    let filled: Vec<TensorSpec> =
        std::iter::once(&ids).chain(&mask).chain(&types).cloned().collect();
    let (rows, length) = common(&filled)?;

    options.pair = pair.is_some();
    options.outputs.attention_mask = mask.is_some();
    options.outputs.token_type_ids = types.is_some();
    if let Some(length) = length {
        fix(&mut options, length)?;
    }
    let bytes = (site.file)(&file).ok_or_else(|| format!("there is no file `{file}`"))?;
    let tokenizer = Tokenizer::from_json(&bytes)
        .and_then(|tokenizer| tokenizer.with_options(&options))
        .map_err(|error| error.to_string())?;
    if tokenizer.max_length().is_none() && options.truncation != Some(Truncation::None) {
        return Err("nothing says how many tokens a text may have: set `max_length`, or \
                    `truncation` to \"none\" if there can be any number"
            .into());
    }

    let mut specs = Vec::new();
    for spec in &site.specs {
        if spec.name == ids.name {
            let outer = |name: &String| TensorSpec {
                name: name.clone(),
                datatype: Datatype::Bytes,
                shape: vec![rows],
            };
            specs.extend(std::iter::once(&input).chain(&pair).map(outer));
        } else if filled.iter().all(|filled| filled.name != spec.name) {
            specs.push(spec.clone());
        }
    }
    distinct(&specs)?;
    let mut block = Texts { input, pair, tokenizer, length, least: 0, ids, mask, types };
    match block.encode(&["", "a b c"], &["", "a b c"]) {
        // A batch of one needs no padding.
        Err(error) if error == text::Error::NoPadToken && rows != 1 => {
            return Err(error.to_string());
        }
        _ => {}
    }
    let empty = block.encode(&[""], &[""]).map_err(|error| error.to_string())?;
    let [_, least] = empty.shape;
    block.least = least;
    Ok(Built { block: Box::new(block), specs })
}

fn no_input(name: &str, specs: &[TensorSpec]) -> String {
    format!("there is no input `{name}` to fill; there are {}. Name it in `outputs`", listed(specs))
}

/// The model's input of the name that is stated, which must be there, or of the
/// usual one.
fn spec(
    site: &Site<'_>,
    stated: Option<String>,
    usual: &str,
) -> Result<Option<TensorSpec>, String> {
    let name = stated.as_deref().unwrap_or(usual);
    let found = site.specs.iter().find(|spec| spec.name == name);
    match found {
        None if stated.is_some() => Err(no_input(name, &site.specs)),
        Some(spec)
            if spec.shape.len() != 2
                || !matches!(spec.datatype, Datatype::Int64 | Datatype::Int32) =>
        {
            Err(format!(
                "{} takes no tokens: they are [N, T] of INT64 or INT32",
                listed(std::slice::from_ref(spec))
            ))
        }
        found => Ok(found.cloned()),
    }
}

/// Rows and length that all of them have: -1 and none where they vary.
fn common(specs: &[TensorSpec]) -> Result<(i64, Option<usize>), String> {
    let mut extents = [-1, -1];
    for spec in specs {
        for (common, &extent) in extents.iter_mut().zip(&spec.shape) {
            if extent >= 0 && *common >= 0 && extent != *common {
                return Err(format!("{} are not of one shape", listed(specs)));
            }
            *common = extent.max(*common);
        }
    }
    let [rows, length] = extents;
    Ok((rows, usize::try_from(length).ok()))
}

/// All rows must have this length.
fn fix(options: &mut Options, length: usize) -> Result<(), String> {
    if options.max_length.is_some_and(|stated| stated != length) {
        return Err(format!("the model takes {length} tokens; leave `max_length` out"));
    }
    if options.padding == Some(Padding::Longest) {
        return Err(format!("the model takes {length} tokens; leave `padding` out"));
    }
    if options.multiple_of.is_some() {
        return Err(format!("the model takes {length} tokens; leave `multiple_of` out"));
    }
    options.max_length = Some(length);
    options.padding = Some(Padding::MaxLength);
    // Whatever the file says.
    options.multiple_of = Some(0);
    Ok(())
}

impl Block for Texts {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let first = batch.take(&self.input).ok_or_else(|| missing(&self.input))?;
        let mut violations = Vec::new();
        let firsts = self.texts(&self.input, &first, &mut violations)?;
        let second = match &self.pair {
            Some(pair) => Some((pair, batch.take(pair).ok_or_else(|| missing(pair))?)),
            None => None,
        };
        let seconds = match &second {
            Some((pair, second)) => self.texts(pair, second, &mut violations)?,
            None => Vec::new(),
        };
        if let Some((pair, _)) = &second
            && firsts.len() != seconds.len()
        {
            let message = format!(
                "has {} texts, but `{}` has {}; send two for each row",
                seconds.len(),
                self.input,
                firsts.len()
            );
            violations.push(violation(pair, ViolationCode::WrongShape, message));
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        self.check_size(&firsts, &seconds)?;
        let encoded = self.encode(&firsts, &seconds);
        let mut encoded = encoded.map_err(|error| self.blamed(&error, &firsts, &seconds))?;
        let [rows, length] = &mut encoded.shape;
        if *rows == 0 {
            *length = self.length.unwrap_or(*length);
        }
        let shape = encoded.shape.map(|extent| extent as u64);
        let filled = [
            (Some(&self.ids), &encoded.ids),
            (self.mask.as_ref(), &encoded.mask),
            (self.types.as_ref(), &encoded.types),
        ];
        for (spec, numbers) in filled {
            batch.tensors.extend(spec.map(|spec| tensor(spec, shape, numbers)));
        }
        Ok(())
    }
}

impl Texts {
    /// The texts of an input; what is wrong with some is added to the violations.
    fn texts<'a>(
        &self,
        field: &str,
        tensor: &'a Tensor,
        violations: &mut Vec<Violation>,
    ) -> Result<Vec<&'a str>, Error> {
        let elements = byte_strings(&tensor.data).ok_or_else(|| unreadable(field))?;
        let limit = self.tokenizer.options().max_bytes;
        let mut texts = Vec::with_capacity(elements.len());
        for (row, element) in elements.iter().enumerate() {
            let wrong = if element.len() > limit {
                let message =
                    format!("the text has {} bytes; at most {limit} are taken", element.len());
                violation(field, ViolationCode::WrongLength, message)
            } else if let Ok(text) = std::str::from_utf8(element) {
                texts.push(text);
                continue;
            } else {
                violation(field, ViolationCode::InvalidText, "the text is not UTF-8".into())
            };
            texts.push("");
            violations.push(Violation { row: Some(row as u64), ..wrong });
        }
        Ok(texts)
    }

    /// Refuses a batch that would become too many tokens. A text has no more than
    /// bytes, but for a few that are written longer.
    fn check_size(&self, firsts: &[&str], seconds: &[&str]) -> Result<(), Error> {
        let longest = |texts: &[&str]| texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let bytes = longest(firsts).saturating_add(longest(seconds));
        let length = bytes.saturating_add(self.least);
        let length = self.tokenizer.max_length().map_or(length, |most| most.min(length));
        let length = length.max(self.least);
        let most = MOST_TOKENS.checked_div(length).unwrap_or(usize::MAX);
        if firsts.len() <= most {
            return Ok(());
        }
        let message = format!(
            "{} texts with one as long as the longest are more than the {most} that fit into a \
             batch",
            firsts.len()
        );
        Err(Error::Invalid(vec![violation(&self.input, ViolationCode::TooLarge, message)]))
    }

    fn encode(&self, firsts: &[&str], seconds: &[&str]) -> Result<Encoded<i64>, text::Error> {
        match &self.pair {
            None => self.tokenizer.encode_batch(firsts),
            Some(_) => {
                let pairs = firsts.iter().copied().zip(seconds.iter().copied());
                self.tokenizer.encode_pairs(&pairs.collect::<Vec<_>>())
            }
        }
    }

    /// The error for the rows that it comes from.
    fn blamed(&self, error: &text::Error, firsts: &[&str], seconds: &[&str]) -> Error {
        let wrong = |error: &text::Error, row: Option<usize>| {
            let found = violation(&self.input, code(error)?, error.to_string());
            Some(Violation { row: row.map(|row| row as u64), ..found })
        };
        let mut violations = Vec::new();
        for row in 0..firsts.len() {
            let first = firsts.get(row..=row).unwrap_or_default();
            let second = seconds.get(row..=row).unwrap_or_default();
            if let Err(error) = self.encode(first, second) {
                violations.extend(wrong(&error, Some(row)));
            }
        }
        if violations.is_empty() {
            violations.extend(wrong(error, None));
        }
        match violations.is_empty() {
            true => Error::Failed(error.to_string()),
            false => Error::Invalid(violations),
        }
    }
}

/// Of those errors that a text can be the cause of.
fn code(error: &text::Error) -> Option<ViolationCode> {
    Some(match error {
        text::Error::TooLong { .. }
        | text::Error::FirstTooShort
        | text::Error::NoPadToken
        | text::Error::RowTooLong { .. } => ViolationCode::WrongLength,
        text::Error::Unknown => ViolationCode::OutOfRange,
        text::Error::Pattern(_) => ViolationCode::Malformed,
        _ => return None,
    })
}

fn tensor(spec: &TensorSpec, shape: [u64; 2], numbers: &[i64]) -> Tensor {
    let data = match spec.datatype {
        Datatype::Int32 => numbers
            .iter()
            .flat_map(|&number| i32::try_from(number).unwrap_or(i32::MAX).to_le_bytes())
            .collect(),
        _ => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
    };
    Tensor { name: spec.name.clone(), datatype: spec.datatype, shape: shape.to_vec(), data }
}
