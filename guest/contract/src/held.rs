//! A field of a request, value by value, held against its rule.

use crate::check::{Act, Seen, lane};
use crate::compile::{Age, Compiled, Rule};
use crate::contract::Policy;
use crate::report::{Report, Violation};
use crate::tensor::{Lane, Mark};
use crate::wrong::{Fault, Faults, violation};
use crate::{date, picture};

/// A field, while it is being checked.
pub(crate) struct Held<'a> {
    place: usize,
    field: &'a Compiled,
    values: &'a Seen<'a>,
    lane: Lane,
    next: usize,
    nulls: u64,
    report: &'a mut Report,
    acts: &'a mut Vec<Act>,
}

impl<'a> Held<'a> {
    pub fn new(
        place: usize,
        field: &'a Compiled,
        values: &'a Seen<'a>,
        report: &'a mut Report,
        acts: &'a mut Vec<Act>,
    ) -> Self {
        let lane = lane(field.site, values);
        Held { place, field, values, lane, next: 0, nulls: 0, report, acts }
    }

    /// Finds all that is wrong with it, given all inputs.
    pub fn hold(mut self, seen: &[Seen<'_>]) {
        self.each(seen);
        self.rate();
    }

    fn each(&mut self, seen: &[Seen<'_>]) {
        let (field, values, lane) = (self.field, self.values, self.lane);
        match &field.rule {
            &Rule::Float { least, most, whole } => {
                let within = |number: f64| number >= least && number <= most;
                let fine = |number: f64| within(number) && (!whole || number.trunc() == number);
                // Nearly always all are, and finding out just that is several times as fast.
                let mut all = values.plain;
                if all {
                    field.datatype.floats(values.data, lane, |number| all &= fine(number));
                }
                if all {
                    return;
                }
                field.datatype.floats(values.data, lane, |number| {
                    self.see(match fine(number) {
                        true => Faults::NONE,
                        false => of_float(number, within(number), whole, field),
                    });
                });
            }
            &Rule::Whole { least, most } => {
                let fine = |number: i128| number >= least && number <= most;
                let mut all = values.plain;
                if all {
                    field.datatype.wholes(values.data, lane, |number| all &= fine(number));
                }
                if all {
                    return;
                }
                field.datatype.wholes(values.data, lane, |number| {
                    self.see(Faults::NONE.and(Fault::Broken, !fine(number)));
                });
            }
            Rule::Numbers(known) if field.datatype.is_float() => {
                field.datatype.floats(values.data, lane, |number| {
                    let whole = number as i64;
                    let fine = whole as f64 == number && known.binary_search(&whole).is_ok();
                    self.see(match fine {
                        true => Faults::NONE,
                        false => of_float(number, false, false, field),
                    });
                });
            }
            Rule::Numbers(known) => field.datatype.wholes(values.data, lane, |number| {
                let found = i64::try_from(number).map(|number| known.binary_search(&number));
                self.see(Faults::NONE.and(Fault::Broken, !matches!(found, Ok(Ok(_)))));
            }),
            rule => {
                for element in lane.of(&values.elements) {
                    self.see(match (element.is_empty(), rule) {
                        (true, _) => Fault::Null.into(),
                        (false, Rule::Date(Some(age))) => self.dated(element, *age, seen).into(),
                        (false, rule) => of_bytes(element, rule),
                    });
                }
            }
        }
    }

    /// What is wrong with a date that may be too old.
    fn dated(&self, element: &[u8], age: Age, seen: &[Seen<'_>]) -> Option<Fault> {
        let Some(date) = date::parse(element) else { return Some(Fault::NoDate) };
        let other = seen.get(age.relative_to.input).and_then(|values| {
            let lane = lane(age.relative_to, values);
            // One for each value, or for each row, or for all of them.
            let at = match values.count.checked_div(lane.step)? {
                count if count == self.count() => self.next,
                1 => 0,
                count if count == values.rows => self.row(self.next),
                _ => return None,
            };
            Some((values, lane.place(at)))
        });
        if let Some((values, at)) = other
            && matches!(values.marks.get(at), Some(Mark::Wrong | Mark::Unread))
        {
            // That is told of the other.
            return None;
        }
        match other.and_then(|(values, at)| date::parse(values.elements.get(at)?)) {
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

    /// The next value of the field, and what is wrong with it if it is one.
    fn see(&mut self, faults: Faults) {
        let at = self.next;
        self.next += 1;
        let faults = match self.values.marks.get(at) {
            None | Some(Mark::Value) => faults,
            Some(Mark::Null) => Fault::Null.into(),
            Some(Mark::Absent) if self.field.required => Fault::Absent.into(),
            Some(Mark::Absent) => Fault::Null.into(),
            Some(Mark::Wrong) => return self.of_another_type(at),
            Some(Mark::Unread) => return,
        };
        if !faults.are_none() {
            self.wrong(at, faults);
        }
    }

    #[cold]
    fn wrong(&mut self, at: usize, faults: Faults) {
        let field = self.field;
        let mut policy = field.policy;
        if faults.has(Fault::Null) || faults.has(Fault::Absent) {
            self.nulls += 1;
            if field.nullable && faults.has(Fault::Null) {
                return;
            }
            policy = field.null_policy;
        }
        let row = self.row(at) as u64;
        for fault in faults.iter() {
            self.report.add(policy, &field.name, || violation(field, Some(row), fault));
        }
        self.act(policy, at);
    }

    /// What a column could not hold. Where nothing is done about it, whoever read it
    /// has to refuse it: there is nothing that could go on.
    #[cold]
    fn of_another_type(&mut self, at: usize) {
        let (field, policy) = (self.field, self.field.policy);
        let row = self.row(at);
        let Some(&(code, message)) = self.values.wrong.and_then(|wrong| wrong.get(&row)) else {
            return;
        };
        if matches!(policy, Policy::Impute | Policy::Abstain) {
            self.report.add(policy, &field.name, || Violation {
                field: field.name.clone(),
                row: Some(row as u64),
                code,
                message: message.into(),
            });
            self.act(policy, at);
        }
    }

    /// What is done about a value, other than to say so.
    fn act(&mut self, policy: Policy, at: usize) {
        if policy == Policy::Abstain {
            self.report.abstained.insert(self.row(at) as u64);
        }
        // Of a column it has to be known what was spoken of.
        if policy == Policy::Impute || !self.values.marks.is_empty() {
            self.acts.push(Act {
                input: self.field.site.input,
                element: self.lane.place(at),
                field: self.place,
                policy,
            });
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
        let too_many = || violation(field, None, Fault::NullRate);
        self.report.add(field.null_policy, &field.name, too_many);
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
        if values.marks.is_empty() {
            field.datatype.floats(values.data, lane, |number| null(number.is_nan()));
            lane.of(&values.elements).for_each(|element| null(element.is_empty()));
        } else {
            let missing = |mark: &Mark| matches!(mark, Mark::Null | Mark::Absent);
            values.marks.iter().for_each(|mark| null(missing(mark)));
        }
    }
}

/// What is wrong with a number that is not among those that are fine.
#[cold]
fn of_float(number: f64, within: bool, whole: bool, field: &Compiled) -> Faults {
    match number {
        _ if number.is_nan() => Fault::Null.into(),
        _ if number.is_infinite() => Fault::Infinite.into(),
        // Being neither 0 nor 1 is one rule.
        _ if field.boolean => Fault::Broken.into(),
        _ => Faults::NONE
            .and(Fault::Broken, !within)
            .and(Fault::Fraction, whole && number.trunc() != number),
    }
}

fn of_bytes(element: &[u8], rule: &Rule) -> Faults {
    match rule {
        Rule::Texts(known) => match known.binary_search_by(|known| (**known).cmp(element)) {
            Ok(_) => Faults::NONE,
            Err(_) if std::str::from_utf8(element).is_err() => Fault::NoText.into(),
            Err(_) => Fault::Broken.into(),
        },
        &Rule::Text { least, most } => match std::str::from_utf8(element) {
            Err(_) => Fault::NoText.into(),
            Ok(text) => {
                let length = text.chars().count() as u64;
                Faults::NONE.and(Fault::Broken, length < least || length > most)
            }
        },
        Rule::Date(_) => Faults::NONE.and(Fault::NoDate, date::parse(element).is_none()),
        &Rule::Picture { width, height, pixels } => match picture::size(element) {
            None => Fault::NoPicture.into(),
            Some((wide, high)) => Faults::NONE
                .and(Fault::TooWide, wide > width)
                .and(Fault::TooHigh, high > height)
                .and(Fault::TooLarge, wide.saturating_mul(high) > pixels),
        },
        // These are not of BYTES.
        Rule::Float { .. } | Rule::Whole { .. } | Rule::Numbers(_) => Faults::NONE,
    }
}
