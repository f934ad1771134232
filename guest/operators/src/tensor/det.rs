//! Det: determinants of square matrices.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::values::{give, numbers, shaped};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Det;

pub fn det(_: &ParsingContext, _: &NodeProto) -> Built {
    built(Det)
}

/// By elimination, the largest element of a column first.
fn determinant(mut rows: Vec<Vec<f64>>) -> f64 {
    let mut product = 1.0;
    for column in 0..rows.len() {
        let size = |row: &Vec<f64>| row.get(column).map_or(0.0, |x| x.abs());
        let below = rows.iter().enumerate().skip(column);
        let largest = below.max_by(|a, b| size(a.1).total_cmp(&size(b.1))).map(|(index, _)| index);
        if let Some(largest) = largest.filter(|largest| *largest != column) {
            rows.swap(column, largest);
            product = -product;
        }
        let (done, below) = rows.split_at_mut(column + 1);
        let Some(pivot) = done.last() else { continue };
        let first = pivot.get(column).copied().unwrap_or(0.0);
        product *= first;
        if first == 0.0 {
            return 0.0;
        }
        for row in below {
            let factor = row.get(column).copied().unwrap_or(0.0) / first;
            row.iter_mut().zip(pivot).for_each(|(x, pivot)| *x -= factor * pivot);
        }
    }
    product
}

impl Operator for Det {
    fn name(&self) -> &'static str {
        "Det"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        let outer = input.shape.len().checked_sub(2).context("it needs matrices")?;
        Ok(tvec!((input.datum_type, input.shape.iter().take(outer).cloned().collect())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let &[ref outer @ .., rows, columns] = input.shape() else { bail!("it needs matrices") };
        ensure!(rows == columns, "a matrix of {rows} rows and {columns} columns is not square");
        let count = outer.iter().product();
        let elements: Vec<f64> = numbers::<f64>(input)?.into_iter().collect();
        let mut rows = elements.chunks(columns.max(1)).map(<[f64]>::to_vec);
        let determinants = (0..count).map(|_| determinant(rows.by_ref().take(columns).collect()));
        Ok(tvec!(give(shaped(determinants.collect(), outer)?, input.datum_type())?))
    }
}
