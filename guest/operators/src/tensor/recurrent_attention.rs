//! The parts of linear attention models: LinearAttention, a recurrence on a
//! state for each head, and CausalConvWithState, the convolution before it.

use super::attention::{heads, packed};
use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{add_scaled, dot, extent, give, joined, numbers, sigmoid, view};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{Array4, Ix1, Ix3, Ix4, s};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct LinearAttention {
    slots: Slots,
    query_heads: usize,
    key_heads: usize,
    /// Zero for the root of the size of keys.
    scale: f32,
    gated: bool,
    delta: bool,
}

pub fn linear_attention(_: &ParsingContext, node: &NodeProto) -> Built {
    let (gated, delta) = match node.get_attr_opt("update_rule")?.unwrap_or("gated_delta") {
        "linear" => (false, false),
        "gated" => (true, false),
        "delta" => (false, true),
        "gated_delta" => (true, true),
        other => bail!("there is no update_rule `{other}`"),
    };
    let (query_heads, key_heads) = (node.get_attr("q_num_heads")?, node.get_attr("kv_num_heads")?);
    ensure!(
        key_heads > 0 && query_heads > 0 && query_heads % key_heads == 0,
        "{query_heads} heads of queries cannot share {key_heads} heads of keys"
    );
    let scale = node.get_attr_opt("scale")?.unwrap_or(0.0);
    built(LinearAttention { slots: Slots::of(node), query_heads, key_heads, scale, gated, delta })
}

impl Operator for LinearAttention {
    fn name(&self) -> &'static str {
        "LinearAttention"
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let (query, value) = (self.slots.need(inputs, 0)?, self.slots.need(inputs, 2)?);
        let (batch, length) = (extent(query, 0)?.clone(), extent(query, 1)?.clone());
        let size = extent(query, 2)?.clone() / self.query_heads;
        let value_size = extent(value, 2)?.clone() / self.key_heads;
        let state = self.slots.find(inputs, 3).unwrap_or(query).datum_type;
        Ok(self.slots.pick([
            (query.datum_type, tvec!(batch.clone(), length, value_size.clone() * self.query_heads)),
            (state, tvec!(batch, self.key_heads.to_dim(), size, value_size)),
        ]))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let given = self.slots.need(inputs, 0)?;
        let split = |position: usize, count: usize| -> TractResult<Array4<f32>> {
            heads(numbers(self.slots.need(inputs, position)?)?, Some(count))
        };
        let query = split(0, self.query_heads)?;
        let (key, value) = (split(1, self.key_heads)?, split(2, self.key_heads)?);
        let decay = self.gated.then(|| split(4, self.key_heads)).transpose()?;
        let rate = if self.delta {
            // One for all heads, or one for each.
            let rate = self.slots.need(inputs, 5)?;
            let shared = rate.shape().last() == Some(&1);
            Some(split(5, if shared { 1 } else { self.key_heads })?)
        } else {
            None
        };
        let (batch, _, length, size) = query.dim();
        let value_size = value.dim().3;
        ensure!(
            key.dim() == (batch, self.key_heads, length, size)
                && value.dim() == (batch, self.key_heads, length, value_size),
            "keys of shape {:?} and values of shape {:?} do not fit queries of shape {:?}",
            key.dim(),
            value.dim(),
            query.dim()
        );
        let fits = |gate: &Option<Array4<f32>>| {
            gate.as_ref().is_none_or(|gate| {
                let (b, _, t, width) = gate.dim();
                (b, t) == (batch, length) && (width == 1 || width == size)
            })
        };
        ensure!(fits(&decay) && fits(&rate), "the decay or the rate does not fit the keys");
        let scale = if self.scale == 0.0 { 1.0 / (size as f32).sqrt() } else { self.scale };
        let group = self.query_heads / self.key_heads;

        let past = self.slots.find(inputs, 3);
        let state_type = past.unwrap_or(given).datum_type();
        let mut states = match past {
            Some(past) => numbers::<f32>(past)?.into_dimensionality::<Ix4>()?,
            None => Array4::zeros((batch, self.key_heads, size, value_size)),
        };
        let shape = (batch, self.key_heads, size, value_size);
        ensure!(states.dim() == shape, "the state is of shape {:?}, not {shape:?}", states.dim());
        let mut output = Array4::<f32>::zeros((batch, self.query_heads, length, value_size));
        let mut written = vec![0f32; value_size];
        for b in 0..batch {
            for h in 0..self.key_heads {
                let mut state = states.slice_mut(s![b, h, .., ..]);
                for t in 0..length {
                    if let Some(decay) = &decay {
                        let decay = decay.slice(s![b, h, t, ..]);
                        for (row, g) in state.outer_iter_mut().zip(decay.iter().cycle()) {
                            let kept = g.exp();
                            row.into_iter().for_each(|x| *x *= kept);
                        }
                    }
                    let key = key.slice(s![b, h, t, ..]);
                    written.iter_mut().zip(value.slice(s![b, h, t, ..])).for_each(|(w, v)| *w = *v);
                    if let Some(rate) = &rate {
                        // What is known of the key already is not written again.
                        for (row, k) in state.outer_iter().zip(key) {
                            add_scaled(&mut written, -k, row.to_slice().unwrap_or_default());
                        }
                        let head = h.min(rate.dim().1.saturating_sub(1));
                        let rate = rate.slice(s![b, head, t, ..]).first().copied().unwrap_or(1.0);
                        written.iter_mut().for_each(|w| *w *= rate);
                    }
                    for (mut row, k) in state.outer_iter_mut().zip(key) {
                        add_scaled(row.as_slice_mut().unwrap_or_default(), *k, &written);
                    }
                    for head in h * group..(h + 1) * group {
                        let mut to = output.slice_mut(s![b, head, t, ..]);
                        let to = to.as_slice_mut().unwrap_or_default();
                        for (row, q) in state.outer_iter().zip(query.slice(s![b, head, t, ..])) {
                            add_scaled(to, scale * q, row.to_slice().unwrap_or_default());
                        }
                    }
                }
            }
        }
        let output = give(packed(output)?, given.datum_type())?;
        Ok(self.slots.pick([output, give(states.into_dyn(), state_type)?]))
    }
}

#[derive(Debug)]
struct CausalConv {
    slots: Slots,
    silu: bool,
}

pub fn causal_conv(_: &ParsingContext, node: &NodeProto) -> Built {
    let silu = match node.get_attr_opt("activation")?.unwrap_or("none") {
        "none" => false,
        "silu" | "swish" => true,
        other => bail!("there is no activation `{other}`"),
    };
    built(CausalConv { slots: Slots::of(node), silu })
}

impl Operator for CausalConv {
    fn name(&self) -> &'static str {
        "CausalConvWithState"
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let (input, weight) = (self.slots.need(inputs, 0)?, self.slots.need(inputs, 1)?);
        let state = extent(weight, 2)?.clone() - 1;
        let state = tvec!(extent(input, 0)?.clone(), extent(input, 1)?.clone(), state);
        Ok(self.slots.pick([(input.datum_type, input.shape.clone()), (input.datum_type, state)]))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let given = self.slots.need(inputs, 0)?;
        let input = numbers::<f32>(given)?.into_dimensionality::<Ix3>()?;
        let weight = numbers::<f32>(self.slots.need(inputs, 1)?)?;
        let weight = view::<f32, Ix3>(&weight, "the kernel")?;
        let (batch, channels, length) = input.dim();
        let (kernels, one, width) = weight.dim();
        ensure!(
            kernels == channels && one == 1 && width > 0,
            "kernels of shape {:?} do not fit {channels} channels",
            weight.dim()
        );
        let bias = self.slots.find(inputs, 2).map(|bias| numbers::<f32>(bias)).transpose()?;
        let bias = bias.map(|bias| bias.into_dimensionality::<Ix1>()).transpose()?;
        ensure!(
            bias.as_ref().is_none_or(|bias| bias.len() == channels),
            "the bias is not of {channels} channels"
        );
        let past = match self.slots.find(inputs, 3) {
            Some(past) => numbers::<f32>(past)?.into_dimensionality::<Ix3>()?,
            None => tract_ndarray::Array3::zeros((batch, channels, width - 1)),
        };
        ensure!(past.dim().2 == width - 1, "the state is not of {} positions", width - 1);
        let all = joined(2, &[past.view(), input.view()])?;
        let mut output = input;
        for (b, mut sequences) in output.outer_iter_mut().enumerate() {
            for (c, mut sequence) in sequences.outer_iter_mut().enumerate() {
                let kernel = weight.slice(s![c, 0, ..]);
                let kernel = kernel.as_slice().context("the kernel is not contiguous")?;
                let seen = all.slice(s![b, c, ..]);
                let seen = seen.as_slice().context("the input is not contiguous")?;
                let bias = bias.as_ref().and_then(|bias| bias.get(c)).copied().unwrap_or(0.0);
                for (to, window) in sequence.iter_mut().zip(seen.windows(width)) {
                    let x = bias + dot(window, kernel);
                    *to = if self.silu { x * sigmoid(x) } else { x };
                }
            }
        }
        let state = all.slice(s![.., .., length..]).to_owned();
        let datum_type = given.datum_type();
        Ok(self
            .slots
            .pick([give(output.into_dyn(), datum_type)?, give(state.into_dyn(), datum_type)?]))
    }
}
