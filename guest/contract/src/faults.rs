//! What is wrong with a contract in itself, before any model is looked at.

use crate::contract::{Contract, Field, Kind, Policy, Value};
use crate::date;

impl Contract {
    /// All that is wrong with it, for the person who wrote it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.fields.is_empty() {
            faults.push("the contract has no `fields`; state one, or leave it out".to_owned());
        }
        for (place, field) in self.fields.iter().enumerate() {
            let earlier = self.fields.iter().take(place).any(|other| other.name == field.name);
            if earlier {
                faults.push(format!("field `{}` is there twice", field.name));
            }
            let mut found = Vec::new();
            of_field(self, field, &mut found);
            faults
                .extend(found.into_iter().map(|fault| format!("field `{}`: {fault}", field.name)));
        }
        faults
    }
}

fn of_field(contract: &Contract, field: &Field, faults: &mut Vec<String>) {
    if field.name.is_empty() {
        faults.push("has no `name`".into());
    }
    misplaced(field, faults);
    nulls(field, faults);
    if !field.required && !field.nullable && field.null_policy(contract) == Policy::Reject {
        faults.push(
            "`required` is false, but what is left out is refused; say `nullable`, or another \
             `null_policy`"
                .into(),
        );
    }
    ranges(field, faults);
    categories(field, faults);
    ages(contract, field, faults);
    let imputes = [field.policy(contract), field.null_policy(contract)].contains(&Policy::Impute);
    match &field.default {
        None if imputes && field.kind == Kind::Picture => {
            faults.push("a picture cannot be imputed; choose another policy".into());
        }
        None if imputes => faults.push("is imputed, but has no `default`".into()),
        None => {}
        Some(default) => {
            faults.extend(broken(field, default).map(|rule| format!("its `default` {rule}")));
        }
    }
}

/// Rules that are of another type.
fn misplaced(field: &Field, faults: &mut Vec<String>) {
    const NUMBERS: &[Kind] = &[Kind::Number, Kind::Integer];
    let rules = [
        ("min", field.min.is_some(), NUMBERS),
        ("max", field.max.is_some(), NUMBERS),
        ("categories", field.categories.is_some(), &[Kind::Category]),
        ("min_length", field.min_length.is_some(), &[Kind::Text]),
        ("max_length", field.max_length.is_some(), &[Kind::Text]),
        ("max_width", field.max_width.is_some(), &[Kind::Picture]),
        ("max_height", field.max_height.is_some(), &[Kind::Picture]),
        ("max_pixels", field.max_pixels.is_some(), &[Kind::Picture]),
        ("max_age", field.max_age.is_some(), &[Kind::Date]),
        ("relative_to", field.relative_to.is_some(), &[Kind::Date]),
    ];
    for (key, stated, kinds) in rules {
        if stated && !kinds.contains(&field.kind) {
            let kinds = kinds.iter().map(Kind::to_string).collect::<Vec<_>>().join(" or ");
            faults.push(format!("`{key}` is for type {kinds}, and this is {}", field.kind));
        }
    }
}

fn nulls(field: &Field, faults: &mut Vec<String>) {
    match field.max_null_rate {
        Some(rate) if !(rate > 0.0 && rate < 1.0) => faults.push(
            "`max_null_rate` must be more than 0 and less than 1; `nullable` says none or all"
                .into(),
        ),
        None if field.min_rows.is_some() => {
            faults.push("`min_rows` says from where on `max_null_rate` applies; state that".into());
        }
        _ => {}
    }
    if field.min_rows == Some(0) {
        faults.push("`min_rows` must be at least 1".into());
    }
}

fn ranges(field: &Field, faults: &mut Vec<String>) {
    for (key, bound) in [("min", field.min), ("max", field.max)] {
        if bound.is_some_and(|bound| !bound.is_finite()) {
            faults.push(format!("`{key}` must be finite; leave it out if there is none"));
        }
    }
    if matches!((field.min, field.max), (Some(min), Some(max)) if min > max) {
        faults.push("`min` is more than `max`".into());
    } else if field.kind == Kind::Integer
        && matches!((field.min, field.max), (Some(min), Some(max)) if min.ceil() > max.floor())
    {
        faults.push("there is no whole number from `min` to `max`".into());
    }
    if matches!((field.min_length, field.max_length), (Some(min), Some(max)) if min > max) {
        faults.push("`min_length` is more than `max_length`".into());
    }
    let most = [
        ("max_width", field.max_width),
        ("max_height", field.max_height),
        ("max_pixels", field.max_pixels),
    ];
    for (key, most) in most {
        if most == Some(0) {
            faults.push(format!("no picture has `{key}` 0"));
        }
    }
    if field.max_length == Some(0) && !field.nullable {
        faults.push("with `max_length` 0 there could only be empty texts, which are nulls".into());
    }
}

fn categories(field: &Field, faults: &mut Vec<String>) {
    let categories = field.categories.as_deref().unwrap_or_default();
    if field.kind == Kind::Category && categories.is_empty() {
        faults.push("is a category, but has no `categories`".into());
    }
    let texts = categories.iter().all(|category| matches!(category, Value::Text(_)));
    let numbers = categories.iter().all(|category| matches!(category, Value::Integer(_)));
    if !texts && !numbers {
        faults.push("`categories` must be all texts or all whole numbers".into());
    }
    if categories.contains(&Value::Text(String::new())) {
        faults.push("an empty text is no category but a null; see `nullable`".into());
    }
    let twice =
        |(place, category)| categories.iter().skip(place + 1).any(|other| other == category);
    if categories.iter().enumerate().any(twice) {
        faults.push("`categories` has one twice".into());
    }
}

fn ages(contract: &Contract, field: &Field, faults: &mut Vec<String>) {
    if field.max_age.as_deref().is_some_and(|stated| date::age(stated).is_none()) {
        faults.push("`max_age` must be a whole number and s, m, h, d or w, as in \"24h\"".into());
    }
    let Some(other) = &field.relative_to else {
        if field.max_age.is_some() {
            faults.push(
                "a module has no clock: `max_age` needs `relative_to`, a field that says what \
                 time it is"
                    .into(),
            );
        }
        return;
    };
    if field.max_age.is_none() {
        faults.push("`relative_to` is for `max_age`; state that".into());
    }
    match contract.fields.iter().find(|field| field.name == *other) {
        None => faults.push(format!("`relative_to` names `{other}`, which is no field")),
        Some(_) if *other == field.name => faults.push("`relative_to` names itself".into()),
        Some(found) if found.kind != Kind::Date => {
            faults.push(format!("`relative_to` names `{other}`, which is no date"));
        }
        Some(_) => {}
    }
}

/// The rule of the field that a default breaks.
fn broken(field: &Field, default: &Value) -> Option<&'static str> {
    let within = |number: f64| {
        if !number.is_finite() {
            Some("is not finite")
        } else if field.min.is_some_and(|min| number < min) {
            Some("is less than `min`")
        } else if field.max.is_some_and(|max| number > max) {
            Some("is more than `max`")
        } else {
            None
        }
    };
    match (field.kind, default) {
        (Kind::Number | Kind::Integer, &Value::Integer(number)) => within(number as f64),
        (Kind::Number, &Value::Number(number)) => within(number),
        (Kind::Integer, &Value::Number(number)) if number.fract() == 0.0 => within(number),
        (Kind::Number, _) => Some("is not a number"),
        (Kind::Integer, _) => Some("is not a whole number"),
        (Kind::Boolean, Value::Boolean(_)) => None,
        (Kind::Boolean, _) => Some("is neither true nor false"),
        (Kind::Category, default) => {
            let categories = field.categories.as_deref().unwrap_or_default();
            (!categories.contains(default)).then_some("is none of its `categories`")
        }
        (Kind::Text | Kind::Date, Value::Text(text)) if text.is_empty() => {
            (!field.nullable).then_some("is empty, which is a null")
        }
        (Kind::Text, Value::Text(text)) => {
            let length = text.chars().count() as u64;
            if field.min_length.is_some_and(|min| length < min) {
                Some("is shorter than `min_length`")
            } else if field.max_length.is_some_and(|max| length > max) {
                Some("is longer than `max_length`")
            } else {
                None
            }
        }
        (Kind::Date, Value::Text(text)) => {
            date::parse(text.as_bytes()).is_none().then_some("is no date")
        }
        (Kind::Text | Kind::Date, _) => Some("is not a text"),
        (Kind::Picture, _) => Some("is not possible: there is none for a picture"),
    }
}
