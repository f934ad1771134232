//! Every comparison of ONNX in terms of one: go left if `x <= threshold`, right
//! if not. Below `x < value` is `x <= the number before value`, equality is two
//! such steps, and a set is a search tree of them. A missing value (NaN) goes
//! right by itself; where ONNX wants it on the left, the split looks at a copy of
//! its column in which −∞ stands for NaN. So the walk knows neither of modes nor
//! of missing values, and pays for neither.

use crate::description::Mode;
use crate::ensemble::Precision;
use crate::graph::{Graph, Node, Split};

/// A comparison of ONNX, and where it leads.
pub(crate) struct Comparison<'a> {
    pub column: u32,
    pub mode: Mode,
    pub value: f64,
    /// For `Member`: in ascending order.
    pub members: &'a [f64],
    pub missing_true: bool,
    pub on_true: u32,
    pub on_false: u32,
}

impl Precision {
    /// The greatest number less than `value`. There is none for −∞ and NaN.
    fn before(self, value: f64) -> Option<f64> {
        if value.is_nan() || value == f64::NEG_INFINITY {
            return None;
        }
        Some(match self {
            #[allow(clippy::cast_possible_truncation)] // it is an f32
            Precision::Single => f64::from((value as f32).next_down()),
            Precision::Double => value.next_down(),
        })
    }
}

impl Comparison<'_> {
    /// As one split or several, added to `graph`, except the first.
    pub(crate) fn lower(&self, graph: &mut Graph, precision: Precision) -> Node {
        let &Comparison { value, missing_true, on_true, on_false, .. } = self;
        if value.is_nan() && self.mode != Mode::Member {
            // NaN differs from everything and has no other relation to anything.
            return self.constant(self.mode == Mode::Neq);
        }
        let before = precision.before(value);
        match self.mode {
            Mode::Leq | Mode::Leaf => self.split(Some(value), missing_true, on_true, on_false),
            Mode::Lt => self.split(before, missing_true, on_true, on_false),
            Mode::Gte => self.split(before, !missing_true, on_false, on_true),
            Mode::Gt => self.split(Some(value), !missing_true, on_false, on_true),
            Mode::Eq => self.member(graph, precision, &[value], missing_true),
            // Unlike every other relation, this one holds for NaN by itself.
            Mode::Neq => Comparison { on_true: on_false, on_false: on_true, ..*self }.member(
                graph,
                precision,
                &[value],
                false,
            ),
            Mode::Member => self.member(graph, precision, self.members, missing_true),
        }
    }

    fn split(&self, threshold: Option<f64>, missing_left: bool, left: u32, right: u32) -> Node {
        let split =
            Split { column: self.column, threshold: f64::INFINITY, missing_left, left, right };
        Node::Split(match threshold {
            Some(threshold) => Split { threshold, ..split },
            // Every number goes right.
            None if missing_left => {
                Split { missing_left: false, left: right, right: left, ..split }
            }
            None => Split { left: right, ..split },
        })
    }

    /// The same for every number.
    fn constant(&self, holds: bool) -> Node {
        let always = if holds { self.on_true } else { self.on_false };
        let missing = if self.missing_true { self.on_true } else { always };
        self.split(Some(f64::INFINITY), false, always, missing)
    }

    /// Whether x is one of `members`, which ascend: less than the one in the
    /// middle, equal to it, or greater.
    fn member(
        &self,
        graph: &mut Graph,
        precision: Precision,
        members: &[f64],
        missing: bool,
    ) -> Node {
        let (lower, rest) = members.split_at(members.len() / 2);
        let Some((&value, greater)) = rest.split_first() else {
            return Comparison { missing_true: missing, ..*self }.constant(false);
        };
        let mut child = |members: &[f64]| {
            if members.is_empty() {
                return self.on_false;
            }
            let node = self.member(graph, precision, members, false);
            graph.push(node)
        };
        let (less, greater) = (child(lower), child(greater));
        // A missing value that counts as a member passes the first split to the
        // left and the second to the right.
        let at_most = graph.push(self.split(precision.before(value), false, less, self.on_true));
        self.split(Some(value), missing, at_most, greater)
    }
}
