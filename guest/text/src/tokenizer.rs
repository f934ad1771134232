//! A tokenizer as its file and the options have it, and the way of a text through
//! it.

use crate::added::Added;
use crate::batch::{Cut, Encoded, Number, Pad};
use crate::json::Part;
use crate::model::{Model, Scratch};
use crate::normalizer::Normalizers;
use crate::post_processor::{PostProcessors, Sequence};
use crate::pre_tokenizer::PreTokenizers;
use crate::{Error, Options, Padding, Side, Truncation};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Encodes texts. Never changes once it is made.
#[derive(Debug)]
pub struct Tokenizer {
    added: Added,
    normalizers: Normalizers,
    pre_tokenizers: PreTokenizers,
    model: Model,
    post_processors: PostProcessors,
    /// What the file says about cutting and padding, whatever the options say.
    file: Defaults,
    options: Options,
    cut: Option<Cut>,
    pad: Pad,
}

#[derive(Debug)]
struct Defaults {
    cut: Option<Cut>,
    pad: Option<Pad>,
    /// What it asks for that only the options can replace.
    unsupported: Option<&'static str>,
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(default)]
    truncation: Value,
    #[serde(default)]
    padding: Value,
    #[serde(default)]
    added_tokens: Vec<Value>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(borrow)]
    model: &'a RawValue,
}

impl Tokenizer {
    /// Reads a tokenizer.json. Encodes as the file says; see
    /// [`with_options`](Self::with_options) for the rest.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let file: File<'_> =
            serde_json::from_slice(json).map_err(|error| Error::Json(error.to_string()))?;
        fn part<'a>(place: &str, value: &'a Value) -> Option<Part<'a>> {
            (!value.is_null()).then(|| Part::new(place, value))
        }
        let model = Model::read(file.model.get())?;
        let normalizers = Normalizers::read(part("normalizer", &file.normalizer))?;
        let tokens: Vec<Part<'_>> = file
            .added_tokens
            .iter()
            .enumerate()
            .map(|(number, value)| Part::new(format!("added_tokens[{number}]"), value))
            .collect();
        let tokenizer = Self {
            added: Added::read(&tokens, &model, &normalizers)?,
            normalizers,
            pre_tokenizers: PreTokenizers::read(part("pre_tokenizer", &file.pre_tokenizer))?,
            model,
            post_processors: PostProcessors::read(part("post_processor", &file.post_processor))?,
            file: Defaults::read(
                part("truncation", &file.truncation),
                part("padding", &file.padding),
            )?,
            options: Options::default(),
            cut: None,
            pad: Pad { length: None, multiple_of: 0, side: Side::Right, id: None, kind: 0 },
        };
        tokenizer.with_options(&Options::default())
    }

    /// The same tokenizer with these options in place of those it had.
    pub fn with_options(mut self, options: &Options) -> Result<Self, Error> {
        self.cut = self.cut(options)?;
        self.pad = self.pad(options)?;
        self.options = options.clone();
        Ok(self)
    }

    /// The options it has.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// How many tokens a row has at most, if rows are cut.
    #[must_use]
    pub fn max_length(&self) -> Option<usize> {
        self.cut.map(|cut| cut.length)
    }

    /// The id of a token.
    #[must_use]
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.added.id(token).or_else(|| self.model.id(token))
    }

    fn cut(&self, options: &Options) -> Result<Option<Cut>, Error> {
        let file = self.file.cut;
        let strategy = options.truncation.or(file.map(|cut| cut.strategy));
        let strategy = strategy.unwrap_or(Truncation::LongestFirst);
        if strategy == Truncation::None {
            return Ok(None);
        }
        let Some(length) = options.max_length.or(file.map(|cut| cut.length)) else {
            return match options.truncation {
                Some(_) => Err(Error::Options("truncation needs a max_length".to_owned())),
                None => Ok(None),
            };
        };
        if options.truncation.is_none()
            && let Some(found) = self.file.unsupported
        {
            return Err(Error::unsupported("truncation", found));
        }
        let added = self.added_tokens(options);
        if length < added || length == 0 {
            return Err(Error::Options(format!(
                "max_length is {length}, less than the {added} tokens that are added to each text"
            )));
        }
        let side = options.truncation_side.or(file.map(|cut| cut.side)).unwrap_or_default();
        Ok(Some(Cut { length, strategy, side }))
    }

    fn pad(&self, options: &Options) -> Result<Pad, Error> {
        let file = self.file.pad;
        let length = match options.padding {
            Some(Padding::Longest) => None,
            Some(Padding::MaxLength) => {
                let length = options.max_length.or(self.cut.map(|cut| cut.length));
                let missing = || Error::Options("padding to max_length needs one".to_owned());
                Some(length.ok_or_else(missing)?)
            }
            None => file.and_then(|pad| pad.length),
        };
        let id = match &options.pad_token {
            Some(token) => {
                let missing = || Error::Options("pad_token is not in the vocabulary".to_owned());
                Some(self.token_id(token).ok_or_else(missing)?)
            }
            None => file
                .and_then(|pad| pad.id)
                .or_else(|| ["[PAD]", "<pad>"].iter().find_map(|token| self.token_id(token))),
        };
        Ok(Pad {
            length,
            multiple_of: options.multiple_of.or(file.map(|pad| pad.multiple_of)).unwrap_or(0),
            side: options.pad_side.or(file.map(|pad| pad.side)).unwrap_or_default(),
            id,
            kind: file.map_or(0, |pad| pad.kind),
        })
    }

    fn added_tokens(&self, options: &Options) -> usize {
        match options.add_special_tokens {
            true => self.post_processors.added(options.pair),
            false => 0,
        }
    }

    /// Encodes texts, a row for each.
    pub fn encode_batch<T: Number>(&self, texts: &[&str]) -> Result<Encoded<T>, Error> {
        if self.options.pair {
            return Err(Error::Pairs { expected: true });
        }
        self.encode(texts.iter().map(|text| (*text, None)))
    }

    /// Encodes pairs of texts, a row for each pair.
    pub fn encode_pairs<T: Number>(&self, pairs: &[(&str, &str)]) -> Result<Encoded<T>, Error> {
        if !self.options.pair {
            return Err(Error::Pairs { expected: false });
        }
        self.encode(pairs.iter().map(|(first, second)| (*first, Some(*second))))
    }

    fn encode<'a, T: Number>(
        &self,
        rows: impl ExactSizeIterator<Item = (&'a str, Option<&'a str>)> + Clone,
    ) -> Result<Encoded<T>, Error> {
        let limit = self.options.max_bytes;
        for (text, (first, second)) in rows.clone().enumerate() {
            let bytes = first.len().max(second.map_or(0, str::len));
            if bytes > limit {
                return Err(Error::TooLong { text, bytes, limit });
            }
        }
        let add = self.options.add_special_tokens;
        let added = self.added_tokens(&self.options);
        let mut scratch = Scratch::default();
        let mut encoded = Vec::with_capacity(rows.len());
        for (first, second) in rows {
            let mut first = self.ids(first, &mut scratch)?;
            let mut second = second.map(|text| self.ids(text, &mut scratch)).transpose()?;
            if let Some(cut) = &self.cut {
                cut.apply(&mut first, second.as_mut(), added)?;
            }
            let second = second.map(|second| Sequence::new(second, 1));
            encoded.push(self.post_processors.apply(Sequence::new(first, 0), second, add));
        }
        self.pad.apply(&encoded, self.options.outputs)
    }

    /// The tokens of a text: all, or as many as are left once it is cut.
    fn ids(&self, text: &str, scratch: &mut Scratch) -> Result<Vec<u32>, Error> {
        let mut pieces = self.added.extract(text, &self.normalizers)?;
        self.pre_tokenizers.apply(&mut pieces)?;
        let mut ids = Vec::with_capacity(pieces.spans.len() + 8);
        // Words of which nothing would be left are not encoded. Of a pair all are:
        // which of the two is cut depends on how long both are.
        let cut = self.cut.filter(|_| !self.options.pair);
        let limit = cut.map_or(usize::MAX, |cut| cut.length);
        if cut.is_some_and(|cut| cut.side == Side::Left) {
            let mut word = Vec::new();
            for span in pieces.spans.iter().rev() {
                match span.token {
                    Some(token) => ids.push(token),
                    None => {
                        word.clear();
                        self.model.encode(pieces.text(span), scratch, &mut word)?;
                        ids.extend(word.iter().rev());
                        if ids.len() >= limit {
                            break;
                        }
                    }
                }
            }
            ids.reverse();
            return Ok(ids);
        }
        for span in &pieces.spans {
            match span.token {
                Some(token) => ids.push(token),
                None => {
                    self.model.encode(pieces.text(span), scratch, &mut ids)?;
                    if ids.len() >= limit {
                        break;
                    }
                }
            }
        }
        Ok(ids)
    }
}

impl Defaults {
    fn read(truncation: Option<Part>, padding: Option<Part>) -> Result<Self, Error> {
        let side = |part: &Part| {
            Ok(match part.text_or_none("direction")? {
                Some("Left") => Side::Left,
                None | Some("Right") => Side::Right,
                Some(other) => return Err(part.unsupported(format!("the direction {other:?}"))),
            })
        };
        let mut unsupported = None;
        let cut = truncation.map(|part| {
            let strategy = match part.text_or_none("strategy")? {
                None | Some("LongestFirst") => Truncation::LongestFirst,
                Some("OnlyFirst") => Truncation::OnlyFirst,
                Some(_) => {
                    unsupported = Some("a strategy other than LongestFirst and OnlyFirst");
                    Truncation::OnlyFirst
                }
            };
            let length = part.number("max_length")?;
            let length = length.ok_or_else(|| part.invalid("max_length is not there"))?;
            Ok(Cut { length, strategy, side: side(&part)? })
        });
        let pad = padding.map(|part| {
            let length = part.part("strategy").map(|part| part.number("Fixed")).transpose();
            Ok(Pad {
                length: length?.flatten(),
                multiple_of: part.number("pad_to_multiple_of")?.unwrap_or(0),
                side: side(&part)?,
                id: part.id("pad_id")?,
                kind: part.id("pad_type_id")?.unwrap_or(0),
            })
        });
        Ok(Self { cut: cut.transpose()?, pad: pad.transpose()?, unsupported })
    }
}
