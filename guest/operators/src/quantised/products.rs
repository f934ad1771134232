//! Products of quantised matrices: QLinearMatMul with every option, QGemm, and
//! the two of ONNX Runtime that give numbers of single precision.

use super::scheme::quantised;
use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{give, numbers, stretch};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{Array2, ArrayD, ArrayView2, Axis, Zip};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_core::broadcast::multi_broadcast;

#[derive(Debug)]
struct Product {
    name: &'static str,
    slots: Slots,
    a: Factor,
    b: Factor,
    /// Integers that are added to products.
    added: Option<usize>,
    /// Numbers that are added to the result.
    bias: Option<usize>,
    /// Scale and zero point of the output, which is of single precision without.
    output: Option<(usize, usize)>,
    alpha: f32,
}

/// Positions of a matrix, its scale and its zero point.
#[derive(Debug)]
struct Factor {
    matrix: usize,
    /// A matrix without is quantised here, by its range.
    scale: Option<usize>,
    zero: usize,
    transposed: bool,
}

fn factor(matrix: usize, scale: Option<usize>, zero: usize) -> Factor {
    Factor { matrix, scale, zero, transposed: false }
}

pub fn q_linear_mat_mul(_: &ParsingContext, node: &NodeProto) -> Built {
    built(Product {
        name: "QLinearMatMul",
        slots: Slots::of(node),
        a: factor(0, Some(1), 2),
        b: factor(3, Some(4), 5),
        added: None,
        bias: None,
        output: Some((6, 7)),
        alpha: 1.0,
    })
}

pub fn q_gemm(_: &ParsingContext, node: &NodeProto) -> Built {
    let slots = Slots::of(node);
    let transposed = |name| Ok::<_, TractError>(node.get_attr_opt::<i64>(name)? == Some(1));
    built(Product {
        name: "QGemm",
        a: Factor { transposed: transposed("transA")?, ..factor(0, Some(1), 2) },
        b: Factor { transposed: transposed("transB")?, ..factor(3, Some(4), 5) },
        added: slots.index(6).map(|_| 6),
        bias: None,
        output: slots.index(7).map(|_| (7, 8)),
        slots,
        alpha: node.get_attr_opt("alpha")?.unwrap_or(1.0),
    })
}

pub fn mat_mul_integer_to_float(_: &ParsingContext, node: &NodeProto) -> Built {
    built(Product {
        name: "MatMulIntegerToFloat",
        slots: Slots::of(node),
        a: factor(0, Some(2), 4),
        b: factor(1, Some(3), 5),
        added: None,
        bias: Some(6),
        output: None,
        alpha: 1.0,
    })
}

pub fn dynamic_quantize_mat_mul(_: &ParsingContext, node: &NodeProto) -> Built {
    built(Product {
        name: "DynamicQuantizeMatMul",
        slots: Slots::of(node),
        a: factor(0, None, 9),
        b: factor(1, Some(2), 3),
        added: None,
        bias: Some(4),
        output: None,
        alpha: 1.0,
    })
}

/// Integers, less their zero points, and scales that stretch to the result.
struct Quantities {
    integers: ArrayD<i32>,
    scale: ArrayD<f32>,
}

/// Scales or zero points of rows or of columns, as they stretch to matrices.
fn of_rows(mut values: ArrayD<f32>, rows: bool) -> ArrayD<f32> {
    if values.len() == 1 {
        // One for the whole matrix, in whatever shape.
        let one = values.first().copied().unwrap_or_default();
        return tract_ndarray::arr0(one).into_dyn();
    }
    if values.ndim() == 1 && rows {
        values.insert_axis_inplace(Axis(1));
    }
    values
}

impl Factor {
    fn read(&self, slots: &Slots, inputs: &[TValue], rows: bool) -> TractResult<Quantities> {
        let matrix = slots.need(inputs, self.matrix)?;
        let mut numbers_of = numbers::<f32>(matrix)?;
        let (scale, zero) = match self.scale {
            Some(scale) => {
                let scale = numbers::<f32>(slots.need(inputs, scale)?)?;
                let zero = match slots.find(inputs, self.zero) {
                    Some(zero) => numbers::<f32>(zero)?,
                    None => tract_ndarray::arr0(0.0).into_dyn(),
                };
                (of_rows(scale, rows), of_rows(zero, rows))
            }
            None => {
                let low = numbers_of.iter().copied().fold(0.0, f32::min);
                let high = numbers_of.iter().copied().fold(0.0, f32::max);
                let scale = if low == high { 1.0 } else { (high - low) / 255.0 };
                let zero = (-low / scale).round_ties_even().clamp(0.0, 255.0);
                numbers_of
                    .mapv_inplace(|x| ((x / scale).round_ties_even() + zero).clamp(0.0, 255.0));
                (tract_ndarray::arr0(scale).into_dyn(), tract_ndarray::arr0(zero).into_dyn())
            }
        };
        if self.transposed {
            numbers_of = numbers_of.reversed_axes().as_standard_layout().into_owned();
        }
        let zero = stretch(&zero, numbers_of.shape(), "a zero point")?;
        let integers = Zip::from(&numbers_of).and(zero).map_collect(|x, zero| (x - zero) as i32);
        Ok(Quantities { integers, scale })
    }
}

/// A product of matrices.
fn product(a: ArrayView2<'_, i32>, b: ArrayView2<'_, i32>) -> Array2<i32> {
    let mut output = Array2::zeros((a.nrows(), b.ncols()));
    for (a, mut to) in a.outer_iter().zip(output.outer_iter_mut()) {
        for (&x, b) in a.iter().zip(b.outer_iter()).filter(|(x, _)| **x != 0) {
            for (to, &y) in to.iter_mut().zip(b) {
                *to = i32::wrapping_add(*to, x.wrapping_mul(y));
            }
        }
    }
    output
}

/// The shape of a product of stacks of matrices.
fn shape<D: DimLike>(a: &[D], b: &[D]) -> TractResult<TVec<D>> {
    let ([outer_a @ .., rows, inner_a], [outer_b @ .., inner_b, columns]) = (a, b) else {
        bail!("it needs matrices")
    };
    ensure!(
        inner_a.to_usize().is_err() || inner_b.to_usize().is_err() || inner_a == inner_b,
        "matrices of shapes {a:?} and {b:?} cannot be multiplied"
    );
    let mut shape = multi_broadcast(&[outer_a, outer_b])?;
    shape.extend([rows.clone(), columns.clone()]);
    Ok(shape)
}

/// The products of stacks of matrices.
fn products(a: &ArrayD<i32>, b: &ArrayD<i32>) -> TractResult<ArrayD<i32>> {
    let shape = shape(a.shape(), b.shape())?;
    let outer = shape.len() - 2;
    let stack = |array: &ArrayD<i32>| -> TractResult<Vec<Array2<i32>>> {
        let matrix = array.shape().iter().skip(array.ndim() - 2);
        let stretched: Vec<usize> = shape.iter().take(outer).chain(matrix).copied().collect();
        let stretched = stretch(array, &stretched, "a stack of matrices")?;
        let (rows, columns) =
            (array.len_of(Axis(array.ndim() - 2)), array.len_of(Axis(array.ndim() - 1)));
        let count = shape.iter().take(outer).product::<usize>();
        let all = stretched.as_standard_layout().into_owned();
        let all = all.into_shape_with_order((count, rows * columns))?;
        (all.outer_iter()
            .map(|matrix| Ok(matrix.to_owned().into_shape_with_order((rows, columns))?)))
        .collect()
    };
    let mut elements = Vec::with_capacity(shape.iter().product());
    for (a, b) in stack(a)?.iter().zip(&stack(b)?) {
        elements.extend(product(a.view(), b.view()));
    }
    Ok(ArrayD::from_shape_vec(&*shape, elements)?)
}

impl Operator for Product {
    fn name(&self) -> &'static str {
        self.name
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let need = |position| self.slots.need(inputs, position);
        let of = |factor: &Factor| -> TractResult<TVec<TDim>> {
            let mut shape = need(factor.matrix)?.shape.clone();
            if factor.transposed {
                shape.reverse();
            }
            Ok(shape)
        };
        let datum_type = match self.output {
            Some((_, zero)) => self.slots.find(inputs, zero).unwrap_or(need(0)?).datum_type,
            None => f32::datum_type(),
        };
        Ok(tvec!((datum_type, shape(&of(&self.a)?, &of(&self.b)?)?)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let a = self.a.read(&self.slots, inputs, true)?;
        let b = self.b.read(&self.slots, inputs, false)?;
        let mut integers = products(&a.integers, &b.integers)?;
        if let Some(added) = self.added {
            let added = numbers::<i32>(self.slots.need(inputs, added)?)?;
            integers += &stretch(&added, integers.shape(), "C")?;
        }
        let shape = integers.shape().to_vec();
        let (scale_a, scale_b) =
            (stretch(&a.scale, &shape, "a scale")?, stretch(&b.scale, &shape, "a scale")?);
        let scale = Zip::from(scale_a).and(scale_b).map_collect(|a, b| a * b * self.alpha);
        let Some((of_output, zero_of_output)) = self.output else {
            let mut output = integers.mapv(|x| x as f32) * scale;
            if let Some(bias) = self.bias.and_then(|bias| self.slots.find(inputs, bias)) {
                let bias = numbers::<f32>(bias)?;
                output += &stretch(&bias, &shape, "the bias")?;
            }
            return Ok(tvec!(give(output, f32::datum_type())?));
        };
        let given = numbers::<f32>(self.slots.need(inputs, of_output)?)?;
        let given = of_rows(given, true);
        // One factor for all three scales, rounded once, as ONNX Runtime does it.
        let factor = scale / &stretch(&given, &shape, "a scale")?;
        let zero = self.slots.find(inputs, zero_of_output);
        let datum_type = zero.unwrap_or(self.slots.need(inputs, 0)?).datum_type();
        let zero = match zero {
            Some(zero) => of_rows(numbers::<f32>(zero)?, true),
            None => tract_ndarray::arr0(0.0).into_dyn(),
        };
        let output = integers.mapv(|x| x as f32) * factor;
        let one = tract_ndarray::arr0(1.0).into_dyn();
        Ok(tvec!(quantised(output, &one, &zero, datum_type)?))
    }
}
