//! Holds a request against a contract.

use crate::compile::{Age, Checker, Compiled, Expected, Rule, Site};
use crate::contract::Policy;
use crate::quick::Quick;
use crate::report::{Code, Remarks, Report, Violation};
use crate::tensor::{Lane, Values, elements};
use crate::{date, picture};

/// An input whose bytes are known to be the elements of its shape.
#[derive(Default)]
struct Seen<'a> {
    data: &'a [u8],
    /// Those of BYTES.
    elements: Vec<&'a [u8]>,
    count: usize,
    rows: usize,
    /// Extent of the last dimension, where fields are columns of it.
    width: usize,
    /// Whether nothing is wrong with those fields that [`Quick`] is for.
    holds: bool,
}

/// A value to be replaced by the default of its field.
struct Fix {
    input: usize,
    element: usize,
    field: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Null,
    NullRate,
    Infinite,
    Broken,
    Fraction,
    NoText,
    NoDate,
    NoAge,
    NoPicture,
}

impl Checker {
    /// The inputs of the module, in the order in which [`Checker::check`] takes them,
    /// and whether the contract says anything of them.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, bool)> {
        self.inputs.iter().map(|input| (input.name.as_str(), input.used))
    }

    /// Finds all values that break a rule, and puts defaults in their place where
    /// the contract says so. Nothing is changed in a request that is refused.
    ///
    /// # Errors
    /// All violations, if there is one for which the request is refused. Inputs that
    /// are missing, of another datatype, or not of their shape's size are refused.
    pub fn check(&self, values: &mut [Option<Values<'_>>]) -> Result<Remarks, Vec<Violation>> {
        let mut fixes = Vec::new();
        let remarks = self.find(values, &mut fixes)?;
        if !fixes.is_empty() {
            self.replace(values, &fixes);
        }
        Ok(remarks)
    }

    fn find(
        &self,
        values: &[Option<Values<'_>>],
        fixes: &mut Vec<Fix>,
    ) -> Result<Remarks, Vec<Violation>> {
        let mut wrong = Vec::new();
        let mut seen = Vec::with_capacity(self.inputs.len());
        for (place, expected) in self.inputs.iter().enumerate() {
            let values = values.get(place).and_then(Option::as_ref);
            seen.push(see(expected, values).unwrap_or_else(|violation| {
                wrong.push(violation);
                Seen::default()
            }));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut report = Report::default();
        for (place, field) in self.fields.iter().enumerate() {
            let Some(values) = seen.get(field.site.input) else { continue };
            if values.holds && Quick::is_for(field) {
                continue;
            }
            let lane = lane(field.site, values);
            let (report, fixes) = (&mut report, &mut *fixes);
            let mut held = Held { place, field, values, lane, next: 0, nulls: 0, report, fixes };
            held.hold(&seen);
            held.rate();
        }
        report.finish()
    }

    fn replace(&self, values: &mut [Option<Values<'_>>], fixes: &[Fix]) {
        let default =
            |fix: &Fix| self.fields.get(fix.field).and_then(|field| field.default.as_deref());
        for (place, values) in values.iter_mut().enumerate() {
            let Some(values) = values else { continue };
            let fixes = fixes.iter().filter(|fix| fix.input == place);
            let Some(size) = values.datatype.size() else {
                let mut fixes: Vec<&Fix> = fixes.collect();
                if !fixes.is_empty() {
                    fixes.sort_by_key(|fix| fix.element);
                    *values.data = spliced(values.data, &fixes, default);
                }
                continue;
            };
            for fix in fixes {
                let at = fix.element.saturating_mul(size);
                let element = values.data.get_mut(at..).and_then(|rest| rest.get_mut(..size));
                if let (Some(element), Some(default)) = (element, default(fix))
                    && element.len() == default.len()
                {
                    element.copy_from_slice(default);
                }
            }
        }
    }
}

/// The elements of BYTES, some of them replaced; the fixes are in their order.
fn spliced<'a>(data: &[u8], fixes: &[&Fix], default: impl Fn(&Fix) -> Option<&'a [u8]>) -> Vec<u8> {
    let mut spliced = Vec::with_capacity(data.len());
    let mut fixes = fixes.iter().peekable();
    for (place, element) in elements(data).unwrap_or_default().into_iter().enumerate() {
        let mut replacement = None;
        while let Some(fix) = fixes.next_if(|fix| fix.element <= place) {
            replacement = default(fix);
        }
        match replacement {
            Some(default) => spliced.extend(default),
            None => crate::tensor::element(element, &mut spliced),
        }
    }
    spliced
}

/// Whether an input is what was described, as far as reading it needs.
fn see<'a>(expected: &Expected, values: Option<&'a Values<'_>>) -> Result<Seen<'a>, Violation> {
    let wrong = |code, message: String| Violation {
        field: expected.name.clone(),
        row: None,
        code,
        message,
    };
    if !expected.used {
        return Ok(Seen::default());
    }
    let values = values.ok_or_else(|| wrong(Code::Missing, "the input is missing".into()))?;
    if values.datatype != expected.datatype {
        let (is, should) = (values.datatype.name(), expected.datatype.name());
        return Err(wrong(Code::WrongDatatype, format!("datatype is {is}, expected {should}")));
    }
    let width = match expected.columns {
        None => 1,
        Some(columns) => match values.shape.last() {
            Some(&extent) if u64::try_from(columns) == Ok(extent) => columns,
            _ => {
                let message = format!("the last dimension must have {columns} places");
                return Err(wrong(Code::WrongShape, message));
            }
        },
    };
    let size = || {
        let message = "the bytes do not make up the elements of the shape".into();
        wrong(Code::WrongSize, message)
    };
    let product = values.shape.iter().try_fold(1_u64, |all, &extent| all.checked_mul(extent));
    let count = product.and_then(|all| usize::try_from(all).ok()).ok_or_else(size)?;
    let data: &[u8] = values.data;
    let found = match values.datatype.size() {
        Some(bytes) if count.checked_mul(bytes) == Some(data.len()) => Vec::new(),
        Some(_) => return Err(size()),
        None => elements(data).filter(|found| found.len() == count).ok_or_else(size)?,
    };
    let rows = match (values.shape, expected.columns) {
        ([], _) | ([_], Some(_)) => 1,
        // No more than there are elements, or there are none.
        ([rows, ..], _) => usize::try_from(*rows).unwrap_or(usize::MAX),
    };
    let holds = expected.quick.as_ref().is_some_and(|quick| quick.holds(data));
    Ok(Seen { data, elements: found, count, rows, width, holds })
}

fn lane(site: Site, values: &Seen<'_>) -> Lane {
    match site.column {
        None => Lane { start: 0, step: 1 },
        Some(column) => Lane { start: column, step: values.width.max(1) },
    }
}

/// A field, while it is being checked.
struct Held<'a> {
    place: usize,
    field: &'a Compiled,
    values: &'a Seen<'a>,
    lane: Lane,
    next: usize,
    nulls: u64,
    report: &'a mut Report,
    fixes: &'a mut Vec<Fix>,
}

impl Held<'_> {
    fn hold(&mut self, seen: &[Seen<'_>]) {
        let (field, values, lane) = (self.field, self.values, self.lane);
        match &field.rule {
            &Rule::Float { least, most, whole } => {
                let within = |number: f64| number >= least && number <= most;
                let fine = |number: f64| within(number) && (!whole || number.trunc() == number);
                // Nearly always all are, and finding out just that is several times as fast.
                let mut all = true;
                field.datatype.floats(values.data, lane, |number| all &= fine(number));
                if all {
                    return;
                }
                field.datatype.floats(values.data, lane, |number| {
                    self.see(match fine(number) {
                        true => None,
                        false if within(number) => Some(Fault::Fraction),
                        false => Some(outside(number)),
                    });
                });
            }
            &Rule::Whole { least, most } => {
                let mut all = true;
                let fine = |number: i128| number >= least && number <= most;
                field.datatype.wholes(values.data, lane, |number| all &= fine(number));
                if all {
                    return;
                }
                field.datatype.wholes(values.data, lane, |number| {
                    self.see((!fine(number)).then_some(Fault::Broken));
                });
            }
            Rule::Numbers(known) if field.datatype.is_float() => {
                field.datatype.floats(values.data, lane, |number| {
                    let whole = number as i64;
                    let fine = whole as f64 == number && known.binary_search(&whole).is_ok();
                    self.see((!fine).then(|| outside(number)));
                });
            }
            Rule::Numbers(known) => field.datatype.wholes(values.data, lane, |number| {
                let found = i64::try_from(number).map(|number| known.binary_search(&number));
                self.see((!matches!(found, Ok(Ok(_)))).then_some(Fault::Broken));
            }),
            rule => {
                for element in lane.of(&values.elements) {
                    self.see(match (element.is_empty(), rule) {
                        (true, _) => Some(Fault::Null),
                        (false, Rule::Date(Some(age))) => self.dated(element, *age, seen),
                        (false, rule) => of_bytes(element, rule),
                    });
                }
            }
        }
    }

    /// What is wrong with a date that may be too old.
    fn dated(&self, element: &[u8], age: Age, seen: &[Seen<'_>]) -> Option<Fault> {
        let Some(date) = date::parse(element) else { return Some(Fault::NoDate) };
        let now = seen.get(age.relative_to.input).and_then(|values| {
            let lane = lane(age.relative_to, values);
            // One for each value, or for each row, or for all of them.
            let at = match values.count.checked_div(lane.step)? {
                count if count == self.count() => self.next,
                1 => 0,
                count if count == values.rows => self.row(self.next),
                _ => return None,
            };
            date::parse(values.elements.get(lane.place(at))?)
        });
        match now {
            None => Some(Fault::NoAge),
            Some(now) => (now.saturating_sub(date) > age.most).then_some(Fault::Broken),
        }
    }

    /// How many values the field has.
    fn count(&self) -> usize {
        self.values.count.checked_div(self.lane.step).unwrap_or(0)
    }

    fn row(&self, at: usize) -> usize {
        let inner = self.count().checked_div(self.values.rows).unwrap_or(0);
        at.checked_div(inner).unwrap_or(0)
    }

    /// The next value of the field.
    fn see(&mut self, fault: Option<Fault>) {
        let at = self.next;
        self.next += 1;
        if let Some(fault) = fault {
            self.wrong(at, fault);
        }
    }

    #[cold]
    fn wrong(&mut self, at: usize, fault: Fault) {
        let field = self.field;
        let mut policy = field.policy;
        if fault == Fault::Null {
            self.nulls += 1;
            if field.nullable {
                return;
            }
            policy = field.null_policy;
        }
        let row = self.row(at) as u64;
        self.report.add(policy, || violation(field, Some(row), fault));
        self.act(policy, at);
    }

    /// What is done about a value, other than to say so.
    fn act(&mut self, policy: Policy, at: usize) {
        match policy {
            Policy::Reject | Policy::Flag => {}
            Policy::Impute => self.fixes.push(Fix {
                input: self.field.site.input,
                element: self.lane.place(at),
                field: self.place,
            }),
            Policy::Abstain => self.report.abstain(self.row(at) as u64),
        }
    }

    /// Whether too many are missing. What is done then is done about those that are.
    fn rate(&mut self) {
        let (field, values, lane) = (self.field, self.values, self.lane);
        let Some(rate) = field.null_rate else { return };
        let few = (values.rows as u64) < rate.min_rows;
        // Divided, not multiplied: 29 of 100 are no more than 0.29, but 0.29 × 100 is
        // less than 29. Of no values at all, none are missing.
        let share = self.nulls as f64 / self.count().max(1) as f64;
        if few || share <= rate.most {
            return;
        }
        self.report.add(field.null_policy, || violation(field, None, Fault::NullRate));
        if !field.nullable {
            // Then it was done about each.
            return;
        }
        let mut at = 0;
        let mut null = |null: bool| {
            if null {
                self.act(field.null_policy, at);
            }
            at += 1;
        };
        field.datatype.floats(values.data, lane, |number| null(number.is_nan()));
        lane.of(&values.elements).for_each(|element| null(element.is_empty()));
    }
}

/// What is wrong with a number that is not among those that are fine.
#[cold]
fn outside(number: f64) -> Fault {
    match number {
        _ if number.is_nan() => Fault::Null,
        _ if number.is_infinite() => Fault::Infinite,
        _ => Fault::Broken,
    }
}

fn of_bytes(element: &[u8], rule: &Rule) -> Option<Fault> {
    match rule {
        Rule::Texts(known) => match known.binary_search_by(|known| (**known).cmp(element)) {
            Ok(_) => None,
            Err(_) if std::str::from_utf8(element).is_err() => Some(Fault::NoText),
            Err(_) => Some(Fault::Broken),
        },
        &Rule::Text { least, most } => match std::str::from_utf8(element) {
            Err(_) => Some(Fault::NoText),
            Ok(text) => {
                let length = text.chars().count() as u64;
                (length < least || length > most).then_some(Fault::Broken)
            }
        },
        Rule::Date(_) => date::parse(element).is_none().then_some(Fault::NoDate),
        &Rule::Picture { width, height, pixels } => match picture::size(element) {
            None => Some(Fault::NoPicture),
            Some((wide, high)) => {
                let large = wide > width || high > height || wide.saturating_mul(high) > pixels;
                large.then_some(Fault::Broken)
            }
        },
        // These are not of BYTES.
        Rule::Float { .. } | Rule::Whole { .. } | Rule::Numbers(_) => None,
    }
}

fn violation(field: &Compiled, row: Option<u64>, fault: Fault) -> Violation {
    let (code, message) = match fault {
        Fault::Null => (Code::Null, "must have a value"),
        Fault::Infinite => (Code::OutOfRange, "must be finite"),
        Fault::Fraction if field.boolean => (Code::OutOfRange, field.said.as_str()),
        Fault::Fraction => (Code::OutOfRange, "must be a whole number"),
        Fault::NoText => (Code::InvalidText, "must be UTF-8"),
        Fault::NoDate => (Code::Malformed, "must be YYYY-MM-DD, or date and time of RFC 3339"),
        Fault::NoAge => {
            (Code::Stale, "its age cannot be told: the field that it is relative to has no date")
        }
        Fault::NoPicture => (Code::Malformed, "must be a PNG or JPEG whose header can be read"),
        Fault::Broken => {
            let code = match field.rule {
                Rule::Float { .. } | Rule::Whole { .. } => Code::OutOfRange,
                Rule::Numbers(_) | Rule::Texts(_) => Code::UnknownCategory,
                Rule::Text { .. } => Code::WrongLength,
                Rule::Date(_) => Code::Stale,
                Rule::Picture { .. } => Code::TooLarge,
            };
            (code, field.said.as_str())
        }
        Fault::NullRate => {
            let most = field.null_rate.map_or(0.0, |rate| rate.most);
            let message = format!("more than a share of {most} of the values is missing");
            return Violation { field: field.name.clone(), row, code: Code::NullRate, message };
        }
    };
    Violation { field: field.name.clone(), row, code, message: message.into() }
}
