//! Holds a request against a contract.

use crate::compile::{Checker, Expected, Site};
use crate::contract::Policy;
use crate::held::Held;
use crate::quick::Quick;
use crate::report::{Code, Remarks, Report, Violation};
use crate::tensor::{Cells, Datatype, Lane, Mark, Values, elements};
use std::collections::BTreeMap;

/// An input whose bytes are known to be the elements of its shape.
#[derive(Default)]
pub(crate) struct Seen<'a> {
    pub data: &'a [u8],
    /// Those of BYTES.
    pub elements: Vec<&'a [u8]>,
    pub count: usize,
    pub rows: usize,
    /// Extent of the last dimension, where fields are columns of it.
    pub width: usize,
    /// Of a column of records: what there is for each row. Of inputs, none.
    pub marks: &'a [Mark],
    pub wrong: Option<&'a BTreeMap<usize, (Code, &'static str)>>,
    /// Whether all marks, if there are any, are those of values.
    pub plain: bool,
    /// Whether nothing is wrong with those fields that [`Quick`] is for.
    pub holds: bool,
}

/// What is to be done about a value of an input, other than to say so: replaced by the
/// default of its field, or of a column of records, remembered.
pub(crate) struct Act {
    /// Columns of records come after the inputs.
    pub input: usize,
    pub element: usize,
    pub field: usize,
    pub policy: Policy,
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
        self.look(values, &mut []).finish()
    }

    /// The same of a module that reads records, with what it read: the columns, in the
    /// order in which the contract was compiled with them.
    ///
    /// A value that is of [another type](Mark::Wrong) than its column is replaced or
    /// abstained from if the field's policy says so. Otherwise the report has nothing of
    /// it, as also of what is [unread](Mark::Unread): it is for who read it to refuse
    /// the request, since there is nothing to go on with.
    pub fn look(&self, values: &mut [Option<Values<'_>>], columns: &mut [&mut Cells]) -> Report {
        let mut acts = Vec::new();
        let report = self.find(values, columns, &mut acts);
        if !acts.is_empty() {
            let imputed = |act: &&Act| act.policy == Policy::Impute;
            match report.refused.is_empty() {
                true => {
                    self.settle(columns, acts.iter().filter(|act| act.policy == Policy::Abstain));
                    self.replace(values, columns, acts.iter().filter(imputed).collect());
                }
                false => self.settle(columns, acts.iter()),
            }
        }
        report
    }

    fn find(
        &self,
        values: &[Option<Values<'_>>],
        columns: &[&mut Cells],
        acts: &mut Vec<Act>,
    ) -> Report {
        let mut report = Report::default();
        let mut seen = Vec::with_capacity(self.inputs.len() + self.columns.len());
        let mut take = |found: Result<_, Violation>| match found {
            Ok(found) => seen.push(found),
            Err(violation) => {
                report.blind = true;
                report.refused.add(&violation.field.clone(), || violation);
            }
        };
        for (place, expected) in self.inputs.iter().enumerate() {
            take(see(expected, values.get(place).and_then(Option::as_ref)));
        }
        for (place, expected) in self.columns.iter().enumerate() {
            take(see_column(expected, columns.get(place).map(|cells| &**cells)));
        }
        if report.blind {
            return report;
        }
        for (place, field) in self.fields.iter().enumerate() {
            let Some(values) = seen.get(field.site.input) else { continue };
            if values.holds && Quick::is_for(field) {
                continue;
            }
            Held::new(place, field, values, &mut report, acts).hold(&seen);
        }
        report
    }

    /// Remembers which values of columns were spoken of.
    fn settle<'a>(&self, columns: &mut [&mut Cells], acts: impl Iterator<Item = &'a Act>) {
        for act in acts {
            let place = act.input.checked_sub(self.inputs.len());
            if let Some(cells) = place.and_then(|place| columns.get_mut(place)) {
                cells.settled.insert(act.element);
            }
        }
    }

    /// Puts defaults in the place of values.
    fn replace(
        &self,
        values: &mut [Option<Values<'_>>],
        columns: &mut [&mut Cells],
        mut fixes: Vec<&Act>,
    ) {
        fixes.sort_by_key(|fix| (fix.input, fix.element));
        for fixes in fixes.chunk_by(|one, other| one.input == other.input) {
            let Some(input) = fixes.first().map(|fix| fix.input) else { continue };
            if let Some(place) = input.checked_sub(self.inputs.len()) {
                let column = self.columns.get(place).zip(columns.get_mut(place));
                let Some((expected, cells)) = column else { continue };
                self.replace_in(&mut cells.data, expected.datatype, fixes);
                for fix in fixes {
                    if let Some(mark) = cells.marks.get_mut(fix.element) {
                        *mark = Mark::Value;
                    }
                }
            } else if let Some(Some(values)) = values.get_mut(input) {
                self.replace_in(values.data, values.datatype, fixes);
            }
        }
    }

    /// The same in one tensor, in the order of its elements.
    fn replace_in(&self, data: &mut Vec<u8>, datatype: Datatype, fixes: &[&Act]) {
        let default =
            |fix: &Act| self.fields.get(fix.field).and_then(|field| field.default.as_deref());
        let Some(size) = datatype.size() else {
            *data = spliced(data, fixes, default);
            return;
        };
        for fix in fixes {
            let at = fix.element.saturating_mul(size);
            let element = data.get_mut(at..).and_then(|rest| rest.get_mut(..size));
            if let (Some(element), Some(default)) = (element, default(fix))
                && element.len() == default.len()
            {
                element.copy_from_slice(default);
            }
        }
    }
}

/// The elements of BYTES, some of them replaced; the fixes are in their order.
fn spliced<'a>(data: &[u8], fixes: &[&Act], default: impl Fn(&Act) -> Option<&'a [u8]>) -> Vec<u8> {
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

/// What is wrong with a whole input.
fn wrong(expected: &Expected, code: Code, message: String) -> Violation {
    Violation { field: expected.name.clone(), row: None, code, message }
}

/// Whether an input is what was described, as far as reading it needs.
fn see<'a>(expected: &Expected, values: Option<&'a Values<'_>>) -> Result<Seen<'a>, Violation> {
    if !expected.used {
        return Ok(Seen::default());
    }
    let values =
        values.ok_or_else(|| wrong(expected, Code::Missing, "the input is missing".into()))?;
    if values.datatype != expected.datatype {
        let (is, should) = (values.datatype.name(), expected.datatype.name());
        let message = format!("datatype is {is}, expected {should}");
        return Err(wrong(expected, Code::WrongDatatype, message));
    }
    let width = match expected.columns {
        None => 1,
        Some(columns) => match values.shape.last() {
            Some(&extent) if u64::try_from(columns) == Ok(extent) => columns,
            _ => {
                let message = format!("the last dimension must have {columns} places");
                return Err(wrong(expected, Code::WrongShape, message));
            }
        },
    };
    let product = values.shape.iter().try_fold(1_u64, |all, &extent| all.checked_mul(extent));
    let count = product.and_then(|all| usize::try_from(all).ok());
    let data: &[u8] = values.data;
    let (count, elements) = split(expected, data, count)?;
    let rows = match (values.shape, expected.columns) {
        ([], _) | ([_], Some(_)) => 1,
        // No more than there are elements, or there are none.
        ([rows, ..], _) => usize::try_from(*rows).unwrap_or(usize::MAX),
    };
    let holds = expected.quick.as_ref().is_some_and(|quick| quick.holds(data));
    let (marks, wrong) = Default::default();
    Ok(Seen { data, elements, count, rows, width, marks, wrong, plain: true, holds })
}

/// The same of a column of records.
fn see_column<'a>(expected: &Expected, cells: Option<&'a Cells>) -> Result<Seen<'a>, Violation> {
    if !expected.used {
        return Ok(Seen::default());
    }
    let cells =
        cells.ok_or_else(|| wrong(expected, Code::Missing, "the column was not read".into()))?;
    let data: &[u8] = &cells.data;
    let marks: &[Mark] = &cells.marks;
    let (rows, elements) = split(expected, data, Some(marks.len()))?;
    let plain = marks.iter().all(|&mark| mark == Mark::Value);
    let holds = plain && expected.quick.as_ref().is_some_and(|quick| quick.holds(data));
    let wrong = Some(&cells.wrong);
    Ok(Seen { data, elements, count: rows, rows, width: 1, marks, wrong, plain, holds })
}

/// The count of elements, and those of BYTES, if the data are that many.
fn split<'a>(
    expected: &Expected,
    data: &'a [u8],
    count: Option<usize>,
) -> Result<(usize, Vec<&'a [u8]>), Violation> {
    let size = || {
        let message = "the bytes do not make up the elements of the shape".into();
        wrong(expected, Code::WrongSize, message)
    };
    let count = count.ok_or_else(size)?;
    match expected.datatype.size() {
        Some(bytes) if count.checked_mul(bytes) == Some(data.len()) => Ok((count, Vec::new())),
        Some(_) => Err(size()),
        None => {
            let found = elements(data).filter(|found| found.len() == count).ok_or_else(size)?;
            Ok((count, found))
        }
    }
}

/// Where in an input a field is.
pub(crate) fn lane(site: Site, values: &Seen<'_>) -> Lane {
    match site.column {
        None => Lane { start: 0, step: 1 },
        Some(column) => Lane { start: column, step: values.width.max(1) },
    }
}
