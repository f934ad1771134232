//! What a caller holds: an ensemble that is ready to run. It chooses the format of
//! the nodes, and checks what the walk relies on.

use crate::description::Description;
use crate::element::{Element, Score};
use crate::error::Error;
use crate::finish::Finish;
use crate::forest::{Forest, Plan};
use crate::graph::Graph;
use crate::layout::Slot;
use crate::node::{Narrow, Node, Number, Wide};
use crate::walk::LANES;
use std::fmt;

/// How exactly an ensemble compares and adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// As f32, which is how ONNX Runtime takes input of f32, i32 and i64.
    Single,
    /// As f64, for input of f64, or if an attribute has double precision.
    Double,
}

/// Trees in the form in which they are walked.
pub struct Ensemble {
    trees: Trees,
    finish: Finish,
    precision: Precision,
    /// Columns that an input must have.
    columns: usize,
}

enum Trees {
    Narrow(Forest<Narrow>),
    Wide(Forest<Wide>),
}

impl fmt::Debug for Ensemble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trees = match &self.trees {
            Trees::Narrow(forest) => forest.trees(),
            Trees::Wide(forest) => forest.trees(),
        };
        write!(f, "Ensemble of {trees} trees for {} targets", self.finish.targets)
    }
}

impl Ensemble {
    /// Checks a description and lays it out for the walk.
    pub fn new(description: &Description, precision: Precision) -> Result<Self, Error> {
        let finish = Finish::new(description, precision)?;
        let graph = Graph::new(description, precision)?;
        let plan = Plan::new(&graph, finish.targets, finish.aggregate)?;
        let narrow = if precision == Precision::Single { plan.forest() } else { None };
        let trees = match narrow {
            Some(forest) => Trees::Narrow(forest),
            None => Trees::Wide(plan.forest().ok_or(Error::TooLarge("columns"))?),
        };
        let columns = plan.columns();
        Ok(Ensemble { trees, finish, precision, columns })
    }

    /// How many scores a row has.
    pub fn targets(&self) -> usize {
        self.finish.targets
    }

    /// The least number of columns that an input must have.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether the precision is double: then a `TreeEnsemble` gives scores of f64.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The scores of each row of `columns` values, row after row.
    pub fn predict<X: Element, Y: Score>(
        &self,
        rows: &[X],
        columns: usize,
        scores: &mut [Y],
    ) -> Result<(), Error> {
        self.run(rows, columns, scores, &mut [])
    }

    /// The scores of each row, one for each class, and its label: the number of
    /// the class among the labels of the classifier.
    pub fn classify<X: Element, Y: Score>(
        &self,
        rows: &[X],
        columns: usize,
        scores: &mut [Y],
        labels: &mut [u32],
    ) -> Result<(), Error> {
        let count = rows.len().checked_div(columns).unwrap_or(0);
        Error::length("labels", labels.len(), count)?;
        self.run(rows, columns, scores, labels)
    }

    fn run<X: Element, Y: Score>(
        &self,
        rows: &[X],
        columns: usize,
        scores: &mut [Y],
        labels: &mut [u32],
    ) -> Result<(), Error> {
        if X::DOUBLE && self.precision == Precision::Single {
            return Err(Error::Precision);
        }
        if columns < self.columns.max(1) {
            return Err(Error::Columns { found: columns, expected: self.columns.max(1) });
        }
        let count = rows.len() / columns;
        Error::length("X", rows.len(), count * columns)?;
        // If they are too many to count, they are too few.
        let expected = count.saturating_mul(self.finish.targets);
        Error::length("scores", scores.len(), expected)?;

        let row = |number: usize| rows.get(number * columns..).unwrap_or_default();
        let mut scores = scores.chunks_exact_mut(self.finish.targets);
        let mut labels = labels.iter_mut();
        let mut done = |label: u32, row: &[f64]| {
            if let Some(scores) = scores.next() {
                scores.iter_mut().zip(row).for_each(|(score, &value)| *score = Y::from_f64(value));
            }
            if let Some(place) = labels.next() {
                *place = label;
            }
        };
        match &self.trees {
            Trees::Narrow(forest) => {
                let pack = |number: usize, lane: &mut [f32]| {
                    pack(forest.slots(), row(number), lane, X::single);
                };
                self.lead(forest, count, &pack, &mut done);
            }
            Trees::Wide(forest) => {
                let pack = |number: usize, lane: &mut [f64]| {
                    pack(forest.slots(), row(number), lane, X::double);
                };
                self.lead(forest, count, &pack, &mut done);
            }
        }
        Ok(())
    }

    /// The part that does not depend on the types of the input and the output.
    fn lead<N: Node>(
        &self,
        forest: &Forest<N>,
        rows: usize,
        pack: &dyn Fn(usize, &mut [N::Value]),
        done: &mut dyn FnMut(u32, &[f64]),
    ) {
        let mut scores = vec![0.0; self.finish.targets];
        forest.predict(rows, pack, &mut |sums| {
            for (score, &sum) in scores.iter_mut().zip(sums) {
                *score = sum.double();
            }
            let label = self.finish.apply(forest.trees(), &mut scores);
            done(label, &scores);
        });
    }
}

/// Writes what the slots of a row hold to every `LANES`th place.
#[inline(always)]
fn pack<X: Element, T: Number>(
    slots: &[Slot],
    row: &[X],
    lane: &mut [T],
    convert: impl Fn(X) -> T,
) {
    for (slot, place) in slots.iter().zip(lane.iter_mut().step_by(LANES)) {
        let x = row.get(slot.column as usize).map_or(T::NAN, |&x| convert(x));
        *place = if slot.missing_left && x.is_nan() { T::NEG_INFINITY } else { x };
    }
}
