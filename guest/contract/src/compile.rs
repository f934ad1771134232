//! From a contract and a module's inputs to a checker: names become places, and
//! rules become what is compared.

use crate::contract::{Contract, Field, Kind, Policy, Value};
use crate::date;
use crate::quick::Quick;
use crate::tensor::{Column, Datatype, Input, element};
use jiff::SignedDuration;

/// Holds requests against a contract.
#[derive(Clone, Debug)]
pub struct Checker {
    pub(crate) inputs: Vec<Expected>,
    /// Of records. A [`Site`] counts them after the inputs.
    pub(crate) columns: Vec<Expected>,
    pub(crate) fields: Vec<Compiled>,
}

/// An input of the module, or a column of records.
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
    /// Whether a record must name it.
    pub required: bool,
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

/// All that a field can be about.
struct Known<'a> {
    inputs: &'a [Input<'a>],
    columns: &'a [Column<'a>],
}

impl Contract {
    /// Finds each field among the inputs.
    ///
    /// # Errors
    /// All faults of the contract, and all fields that name no input or column or
    /// cannot be of its datatype.
    pub fn compile(&self, inputs: &[Input<'_>]) -> Result<Checker, Vec<String>> {
        self.compile_with(inputs, &[])
    }

    /// The same for a module that reads records: a field can also name a column inside
    /// of them.
    ///
    /// # Errors
    /// As [`Contract::compile`].
    pub fn compile_with(
        &self,
        inputs: &[Input<'_>],
        columns: &[Column<'_>],
    ) -> Result<Checker, Vec<String>> {
        let known = Known { inputs, columns };
        let mut faults = self.faults();
        for input in inputs {
            faults.extend(named(input).err());
        }
        let mut fields = Vec::new();
        for field in &self.fields {
            match compiled(self, field, &known) {
                Ok(compiled) => fields.push(compiled),
                Err(found) => faults.extend(
                    found.into_iter().map(|fault| format!("field `{}`: {fault}", field.name)),
                ),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let inputs = (0..).zip(inputs).map(|(place, input)| expected(place, input, &fields));
        let inputs: Vec<Expected> = inputs.collect();
        let columns = (inputs.len()..).zip(columns).map(|(place, column)| {
            let Column { name, datatype, .. } = *column;
            expected(place, &Input { name, datatype, shape: &[-1], columns: &[] }, &fields)
        });
        let columns = columns.collect();
        Ok(Checker { inputs, columns, fields })
    }
}

fn expected(place: usize, input: &Input<'_>, fields: &[Compiled]) -> Expected {
    let ages = fields.iter().filter_map(|field| match field.rule {
        Rule::Date(age) => Some(age?.relative_to),
        _ => None,
    });
    let mut sites =
        fields.iter().map(|field| field.site).chain(ages).filter(|site| site.input == place);
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
}

/// Whether names can be those of the last dimension.
fn named(input: &Input<'_>) -> Result<(), String> {
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

fn compiled(
    contract: &Contract,
    field: &Field,
    known: &Known<'_>,
) -> Result<Compiled, Vec<String>> {
    let (site, datatype) = known.site(&field.name).map_err(|fault| vec![fault])?;
    let column = known.column(site);
    let mut faults = Vec::new();
    faults.extend(applies(field, datatype, column).err());
    faults.extend(known.can_be_left_out(field, site).err());
    faults.extend(known.can_be_imputed(contract, field, site).err());
    let age = age(field, known).unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    let default = field.default.as_ref().and_then(|default| {
        let default = encoded(default, datatype);
        if default.is_none() {
            let of = column.map_or(datatype.name(), |column| column.kind);
            faults.push(format!("its `default` cannot be an element of {of}"));
        }
        default
    });
    if let (true, Some(default), Some(column)) = (imputes(contract, field), &default, column)
        // What else is wrong with it was told.
        && faults.is_empty()
        && let Err(fault) = (column.takes)(default)
    {
        faults.push(format!("its `default` is none for the column of records: {fault}"));
    }
    if !faults.is_empty() {
        return Err(faults);
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
        Kind::Date => Rule::Date(age),
        Kind::Picture => Rule::Picture {
            width: field.max_width.unwrap_or(u64::MAX),
            height: field.max_height.unwrap_or(u64::MAX),
            pixels: field.max_pixels.unwrap_or(u64::MAX),
        },
    };
    let rate = |most| NullRate { most, min_rows: field.min_rows() };
    Ok(Compiled {
        name: field.name.clone(),
        site,
        datatype,
        policy: field.policy(contract),
        null_policy: field.null_policy(contract),
        nullable: field.nullable,
        required: field.required,
        boolean: field.kind == Kind::Boolean,
        null_rate: field.max_null_rate.map(rate),
        rule,
        said: said(field),
        default,
    })
}

fn imputes(contract: &Contract, field: &Field) -> bool {
    [field.policy(contract), field.null_policy(contract)].contains(&Policy::Impute)
}

impl Known<'_> {
    /// The one input or column of this name.
    fn site(&self, name: &str) -> Result<(Site, Datatype), String> {
        let inputs = self.inputs.iter().enumerate().filter_map(|(place, input)| {
            let column = input.columns.iter().position(|column| column == name);
            let here = column.is_some() || input.name == name;
            here.then_some((Site { input: place, column }, input.datatype, input.name))
        });
        let columns = (self.inputs.len()..).zip(self.columns).filter_map(|(place, column)| {
            let site = Site { input: place, column: None };
            (column.name == name).then_some((site, column.datatype, column.input))
        });
        let found: Vec<(Site, Datatype, &str)> = inputs.chain(columns).collect();
        match found.as_slice() {
            &[(site, datatype, _)] => Ok((site, datatype)),
            [] => Err(format!(
                "there is no input or column of this name; there are {}. Columns are named by \
                 `columns` of an input, or by a block `records`",
                self.listed()
            )),
            several => {
                let inputs: Vec<String> =
                    several.iter().map(|(.., input)| format!("`{input}`")).collect();
                Err(format!(
                    "is in more than one input ({}); give columns names of their own",
                    inputs.join(", ")
                ))
            }
        }
    }

    /// What there is, as a sentence lists it.
    fn listed(&self) -> String {
        let mut known = Vec::new();
        for input in self.inputs {
            known.push(format!("`{}`", input.name));
            known.extend(input.columns.iter().map(|column| format!("`{column}`")));
        }
        known.extend(self.columns.iter().map(|column| format!("`{}`", column.name)));
        let more = known.len().saturating_sub(20);
        known.truncate(20);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", known.join(", "))
    }

    fn column(&self, site: Site) -> Option<&Column<'_>> {
        self.columns.get(site.input.checked_sub(self.inputs.len())?)
    }

    fn can_be_left_out(&self, field: &Field, site: Site) -> Result<(), String> {
        if field.required {
            return Ok(());
        }
        if let (Some(_), Some(input)) = (site.column, self.inputs.get(site.input))
            && (input.columns.len() > 1 || input.name != field.name)
        {
            return Err(format!(
                "`required` is false, but it has a place in every row of `{}`; say `nullable`",
                input.name
            ));
        }
        match self.column(site) {
            Some(column) if !column.keyed => Err(format!(
                "`required` is false, but it has a field in every line of `{}`; say `nullable`",
                column.input
            )),
            _ => Ok(()),
        }
    }

    /// What was read would not be what the contract made of it.
    fn can_be_imputed(&self, contract: &Contract, field: &Field, site: Site) -> Result<(), String> {
        let records = self
            .inputs
            .get(site.input)
            .is_some_and(|input| self.columns.iter().any(|column| column.input == input.name));
        match records && imputes(contract, field) {
            true => Err("records cannot be imputed as a whole; name their columns".into()),
            false => Ok(()),
        }
    }
}

/// Whether elements of this datatype can be what the field says.
fn applies(field: &Field, datatype: Datatype, column: Option<&Column<'_>>) -> Result<(), String> {
    let texts = matches!(field.categories.as_deref(), Some([Value::Text(_), ..]));
    let can = match field.kind {
        Kind::Number | Kind::Integer => !matches!(datatype, Datatype::Bool | Datatype::Bytes),
        Kind::Boolean => datatype != Datatype::Bytes,
        Kind::Category => (datatype == Datatype::Bytes) == texts,
        Kind::Text | Kind::Date => datatype == Datatype::Bytes,
        // Records are texts, and a picture is none.
        Kind::Picture => datatype == Datatype::Bytes && column.is_none(),
    };
    let with = match field.kind {
        Kind::Category if texts => " of texts",
        Kind::Category => " of numbers",
        _ => "",
    };
    match (can, column) {
        (true, _) => Ok(()),
        (false, None) => Err(format!("{} cannot be a {}{with}", datatype.name(), field.kind)),
        (false, Some(column)) => Err(format!(
            "a column of type {} in `{}` cannot be a {}{with}",
            column.kind, column.input, field.kind
        )),
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

fn age(field: &Field, known: &Known<'_>) -> Result<Option<Age>, String> {
    let (Some(stated), Some(other)) = (&field.max_age, &field.relative_to) else {
        return Ok(None);
    };
    // What is none is among the faults.
    let most = date::age(stated).unwrap_or_default();
    let (relative_to, datatype) =
        known.site(other).map_err(|error| format!("`relative_to`: {error}"))?;
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
        // Each of its rules is told by itself.
        Kind::Picture => String::new(),
    }
}

/// A bound, as one would write it.
fn shown(bound: f64) -> String {
    match bound.abs() {
        size if size == 0.0 || (1e-5..1e15).contains(&size) => bound.to_string(),
        _ => format!("{bound:e}"),
    }
}
