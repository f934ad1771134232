//! Access to the parts of a tokenizer.json with the place of what is wrong. The
//! parts are walked instead of derived: the file has many small kinds of objects,
//! and code for each of them would weigh more than all that it leads to.

use crate::Error;
use serde_json::Value;

/// An object of the file, and where it is.
pub(crate) struct Part<'a> {
    value: &'a Value,
    pub place: String,
}

impl<'a> Part<'a> {
    pub fn new(place: impl Into<String>, value: &'a Value) -> Self {
        Self { value, place: place.into() }
    }

    pub fn kind(&self) -> Result<&'a str, Error> {
        self.text("type")
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.value.get(key).filter(|value| !value.is_null())
    }

    fn wrong(&self, key: &str, expected: &str) -> Error {
        Error::invalid(&self.place, format!("{key} is not {expected}"))
    }

    pub fn invalid(&self, reason: impl Into<String>) -> Error {
        Error::invalid(&self.place, reason)
    }

    pub fn unsupported(&self, found: impl Into<String>) -> Error {
        Error::unsupported(&self.place, found)
    }

    /// A text, which has to be there.
    pub fn text(&self, key: &str) -> Result<&'a str, Error> {
        self.text_or_none(key)?.ok_or_else(|| self.wrong(key, "there"))
    }

    /// A text, if it is there.
    pub fn text_or_none(&self, key: &str) -> Result<Option<&'a str>, Error> {
        let value = self.get(key);
        value.map(|value| value.as_str().ok_or_else(|| self.wrong(key, "a text"))).transpose()
    }

    pub fn flag(&self, key: &str, default: bool) -> Result<bool, Error> {
        Ok(self.flag_or_none(key)?.unwrap_or(default))
    }

    pub fn flag_or_none(&self, key: &str) -> Result<Option<bool>, Error> {
        let value = self.get(key);
        value.map(|value| value.as_bool().ok_or_else(|| self.wrong(key, "a boolean"))).transpose()
    }

    pub fn number(&self, key: &str) -> Result<Option<usize>, Error> {
        let value = self.get(key);
        let number = |value: &Value| value.as_u64().and_then(|number| number.try_into().ok());
        value.map(|value| number(value).ok_or_else(|| self.wrong(key, "a number"))).transpose()
    }

    pub fn id(&self, key: &str) -> Result<Option<u32>, Error> {
        let number = self.number(key)?;
        number.map(|id| id.try_into().map_err(|_| self.wrong(key, "an id"))).transpose()
    }

    /// A text of one character.
    pub fn character(&self, key: &str) -> Result<char, Error> {
        let mut characters = self.text(key)?.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(character),
            _ => Err(self.wrong(key, "one character")),
        }
    }

    /// An object within this one, if it is there.
    pub fn part(&self, key: &str) -> Option<Part<'a>> {
        self.get(key).map(|value| Part::new(format!("{}.{key}", self.place), value))
    }

    /// The objects of an array within this one.
    pub fn parts(&self, key: &str) -> Result<Vec<Part<'a>>, Error> {
        let array = self.get(key).and_then(Value::as_array);
        let array = array.ok_or_else(|| self.wrong(key, "an array"))?;
        let part = |(number, value)| Part::new(format!("{}.{key}[{number}]", self.place), value);
        Ok(array.iter().enumerate().map(part).collect())
    }

    /// The array of values within this one.
    pub fn array(&self, key: &str) -> Result<&'a [Value], Error> {
        let array = self.get(key).and_then(Value::as_array);
        array.map(Vec::as_slice).ok_or_else(|| self.wrong(key, "an array"))
    }
}
