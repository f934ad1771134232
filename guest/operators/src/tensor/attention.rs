//! Attention of opset 23 and later: scaled dot products of queries and keys,
//! masked, through a softmax, as weights of values; with a cache of keys and
//! values that it grows or that others keep.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{add_scaled, dot, extent, give, joined, list, numbers, stretch};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{
    Array4, ArrayD, ArrayView1, ArrayViewD, ArrayViewMut1, Axis, Ix4, s,
};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Attention {
    slots: Slots,
    /// Heads of queries and of keys, where inputs pack them in the last dimension.
    query_heads: Option<usize>,
    key_heads: Option<usize>,
    scale: Option<f32>,
    softcap: f32,
    window: Window,
    /// What the fourth output is.
    shown: Shown,
    /// Type of the softmax, where it is not that of the inputs.
    precision: Option<DatumType>,
}

/// Keys that a query sees besides the one at its own place: to the left and to
/// the right as far as a bound, or all where it is negative.
#[derive(Debug)]
struct Window {
    causal: bool,
    left: i64,
    right: i64,
}

impl Window {
    fn sees(&self, query: i64, key: i64) -> bool {
        (!self.causal || key <= query)
            && (self.left < 0 || query - key <= self.left)
            && (self.right < 0 || key - query <= self.right)
    }
}

/// A step whose result is an output.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    Products,
    Capped,
    Masked,
    Weights,
}

pub fn attention(_: &ParsingContext, node: &NodeProto) -> Built {
    let shown = match node.get_attr_opt::<i64>("qk_matmul_output_mode")?.unwrap_or(0) {
        0 => Shown::Products,
        1 => Shown::Capped,
        2 => Shown::Masked,
        3 => Shown::Weights,
        other => bail!("there is no qk_matmul_output_mode {other}"),
    };
    built(Attention {
        slots: Slots::of(node),
        query_heads: node.get_attr_opt("q_num_heads")?,
        key_heads: node.get_attr_opt("kv_num_heads")?,
        scale: node.get_attr_opt("scale")?,
        softcap: node.get_attr_opt("softcap")?.unwrap_or(0.0),
        window: Window {
            causal: node.get_attr_opt::<i64>("is_causal")? == Some(1),
            left: node.get_attr_opt("left_window_size")?.unwrap_or(-1),
            right: node.get_attr_opt("right_window_size")?.unwrap_or(-1),
        },
        shown,
        precision: node.get_attr_opt("softmax_precision")?,
    })
}

/// What a type makes of a result: `f16` rounds after each step.
type Round = fn(f32) -> f32;

fn round_as(datum_type: DatumType) -> Round {
    if datum_type == DatumType::F16 { |x| f16::from_f32(x).to_f32() } else { |x| x }
}

/// Batch, heads, sequence, size; packed inputs have heads and size in one.
pub fn heads(packed: ArrayD<f32>, heads: Option<usize>) -> TractResult<Array4<f32>> {
    if packed.ndim() == 4 {
        return Ok(packed.into_dimensionality::<Ix4>()?);
    }
    let &[batch, length, hidden] = packed.shape() else {
        bail!("an input has {} dimensions instead of 3 or 4", packed.ndim())
    };
    let heads = heads.context("it needs the number of heads for inputs of 3 dimensions")?;
    ensure!(heads > 0 && hidden % heads == 0, "{hidden} columns are not of {heads} heads");
    let split = packed.into_shape_with_order((batch, length, heads, hidden / heads))?;
    Ok(split.permuted_axes([0, 2, 1, 3]).as_standard_layout().into_owned())
}

/// The inverse of [`heads`] for three dimensions.
pub fn packed(array: Array4<f32>) -> TractResult<ArrayD<f32>> {
    let (batch, heads, length, size) = array.dim();
    let swapped = array.permuted_axes([0, 2, 1, 3]).as_standard_layout().into_owned();
    Ok(swapped.into_shape_with_order(vec![batch, length, heads * size])?)
}

/// What a mask adds to scores of all keys: nothing, or so much that the key
/// counts for nothing. Keys that it does not reach are masked.
fn additive(mask: &Tensor, keys: usize) -> TractResult<ArrayD<f32>> {
    let mut array = numbers::<f32>(mask)?;
    if mask.datum_type() == DatumType::Bool {
        array.mapv_inplace(|seen| if seen == 0.0 { f32::NEG_INFINITY } else { 0.0 });
    }
    let Some(last) = array.ndim().checked_sub(1) else { return Ok(array) };
    let reached = array.len_of(Axis(last));
    if reached < keys && reached != 1 {
        let mut shape = array.shape().to_vec();
        shape.pop();
        shape.push(keys - reached);
        let unseen = ArrayD::from_elem(shape, f32::NEG_INFINITY);
        array = joined(last, &[array.view(), unseen.view()])?;
    }
    Ok(array)
}

/// Softmax of a row; a row that is masked altogether has no weights.
pub fn softmax(row: &mut [f32], round: Round) {
    let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let highest = if highest == f32::NEG_INFINITY { 0.0 } else { highest };
    let mut sum = 0.0;
    for x in &mut *row {
        *x = round(round(*x - highest).exp());
        sum += *x;
    }
    let sum = if sum == 0.0 { 1.0 } else { round(sum) };
    for x in row {
        *x = round(*x / sum);
    }
}

/// Shows a step of a row, where it is the one that the node asks for.
fn show(shown: &mut Option<ArrayViewMut1<'_, f32>>, row: &[f32]) {
    if let Some(shown) = shown {
        shown.iter_mut().zip(row).for_each(|(shown, x)| *shown = *x);
    }
}

impl Attention {
    /// Keys or values, after those of the past.
    fn grown(&self, inputs: &[TValue], current: usize, past: usize) -> TractResult<Array4<f32>> {
        let current = heads(numbers(self.slots.need(inputs, current)?)?, self.key_heads)?;
        let Some(past) = self.slots.find(inputs, past) else { return Ok(current) };
        let past = numbers::<f32>(past)?.into_dimensionality::<Ix4>()?;
        joined(2, &[past.view(), current.view()])
    }

    /// Turns products of a query and its keys into weights.
    fn weigh(
        &self,
        row: &mut [f32],
        bias: &[f32],
        rounds: (Round, Round),
        mut shown: Option<ArrayViewMut1<'_, f32>>,
    ) {
        let (round, round_softmax) = rounds;
        let mut step = |step: Shown, row: &[f32]| {
            if step == self.shown {
                show(&mut shown, row);
            }
        };
        step(Shown::Products, row);
        if self.softcap > 0.0 {
            row.iter_mut().for_each(|x| *x = round((*x / self.softcap).tanh() * self.softcap));
        }
        step(Shown::Capped, row);
        row.iter_mut().zip(bias).for_each(|(x, bias)| *x = round(*x + bias));
        step(Shown::Masked, row);
        if bias.iter().all(|bias| *bias == f32::NEG_INFINITY) {
            row.fill(0.0);
        } else {
            softmax(row, round_softmax);
        }
        step(Shown::Weights, row);
    }
}

impl Operator for Attention {
    fn name(&self) -> &'static str {
        "Attention"
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let need = |position| self.slots.need(inputs, position);
        let (query, key, value) = (need(0)?, need(1)?, need(2)?);
        let four = query.shape.len() == 4;
        let split = |input: &Input, heads: Option<usize>| -> TractResult<(TDim, TDim, TDim)> {
            let at = |axis| extent(input, axis).cloned();
            if four {
                return Ok((at(1)?, at(2)?, at(3)?));
            }
            let heads = heads.context("it needs the number of heads for inputs of 3 dimensions")?;
            ensure!(heads > 0, "it has no heads");
            Ok((heads.to_dim(), at(1)?, at(2)? / heads))
        };
        let batch = extent(query, 0)?.clone();
        let (query_heads, length, _) = split(query, self.query_heads)?;
        let (key_heads, mut keys, size) = split(key, self.key_heads)?;
        let (_, _, value_size) = split(value, self.key_heads)?;
        if let Some(past) = self.slots.find(inputs, 4) {
            keys += extent(past, 2)?.clone();
        }
        let output: TVec<TDim> = if four {
            tvec!(batch.clone(), query_heads.clone(), length.clone(), value_size.clone())
        } else {
            tvec!(batch.clone(), length.clone(), query_heads.clone() * &value_size)
        };
        Ok(self.slots.pick([
            (query.datum_type, output),
            (key.datum_type, tvec!(batch.clone(), key_heads.clone(), keys.clone(), size)),
            (value.datum_type, tvec!(batch.clone(), key_heads, keys.clone(), value_size)),
            (query.datum_type, tvec!(batch, query_heads, length, keys)),
        ]))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let given = self.slots.need(inputs, 0)?;
        let [of_query, of_key, of_value] = [0, 1, 2].map(|input| {
            self.slots.need(inputs, input).map_or(given.datum_type(), |x| x.datum_type())
        });
        let query = heads(numbers(given)?, self.query_heads)?;
        let (key, value) = (self.grown(inputs, 1, 4)?, self.grown(inputs, 2, 5)?);
        let (batch, query_heads, length, size) = query.dim();
        let (key_heads, keys, value_size) = (key.dim().1, key.dim().2, value.dim().3);
        ensure!(
            key_heads > 0 && query_heads % key_heads == 0,
            "{query_heads} heads of queries cannot share {key_heads} heads of keys"
        );
        ensure!(
            key.dim() == (batch, key_heads, keys, size)
                && value.dim() == (batch, key_heads, keys, value_size),
            "keys of shape {:?} and values of shape {:?} do not fit queries of shape {:?}",
            key.dim(),
            value.dim(),
            query.dim()
        );
        let group = query_heads / key_heads;
        // A cache that others keep says how much of it is filled.
        let filled = self.slots.find(inputs, 6).map(|filled| list::<i64>(filled)).transpose()?;
        let past = self.slots.find(inputs, 4).and_then(|past| past.shape().get(2)).copied();
        let scores = [batch, query_heads, length, keys];
        let mask = self.slots.find(inputs, 3).map(|mask| additive(mask, keys)).transpose()?;
        let mask: Option<ArrayViewD<'_, f32>> =
            mask.as_ref().map(|mask| stretch(mask, &scores, "the mask")).transpose()?;
        let mask = mask.map(|mask| mask.into_dimensionality::<Ix4>()).transpose()?;

        let round = round_as(of_query);
        let rounds = (round, self.precision.map_or(round, round_as));
        let scale = self.scale.unwrap_or_else(|| 1.0 / (size as f32).sqrt());
        // Both factors are scaled by its root, as their product might overflow.
        let root = round(scale.sqrt());
        let query = query.mapv_into(|x| round(x * root));
        let scaled = key.mapv(|x| round(x * root));
        let mut output = Array4::<f32>::zeros((batch, query_heads, length, value_size));
        let mut shown = self.slots.wants(3).then(|| Array4::<f32>::zeros(scores));
        let (mut row, mut bias, mut sum) =
            (vec![0f32; keys], vec![0f32; keys], vec![0f32; value_size]);
        for (b, query) in query.outer_iter().enumerate() {
            let filled = filled.as_ref().map(|filled| filled.get(b).copied().unwrap_or(0));
            let offset = match (past, filled) {
                (Some(past), _) => past as i64,
                (None, Some(filled)) => filled - length as i64,
                (None, None) => 0,
            };
            for (h, query) in query.outer_iter().enumerate() {
                let keys = scaled.slice(s![b, h / group, .., ..]);
                let values = value.slice(s![b, h / group, .., ..]);
                for (i, query) in query.outer_iter().enumerate() {
                    let given: Option<ArrayView1<'_, f32>> =
                        mask.as_ref().map(|mask| mask.slice(s![b, h, i, ..]));
                    for (j, bias) in bias.iter_mut().enumerate() {
                        let seen = self.window.sees(i as i64 + offset, j as i64)
                            && filled.is_none_or(|filled| (j as i64) < filled);
                        let given = given.as_ref().and_then(|given| given.get(j)).copied();
                        *bias = if seen { given.unwrap_or(0.0) } else { f32::NEG_INFINITY };
                    }
                    let query = query.to_slice().unwrap_or_default();
                    for (product, key) in row.iter_mut().zip(keys.outer_iter()) {
                        *product = round(dot(query, key.to_slice().unwrap_or_default()));
                    }
                    let shown = shown.as_mut().map(|shown| shown.slice_mut(s![b, h, i, ..]));
                    self.weigh(&mut row, &bias, rounds, shown);
                    sum.fill(0.0);
                    for (weight, value) in row.iter().zip(values.outer_iter()) {
                        add_scaled(&mut sum, round(*weight), value.to_slice().unwrap_or_default());
                    }
                    let to = output.slice_mut(s![b, h, i, ..]);
                    to.into_iter().zip(&sum).for_each(|(to, x)| *to = *x);
                }
            }
        }
        let output = if given.rank() == 4 { output.into_dyn() } else { packed(output)? };
        let mut outputs = tvec!();
        for (index, (array, datum_type)) in [
            (Some(output), of_query),
            (Some(key.into_dyn()), of_key),
            (Some(value.into_dyn()), of_value),
            (shown.map(|shown| shown.into_dyn()), of_query),
        ]
        .into_iter()
        .enumerate()
        {
            if let Some(array) = array.filter(|_| self.slots.wants(index)) {
                outputs.push(give(array, datum_type)?);
            }
        }
        Ok(outputs)
    }
}
