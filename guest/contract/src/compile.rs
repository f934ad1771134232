//! From a contract and a module's inputs to a checker: names become places, and
//! rules become what is compared.

use crate::contract::{Contract, Field, Kind, Policy, Value};
use crate::date;
use crate::quick::Quick;
use crate::tensor::{Datatype, Input, element};
use jiff::SignedDuration;

/// Holds requests against a contract.
#[derive(Clone, Debug)]
pub struct Checker {
    pub(crate) inputs: Vec<Expected>,
    pub(crate) fields: Vec<Compiled>,
}

/// An input of the module.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub name: String,
    pub datatype: Datatype,
    /// How many names there are along the last dimension, if they matter.
    pub columns: Option<usize>,
    /// Whether there is a field in it.
    pub used: bool,
    /// Tells at once whether nothing is wrong with most fields in it.
    pub quick: Option<Quick>,
}

/// Where a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub input: usize,
    /// Along the last dimension; none if it is the whole input.
    pub column: Option<usize>,
}

/// A field, ready to be checked.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub name: String,
    pub site: Site,
    pub datatype: Datatype,
    pub policy: Policy,
    pub null_policy: Policy,
    pub nullable: bool,
    pub boolean: bool,
    pub null_rate: Option<NullRate>,
    pub rule: Rule,
    /// The rule as a message.
    pub said: String,
    /// The bytes of the default as an element.
    pub default: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct NullRate {
    pub most: f64,
    pub min_rows: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum Rule {
    /// A float, within bounds that are finite.
    Float { least: f64, most: f64, whole: bool },
    /// An element of a whole type.
    Whole { least: i128, most: i128 },
    /// One of these numbers, in order.
    Numbers(Vec<i64>),
    /// One of these texts, in order.
    Texts(Vec<Box<[u8]>>),
    /// So many characters.
    Text { least: u64, most: u64 },
    /// No older than that, if so.
    Date(Option<Age>),
    /// At most so large.
    Picture { width: u64, height: u64, pixels: u64 },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Age {
    pub most: SignedDuration,
    pub relative_to: Site,
}

impl Contract {
    /// Finds each field among the inputs.
    ///
    /// # Errors
    /// All faults of the contract, and all fields that name no input or column or
    /// cannot be of its datatype.
    pub fn compile(&self, inputs: &[Input<'_>]) -> Result<Checker, Vec<String>> {
        let mut faults = self.faults();
        for input in inputs {
            faults.extend(columns(input).err());
        }
        let mut fields = Vec::new();
        for field in &self.fields {
            match compiled(self, field, inputs) {
                Ok(compiled) => fields.push(compiled),
                Err(fault) => faults.push(format!("field `{}`: {fault}", field.name)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let expected = |(place, input): (usize, &Input<'_>)| {
            let ages = fields.iter().filter_map(|field| match field.rule {
                Rule::Date(age) => Some(age?.relative_to),
                _ => None,
            });
            let mut sites = fields
                .iter()
                .map(|field| field.site)
                .chain(ages)
                .filter(|site| site.input == place);
            let used = sites.clone().next().is_some();
            let named = sites.any(|site| site.column.is_some());
            let places = if named { input.columns.len() } else { 1 };
            let own = fields.iter().filter(|field| field.site.input == place);
            Expected {
                name: input.name.into(),
                datatype: input.datatype,
                columns: named.then_some(input.columns.len()),
                used,
                quick: Quick::new(input.datatype, places, own),
            }
        };
        let inputs = inputs.iter().enumerate().map(expected).collect();
        Ok(Checker { inputs, fields })
    }
}

/// Whether names can be those of the last dimension.
fn columns(input: &Input<'_>) -> Result<(), String> {
    let Input { name, columns, .. } = input;
    if columns.is_empty() {
        return Ok(());
    }
    if columns.iter().any(String::is_empty) {
        return Err(format!("input `{name}`: a column has no name"));
    }
    let twice = |(place, column)| columns.iter().skip(place + 1).any(|other| other == column);
    if let Some((_, column)) = columns.iter().enumerate().find(|found| twice(*found)) {
        return Err(format!("input `{name}`: column `{column}` is there twice"));
    }
    match input.shape.last() {
        None => Err(format!("input `{name}`: a scalar has no columns")),
        Some(&extent) if extent >= 0 && usize::try_from(extent) != Ok(columns.len()) => {
            Err(format!(
                "input `{name}`: has {} names of columns, but its last dimension has {extent}",
                columns.len()
            ))
        }
        Some(_) => Ok(()),
    }
}

fn compiled(contract: &Contract, field: &Field, inputs: &[Input<'_>]) -> Result<Compiled, String> {
    let (site, datatype) = site(&field.name, inputs)?;
    applies(field, datatype)?;
    if let (false, Some(_), Some(input)) = (field.required, site.column, inputs.get(site.input))
        && (input.columns.len() > 1 || input.name != field.name)
    {
        return Err(format!(
            "`required` is false, but it has a place in every row of `{}`; say `nullable`",
            input.name
        ));
    }
    let rule = match field.kind {
        Kind::Number | Kind::Integer if datatype.is_float() => Rule::Float {
            least: datatype.rounded(field.min.unwrap_or(f64::MIN)).max(f64::MIN),
            most: datatype.rounded(field.max.unwrap_or(f64::MAX)).min(f64::MAX),
            whole: field.kind == Kind::Integer,
        },
        Kind::Number | Kind::Integer => Rule::Whole {
            least: field.min.map_or(i128::MIN, |min| min.ceil() as i128),
            most: field.max.map_or(i128::MAX, |max| max.floor() as i128),
        },
        Kind::Boolean if datatype.is_float() => Rule::Float { least: 0.0, most: 1.0, whole: true },
        Kind::Boolean => Rule::Whole { least: 0, most: 1 },
        Kind::Text => Rule::Text {
            least: field.min_length.unwrap_or(0),
            most: field.max_length.unwrap_or(u64::MAX),
        },
        Kind::Category => categories(field),
        Kind::Date => Rule::Date(age(field, inputs)?),
        Kind::Picture => Rule::Picture {
            width: field.max_width.unwrap_or(u64::MAX),
            height: field.max_height.unwrap_or(u64::MAX),
            pixels: field.max_pixels.unwrap_or(u64::MAX),
        },
    };
    let default =
        match &field.default {
            None => None,
            Some(default) => Some(encoded(default, datatype).ok_or_else(|| {
                format!("its `default` cannot be an element of {}", datatype.name())
            })?),
        };
    let rate = |most| NullRate { most, min_rows: field.min_rows() };
    Ok(Compiled {
        name: field.name.clone(),
        site,
        datatype,
        policy: field.policy(contract),
        null_policy: field.null_policy(contract),
        nullable: field.nullable,
        boolean: field.kind == Kind::Boolean,
        null_rate: field.max_null_rate.map(rate),
        rule,
        said: said(field),
        default,
    })
}

/// The one input or column of this name.
fn site(name: &str, inputs: &[Input<'_>]) -> Result<(Site, Datatype), String> {
    let mut found = inputs.iter().enumerate().filter_map(|(place, input)| {
        let column = input.columns.iter().position(|column| column == name);
        let here = column.is_some() || input.name == name;
        here.then_some((Site { input: place, column }, input.datatype))
    });
    match (found.next(), found.next()) {
        (Some(site), None) => Ok(site),
        (Some(_), Some(_)) => {
            Err("is in more than one input; give columns names of their own".into())
        }
        (None, _) => {
            let mut known = Vec::new();
            for input in inputs {
                known.push(format!("`{}`", input.name));
                known.extend(input.columns.iter().map(|column| format!("`{column}`")));
            }
            let more = known.len().saturating_sub(20);
            known.truncate(20);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Err(format!(
                "there is no input or column of this name; there are {}{more}. Columns are named \
                 by `columns` of an input",
                known.join(", ")
            ))
        }
    }
}

/// Whether elements of this datatype can be what the field says.
fn applies(field: &Field, datatype: Datatype) -> Result<(), String> {
    let texts = matches!(field.categories.as_deref(), Some([Value::Text(_), ..]));
    let can = match field.kind {
        Kind::Number | Kind::Integer => !matches!(datatype, Datatype::Bool | Datatype::Bytes),
        Kind::Boolean => datatype != Datatype::Bytes,
        Kind::Category => (datatype == Datatype::Bytes) == texts,
        Kind::Text | Kind::Date | Kind::Picture => datatype == Datatype::Bytes,
    };
    let with = match field.kind {
        Kind::Category if texts => " of texts",
        Kind::Category => " of numbers",
        _ => "",
    };
    match can {
        true => Ok(()),
        false => Err(format!("{} cannot be a {}{with}", datatype.name(), field.kind)),
    }
}

fn categories(field: &Field) -> Rule {
    let categories = field.categories.as_deref().unwrap_or_default();
    let mut texts: Vec<Box<[u8]>> = Vec::new();
    let mut numbers = Vec::new();
    for category in categories {
        match category {
            Value::Text(text) => texts.push(text.as_bytes().into()),
            Value::Integer(number) => numbers.push(*number),
            _ => {}
        }
    }
    texts.sort_unstable();
    numbers.sort_unstable();
    if texts.is_empty() { Rule::Numbers(numbers) } else { Rule::Texts(texts) }
}

fn age(field: &Field, inputs: &[Input<'_>]) -> Result<Option<Age>, String> {
    let (Some(stated), Some(other)) = (&field.max_age, &field.relative_to) else {
        return Ok(None);
    };
    // What is none is among the faults.
    let most = date::age(stated).unwrap_or_default();
    let (relative_to, datatype) =
        site(other, inputs).map_err(|error| format!("`relative_to`: {error}"))?;
    match datatype {
        Datatype::Bytes => Ok(Some(Age { most, relative_to })),
        _ => Err(format!("`relative_to`: {} cannot be a date", datatype.name())),
    }
}

fn encoded(default: &Value, datatype: Datatype) -> Option<Vec<u8>> {
    match default {
        Value::Text(text) if datatype == Datatype::Bytes => {
            let mut bytes = Vec::new();
            element(text.as_bytes(), &mut bytes);
            Some(bytes)
        }
        Value::Boolean(bit) if datatype.is_float() => datatype.float(f64::from(u8::from(*bit))),
        Value::Boolean(bit) => datatype.whole(i128::from(*bit)),
        Value::Integer(number) if datatype.is_float() => datatype.float(*number as f64),
        Value::Integer(number) => datatype.whole(i128::from(*number)),
        Value::Number(number) if datatype.is_float() => datatype.float(*number),
        Value::Number(number) if number.fract() == 0.0 => datatype.whole(*number as i128),
        _ => None,
    }
}

/// What a value must be, for whoever sent one that is not.
fn said(field: &Field) -> String {
    let at_most = |what: &str, most: Option<u64>| most.map(|most| format!("{most} {what}"));
    match field.kind {
        Kind::Number | Kind::Integer => match (field.min, field.max) {
            (Some(min), Some(max)) => format!("outside of {} to {}", shown(min), shown(max)),
            (Some(min), None) => format!("less than {}", shown(min)),
            (None, Some(max)) => format!("more than {}", shown(max)),
            (None, None) => "must be finite".into(),
        },
        Kind::Boolean => "neither 0 nor 1".into(),
        Kind::Category => {
            let categories = field.categories.as_deref().unwrap_or_default();
            let shown = categories.iter().take(8).map(|category| match category {
                Value::Text(text) => format!("\"{text}\""),
                Value::Integer(number) => number.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Boolean(bit) => bit.to_string(),
            });
            let more = categories.len().saturating_sub(8);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("none of {}{more}", shown.collect::<Vec<_>>().join(", "))
        }
        Kind::Text => match (field.min_length, field.max_length) {
            (Some(min), Some(max)) => format!("must have {min} to {max} characters"),
            (Some(min), None) => format!("must have at least {min} characters"),
            (None, max) => format!("must have at most {} characters", max.unwrap_or(u64::MAX)),
        },
        Kind::Date => {
            let age = field.max_age.as_deref().unwrap_or_default();
            let other = field.relative_to.as_deref().unwrap_or_default();
            format!("more than {age} before `{other}`")
        }
        Kind::Picture => {
            let most = [
                at_most("pixels of width", field.max_width),
                at_most("pixels of height", field.max_height),
                at_most("pixels in all", field.max_pixels),
            ];
            let most: Vec<String> = most.into_iter().flatten().collect();
            format!("more than {}", most.join(", or "))
        }
    }
}

/// A bound, as one would write it.
fn shown(bound: f64) -> String {
    match bound.abs() {
        size if size == 0.0 || (1e-5..1e15).contains(&size) => bound.to_string(),
        _ => format!("{bound:e}"),
    }
}
