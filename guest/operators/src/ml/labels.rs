//! Labels of classes and values of encoders: numbers or text, by position.

use crate::operator::Output;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_core::ops::array::Gather;

/// Labels by their positions.
#[derive(Clone, Debug)]
pub struct Labels(Arc<Tensor>);

impl Labels {
    /// # Errors
    /// If it is not a list.
    pub fn new(values: Tensor) -> TractResult<Self> {
        ensure!(values.rank() == 1, "its labels are no list");
        Ok(Labels(values.into_arc_tensor()))
    }

    /// Those of a classifier; text goes before numbers.
    ///
    /// # Errors
    /// If it has none.
    pub fn of(node: &NodeProto, ints: &str, strings: &str) -> TractResult<Self> {
        let strings: Vec<String> = node.get_attr_opt_vec(strings)?.unwrap_or_default();
        let ints: Vec<i64> = node.get_attr_opt_vec(ints)?.unwrap_or_default();
        ensure!(!strings.is_empty() || !ints.is_empty(), "it has no labels");
        Labels::new(if strings.is_empty() { tensor1(&ints) } else { tensor1(&strings) })
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn datum_type(&self) -> DatumType {
        self.0.datum_type()
    }

    /// A label for each position, in a tensor of this shape.
    ///
    /// # Errors
    /// If the positions do not fill the shape.
    pub fn pick(&self, shape: &[usize], positions: Vec<i64>) -> TractResult<TValue> {
        let count = i64::try_from(self.len())?;
        ensure!(positions.iter().all(|at| (0..count).contains(at)), "it has too few labels");
        let positions = super::rows::filled(shape, positions)?;
        gather(0, self.0.clone().into_tvalue(), positions)
    }
}

/// Elements along an axis, by their positions, which are in range.
///
/// # Errors
/// If the axis is not one of the data.
pub fn gather(axis: usize, data: TValue, positions: TValue) -> TractResult<TValue> {
    let gathered = Gather::new(axis).eval_out_of_plan(tvec!(data, positions))?;
    gathered.and_then(|mut values| values.pop()).context("nothing was gathered")
}

/// Which of label and scores a node asks for.
#[derive(Debug)]
pub struct Wanted([bool; 2]);

impl Wanted {
    pub fn of(node: &NodeProto) -> Self {
        Wanted([0, 1].map(|index| node.output.get(index).is_some_and(|name| !name.is_empty())))
    }

    pub fn count(&self) -> usize {
        self.0.iter().filter(|wanted| **wanted).count()
    }

    pub fn select<T>(&self, label: T, scores: T) -> TVec<T> {
        let both = [label, scores].into_iter().zip(self.0);
        both.filter(|(_, wanted)| *wanted).map(|(value, _)| value).collect()
    }

    /// Facts about a label for each row, and scores.
    pub fn facts(&self, rows: TDim, labels: &Labels, scores: Output) -> TVec<Output> {
        self.select((labels.datum_type(), tvec!(rows)), scores)
    }
}
