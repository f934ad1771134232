//! What a manifest says of records, read: every fault in it is told, not the first
//! alone.

use super::column::{Categories, Cell, Column, Kind, Missing, Scale, Unknown};
use super::date::{self, Measure, Part, Per};
use super::target::{Number, Target, write};
use super::{Format, Records};
use crate::build::Site;
use crate::stated::{self, distinct, listed};
use outpost_guest::{Datatype, TensorSpec, datatype_name};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// All keys of a column, of whichever type.
const KEYS: &[&str] = &[
    "categories",
    "clip",
    "default",
    "mean",
    "name",
    "nullable",
    "one_hot",
    "output",
    "part",
    "per",
    "since",
    "std",
    "type",
    "unit",
    "unknown",
];

/// The most columns of which a message lists the widths.
const MOST_LISTED: usize = 20;

/// The block, and the tensors on its outer side.
pub(super) fn records(
    stated: Value,
    site: &Site<'_>,
) -> Result<(Records, Vec<TensorSpec>), String> {
    let mut faults = Vec::new();
    let mut block = Reader { stated, about: String::new(), faults: &mut faults };
    let format: Option<String> = block.key("format");
    let format = match format.as_deref() {
        None | Some("columns") => Format::Columns,
        Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        Some(_) => {
            block.fault("`format` is columns, json or csv");
            Format::Columns
        }
    };
    let input: Option<String> = block.key("input");
    if input.is_some() && format == Format::Columns {
        block.fault(
            "`input` is for the formats json and csv; with columns, each is an input of its \
             name",
        );
    }
    let output: Option<String> = block.key("output");
    let all: Vec<Value> = block.key("columns").unwrap_or_default();
    if all.is_empty() {
        block.fault("has no columns; say [[before.columns]] with `name` and `type` for each");
    }
    block.end(&["format", "input", "output", "columns"]);

    let mut columns: Vec<Column> = Vec::new();
    let mut targets: Vec<Target> = Vec::new();
    let mut without = false;
    for (number, stated) in (1..).zip(all) {
        let about = format!("column number {number}: ");
        if !stated.is_object() {
            faults.push(format!("{about}is no table"));
            continue;
        }
        let mut reader = Reader { stated, about, faults: &mut faults };
        let name: Option<String> = reader.key("name");
        match name.as_deref() {
            None | Some("") => reader.fault("has no `name`"),
            Some(name) if columns.iter().any(|column| column.name == name) => {
                reader.fault(&format!("there is a column `{name}` before it"));
            }
            Some(name) => reader.about = format!("column `{name}`: "),
        }
        let to: Option<String> = reader.key("output");
        let target = target(to.as_deref().or(output.as_deref()), site, &mut targets);
        let datatype = target.as_ref().ok().and_then(|&at| targets.get(at)).map(Target::datatype);
        match &target {
            Ok(_) => {}
            // Once is enough for what is not the column's.
            Err(error) if to.is_some() => reader.fault(error),
            Err(error) if !without => {
                reader.faults.push(error.clone());
                without = true;
            }
            Err(_) => {}
        }
        let column = reader.column(name.unwrap_or_default(), datatype);
        if let Some(target) = target.ok().and_then(|at| targets.get_mut(at)) {
            target.columns.push(columns.len());
            target.width = target.width.saturating_add(column.width());
        }
        columns.push(column);
    }
    // A column that could not be read may have another width.
    if faults.is_empty() {
        faults.extend(targets.iter().filter_map(|target| target.fault(&columns)));
    }
    let rows = rows(&targets, &mut faults);
    if !faults.is_empty() {
        return Err(faults.join("; "));
    }

    let spec = |name: &str, datatype| TensorSpec { name: name.into(), datatype, shape: vec![rows] };
    let inputs: Vec<TensorSpec> = match format {
        Format::Columns => {
            columns.iter().map(|column| spec(&column.name, column.datatype())).collect()
        }
        Format::Json | Format::Csv => {
            vec![spec(input.as_deref().unwrap_or("records"), Datatype::Bytes)]
        }
    };
    // They stand where the first that is filled was.
    let is_filled = |spec: &TensorSpec| targets.iter().any(|target| target.spec.name == spec.name);
    let mut outer = inputs.clone();
    outer.extend(site.specs.iter().filter(|spec| !is_filled(spec)).cloned());
    let before = site.specs.iter().take_while(|spec| !is_filled(spec)).count();
    if let Some(front) = outer.get_mut(..inputs.len() + before) {
        front.rotate_left(inputs.len());
    }
    distinct(&outer)?;
    let names = columns.iter().map(|column| column.name.clone());
    let places = names.zip(0..).collect();
    Ok((Records { format, inputs, columns, places, targets }, outer))
}

/// Where in the targets the one of this name is; without a name, the only input.
fn target(name: Option<&str>, site: &Site<'_>, targets: &mut Vec<Target>) -> Result<usize, String> {
    let spec = match (name, site.specs.as_slice()) {
        (Some(name), specs) => specs.iter().find(|spec| spec.name == name).ok_or_else(|| {
            format!("there is no input `{name}` to fill; there are {}", listed(specs))
        })?,
        (None, [spec]) => spec,
        (None, specs) => {
            return Err(format!(
                "does not say which input is its `output`; there are {}",
                listed(specs)
            ));
        }
    };
    if let Some(at) = targets.iter().position(|target| target.spec.name == spec.name) {
        return Ok(at);
    }
    targets.push(Target { spec: spec.clone(), columns: Vec::new(), width: 0 });
    Ok(targets.len() - 1)
}

/// The extent of all first dimensions.
fn rows(targets: &[Target], faults: &mut Vec<String>) -> i64 {
    let mut rows = -1;
    for target in targets {
        let extent = target.spec.shape.first().copied().unwrap_or(-1);
        if extent >= 0 && rows >= 0 && extent != rows {
            faults.push(format!(
                "`{}` takes {extent} rows, and another input {rows}; fill them with blocks of \
                 their own",
                target.spec.name
            ));
        }
        rows = rows.max(extent);
    }
    rows
}

impl Target {
    fn datatype(&self) -> Datatype {
        self.spec.datatype
    }

    /// Whether the columns do not fit in there.
    fn fault(&self, columns: &[Column]) -> Option<String> {
        let spec = listed(std::slice::from_ref(&self.spec));
        let width = match *self.spec.shape.as_slice() {
            [_] => 1,
            [_, width] => width,
            _ => return Some(format!("{spec} takes no records: they are [N, width] or [N]")),
        };
        if width < 0 || i64::try_from(self.width) == Ok(width) {
            return None;
        }
        let widths: Vec<String> = (self.columns.iter())
            .filter_map(|&place| columns.get(place))
            .map(|column| format!("`{}` {}", column.name, column.width()))
            .collect();
        let widths = match widths.len() {
            ..=MOST_LISTED => format!(" ({})", widths.join(", ")),
            more => format!(", of {more} columns"),
        };
        Some(format!(
            "{spec} takes {width} for each row, but the columns make {}{widths}",
            self.width
        ))
    }
}

/// An object of the manifest, read key by key.
struct Reader<'a> {
    stated: Value,
    /// What its faults begin with.
    about: String,
    faults: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn fault(&mut self, message: &str) {
        self.faults.push(format!("{}{message}", self.about));
    }

    fn key<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        match stated::take(&mut self.stated, key) {
            Ok(found) => found,
            Err(error) => {
                self.fault(&error);
                None
            }
        }
    }

    /// Nothing may be left.
    fn end(&mut self, known: &[&str]) {
        let keys: Vec<String> =
            self.stated.as_object().map(|left| left.keys().cloned().collect()).unwrap_or_default();
        for key in keys {
            self.fault(&format!("there is no key `{key}`; there are {}", known.join(", ")));
        }
    }

    /// A column, for a model's input of this datatype, if that is known. What is
    /// wrong is in the faults, and then the column is not used.
    fn column(&mut self, name: String, datatype: Option<Datatype>) -> Column {
        let faults = self.faults.len();
        let _: Option<String> = self.key("unit");
        let default: Option<Value> = self.key("default").map(unquoted);
        let nullable: Option<bool> = self.key("nullable");
        let kind: Option<String> = self.key("type");
        if datatype == Some(Datatype::Bytes) && kind.as_ref().is_some_and(|kind| kind != "category")
        {
            self.fault("the model takes BYTES, which only a category can become");
        }
        let kind = match kind.as_deref() {
            Some("number") => Kind::Number(self.scale(datatype)),
            Some("integer") => Kind::Integer(self.scale(datatype)),
            Some("boolean") => Kind::Boolean,
            Some("category") => self.category(datatype),
            Some("date") => self.date(datatype),
            _ => {
                self.fault("`type` is number, integer, boolean, category or date");
                self.stated = Value::Null;
                Kind::Boolean
            }
        };
        let mut column = Column { name, kind, missing: Missing::Violation };
        self.leftover(column.type_name());
        if let Some(default) = default {
            match self.default_of(&column.kind, &default) {
                Some(cell) => column.missing = Missing::Default(cell),
                None => self.fault("`default` is not a value of this type"),
            }
        }
        if nullable == Some(true) {
            match (&column.missing, datatype) {
                (Missing::Violation, _) => column.missing = Missing::Nan,
                _ => self.fault("has a `default` and is `nullable`; say one"),
            }
            if let Some(datatype) = datatype
                && !is_float(datatype)
            {
                self.fault(&format!(
                    "is `nullable`, but {} has no NaN; give a `default`",
                    datatype_name(datatype)
                ));
            }
        }
        // Only of a column that is right: others would be blamed twice.
        if let (Some(datatype), Missing::Default(default)) = (datatype, &column.missing)
            && self.faults.len() == faults
            && let Err((_, message)) = column.encode(default, datatype, &mut Vec::new())
        {
            self.fault(&format!("`default`: {message}"));
        }
        column
    }

    /// Keys that are no column's, or those of another type.
    fn leftover(&mut self, kind: &str) {
        let keys: Vec<String> =
            self.stated.as_object().map(|left| left.keys().cloned().collect()).unwrap_or_default();
        for key in keys {
            match KEYS.contains(&key.as_str()) {
                true => self.fault(&format!("`{key}` is not for the type {kind}")),
                false => {
                    self.fault(&format!("there is no key `{key}`; there are {}", KEYS.join(", ")));
                }
            }
        }
    }

    fn scale(&mut self, datatype: Option<Datatype>) -> Scale {
        let clip: Option<[f64; 2]> = self.key("clip");
        let mean: Option<f64> = self.key("mean");
        let std: Option<f64> = self.key("std");
        let whole = datatype.filter(|&datatype| !is_float(datatype)).map(datatype_name);
        if let Some([low, high]) = clip
            && (low > high || !low.is_finite() || !high.is_finite())
        {
            self.fault("`clip` is the least and the largest value, in this order");
        }
        if let (Some(name), Some(clip)) = (whole, clip)
            && clip.iter().any(|bound| bound.trunc() != *bound)
        {
            self.fault(&format!("`clip` has a fraction, and the model takes {name}"));
        }
        if std.is_some_and(|std| std <= 0.0 || !std.is_finite()) {
            self.fault("`std` is not above 0");
        }
        if mean.is_some_and(|mean| !mean.is_finite()) {
            self.fault("`mean` is not finite");
        }
        if mean.is_none() && std.is_none() {
            return Scale { clip, standard: None };
        }
        if let Some(name) = whole {
            self.fault(&format!("`mean` and `std` make fractions, and the model takes {name}"));
        }
        Scale { clip, standard: Some([mean.unwrap_or(0.0), std.unwrap_or(1.0)]) }
    }

    fn category(&mut self, datatype: Option<Datatype>) -> Kind {
        let categories: Option<Vec<String>> = self.key("categories");
        let one_hot: Option<bool> = self.key("one_hot");
        let unknown: Option<Value> = self.key("unknown");
        let one_hot = one_hot.unwrap_or(false);
        let text = datatype == Some(Datatype::Bytes);
        if one_hot && text {
            self.fault("`one_hot` makes numbers, and the model takes BYTES");
        }
        let Some(categories) = categories else {
            if !text || one_hot {
                self.fault("has no `categories`; list all, in the order of the model");
            }
            if unknown.is_some() {
                self.fault("`unknown` goes with `categories`");
            }
            return Kind::Text;
        };
        let mut places = BTreeMap::new();
        for (place, category) in (0..).zip(&categories) {
            if category.is_empty() {
                self.fault("a category is empty, which means missing; that is for `default`");
            }
            if places.insert(category.clone(), place).is_some() {
                self.fault(&format!("`categories` has `{category}` more than once"));
            }
        }
        if categories.is_empty() {
            self.fault("`categories` has none");
        }
        let last = Number::Whole(i64::try_from(categories.len()).unwrap_or(i64::MAX) - 1);
        if let Some(datatype) = datatype
            && !text
            && !one_hot
            && write(last, datatype, &mut Vec::new()).is_err()
        {
            let name = datatype_name(datatype);
            self.fault(&format!("{name} has not as many numbers as there are `categories`"));
        }
        let unknown = unknown.map_or(Some(Unknown::Violation), |unknown| match unknown {
            Value::String(unknown) if text => Some(Unknown::Text(unknown)),
            Value::String(unknown) if one_hot && unknown == "zeros" => Some(Unknown::Zeros),
            Value::Number(number) if !text && !one_hot => number.as_f64().map(Unknown::Number),
            _ => None,
        });
        let Some(unknown) = unknown else {
            self.fault(match (text, one_hot) {
                (true, _) => "`unknown` is a text, which the model takes for others",
                (_, true) => "`unknown` is \"zeros\" with `one_hot`, or left out",
                _ => "`unknown` is a number, or left out",
            });
            return Kind::Category(Categories { places, one_hot, unknown: Unknown::Violation });
        };
        if let (Some(datatype), Unknown::Number(number)) = (datatype, &unknown)
            && write(Number::Real(*number), datatype, &mut Vec::new()).is_err()
        {
            self.fault(&format!("`unknown` is not in {}", datatype_name(datatype)));
        }
        Kind::Category(Categories { places, one_hot, unknown })
    }

    fn date(&mut self, datatype: Option<Datatype>) -> Kind {
        let since: Option<Value> = self.key("since").map(unquoted);
        let per: Option<Per> = self.key("per");
        let part: Option<Part> = self.key("part");
        let start = since.as_ref().and_then(Value::as_str).and_then(date::parse);
        if since.is_some() && start.is_none() {
            self.fault("`since` is a date like \"2020-01-01\" or \"2020-01-01T12:00:00Z\"");
        }
        let measure = match (start, per, part) {
            (None, None, Some(part)) if since.is_none() => Some(Measure::Part(part)),
            (Some(start), Some(per), None) => Some(Measure::Since(start, per)),
            // It was told.
            (None, _, None) if since.is_some() => None,
            _ => {
                self.fault(
                    "takes `since` and `per` (seconds, minutes, hours or days), or `part` (year, \
                     month, day, weekday, hour or minute)",
                );
                None
            }
        };
        let scale = self.scale(datatype);
        measure.map_or(Kind::Text, |measure| Kind::Date(measure, scale))
    }

    /// A cell of this value, as a manifest writes it.
    fn default_of(&mut self, kind: &Kind, default: &Value) -> Option<Cell<'static>> {
        let text = |known: &dyn Fn(&str) -> bool| {
            let text = default.as_str().filter(|text| known(text))?;
            Some(Cell::Text(text.to_owned().into()))
        };
        match kind {
            Kind::Number(_) => default.as_f64().map(Cell::Number),
            Kind::Integer(_) => default.as_i64().map(Cell::Integer),
            Kind::Boolean => default.as_bool().map(Cell::Boolean),
            Kind::Category(categories) => text(&|text| categories.places.contains_key(text)),
            Kind::Text => text(&|_| true),
            Kind::Date(..) => text(&|text| date::parse(text).is_some()),
        }
    }
}

/// TOML has dates without quotes, too. On the way here they became a table of one key.
fn unquoted(value: Value) -> Value {
    match value {
        Value::Object(mut table) if table.len() == 1 => {
            table.remove("$__toml_private_datetime").unwrap_or(Value::Object(table))
        }
        other => other,
    }
}

fn is_float(datatype: Datatype) -> bool {
    matches!(datatype, Datatype::Fp16 | Datatype::Fp32 | Datatype::Fp64)
}
