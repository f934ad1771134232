//! What a manifest says of a block, read: keys that blocks share are taken out, and
//! the rest is the block's own.

use crate::build::Site;
use outpost_guest::{Error, TensorSpec, datatype_name};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Takes a key out, if it is there.
pub(crate) fn take<T: DeserializeOwned>(
    stated: &mut Value,
    key: &str,
) -> Result<Option<T>, String> {
    let value = stated.as_object_mut().and_then(|object| object.remove(key));
    let read = |value| serde_json::from_value(value).map_err(|error| format!("`{key}`: {error}"));
    value.map(read).transpose()
}

/// All that is left, which must be what the block knows.
pub(crate) fn rest<T: DeserializeOwned>(stated: Value) -> Result<T, String> {
    serde_json::from_value(stated).map_err(|error| error.to_string())
}

/// The names of classes: `labels`, a list of them, or `labels_file`, the name of a
/// UTF-8 file with one on each line.
pub(crate) fn take_labels(
    stated: &mut Value,
    site: &Site<'_>,
) -> Result<Option<Vec<String>>, String> {
    let list: Option<Vec<String>> = take(stated, "labels")?;
    let file: Option<String> = take(stated, "labels_file")?;
    let labels = match (list, file) {
        (Some(_), Some(_)) => return Err("has `labels` and `labels_file`; give one".into()),
        (None, None) => return Ok(None),
        (Some(list), None) => list,
        (None, Some(name)) => {
            let bytes = (site.file)(&name).ok_or_else(|| format!("there is no file `{name}`"))?;
            let text = String::from_utf8(bytes).map_err(|_| format!("`{name}` is not UTF-8"))?;
            text.lines().map(str::to_owned).collect()
        }
    };
    if labels.is_empty() {
        return Err("`labels` has none; name each class, or leave it out".into());
    }
    Ok(Some(labels))
}

/// Whether there are as many labels as classes, where both are known.
pub(crate) fn check_labels(labels: Option<&Vec<String>>, classes: i64) -> Result<(), String> {
    match labels {
        Some(labels) if classes >= 0 && i64::try_from(labels.len()) != Ok(classes) => Err(format!(
            "has {} labels for {classes} classes; name each, in their order",
            labels.len()
        )),
        _ => Ok(()),
    }
}

/// Names, datatypes and shapes, as a sentence lists them.
pub(crate) fn listed(specs: &[TensorSpec]) -> String {
    let name = |spec: &TensorSpec| {
        format!("`{}` ({} {:?})", spec.name, datatype_name(spec.datatype), spec.shape)
    };
    specs.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Two tensors must not have the same name.
pub(crate) fn distinct(specs: &[TensorSpec]) -> Result<(), String> {
    let same = |place: usize, spec: &TensorSpec| {
        specs.iter().skip(place + 1).any(|other| other.name == spec.name)
    };
    match specs.iter().enumerate().find(|(place, spec)| same(*place, spec)) {
        Some((_, spec)) => {
            Err(format!("there would be two tensors `{}`; give one another name", spec.name))
        }
        None => Ok(()),
    }
}

/// One number for all places along a tensor's last dimension, or one for each.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Numbers {
    One(f64),
    Each(Vec<f64>),
}

impl Numbers {
    /// Whether they are finite and, if there are more, as many as the last extent of
    /// the tensor. That must be fixed: a list for -1 would not always fit.
    pub fn check(&self, key: &str, last: Option<i64>) -> Result<(), String> {
        let numbers = match self {
            Numbers::One(number) => std::slice::from_ref(number),
            Numbers::Each(numbers) => {
                let last = last.filter(|&last| last > 0);
                if last != i64::try_from(numbers.len()).ok() || last.is_none() {
                    return Err(format!(
                        "`{key}` has {} numbers, and the tensor's last dimension {}; give one \
                         number, or as many as that has",
                        numbers.len(),
                        last.map_or("varies".into(), |last| format!("has {last}"))
                    ));
                }
                numbers
            }
        };
        match numbers.iter().all(|number| number.is_finite()) {
            true => Ok(()),
            false => Err(format!("`{key}` has a number that is not finite")),
        }
    }

    /// The number for a place in the tensor.
    pub fn at(&self, place: usize) -> f64 {
        match self {
            Numbers::One(number) => *number,
            Numbers::Each(numbers) => {
                let place = place.checked_rem(numbers.len()).unwrap_or(0);
                numbers.get(place).copied().unwrap_or(f64::NAN)
            }
        }
    }

    /// The same, each changed.
    pub fn map(self, change: impl Fn(f64) -> f64) -> Self {
        match self {
            Numbers::One(number) => Numbers::One(change(number)),
            Numbers::Each(numbers) => Numbers::Each(numbers.into_iter().map(change).collect()),
        }
    }
}

/// The label of each class.
///
/// # Errors
/// For a class that has none, which is the model's fault: it gave more scores in
/// `tensor` than it was described with.
pub(crate) fn labels<'a>(
    labels: &'a [String],
    classes: &[usize],
    tensor: &str,
) -> Result<Vec<&'a str>, Error> {
    let label = |&class: &usize| labels.get(class).map(String::as_str);
    let none = || Error::Failed(format!("the model gave scores in `{tensor}` that have no label"));
    classes.iter().map(label).collect::<Option<_>>().ok_or_else(none)
}
