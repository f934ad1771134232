//! QuantizeLinear and DequantizeLinear with every option, for what tract's
//! cannot do: scales that the model computes, in blocks, of half precision, and
//! integers of 16 bits.

use super::scheme::{dequantised, quantised, spread};
use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::theirs;
use crate::values::{give, numbers};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Linear {
    slots: Slots,
    quantise: bool,
    axis: i64,
    /// Elements along the axis that share a scale; zero for all or one.
    block: usize,
    datum_type: Option<DatumType>,
}

fn any(node: &NodeProto, quantise: bool) -> Built {
    built(Linear {
        slots: Slots::of(node),
        quantise,
        axis: node.get_attr_opt("axis")?.unwrap_or(1),
        block: node.get_attr_opt("block_size")?.unwrap_or(0),
        datum_type: match node.get_attr_opt::<i64>("output_dtype")? {
            None | Some(0) => None,
            Some(_) => node.get_attr_opt("output_dtype")?,
        },
    })
}

/// Ours for all inputs.
pub fn any_quantize(_: &ParsingContext, node: &NodeProto) -> Built {
    any(node, true)
}

/// Ours for all inputs.
pub fn any_dequantize(_: &ParsingContext, node: &NodeProto) -> Built {
    any(node, false)
}

/// A weight of the model; `None` for what it computes.
fn weight<'a>(context: &ParsingContext<'a>, name: &str) -> Option<&'a TensorProto> {
    let graphs = context.parent_graphs.iter().rev();
    graphs.flat_map(|graph| &graph.initializer).find(|tensor| tensor.name == name)
}

/// Whether tract can do it: constant scales of single precision for bytes.
fn plain(context: &ParsingContext, node: &NodeProto) -> TractResult<bool> {
    let attribute = |name: &str| node.get_attr_opt::<i64>(name).map(|value| value.unwrap_or(0));
    if attribute("block_size")? != 0 || attribute("output_dtype")? != 0 {
        return Ok(false);
    }
    let is = |position: usize, types: &[DataType]| {
        let name = node.input.get(position).filter(|name| !name.is_empty());
        name.is_none_or(|name| {
            let weight = weight(context, name);
            weight.is_some_and(|weight| types.iter().any(|of| *of as i32 == weight.data_type))
        })
    };
    Ok(is(1, &[DataType::Float]) && is(2, &[DataType::Uint8, DataType::Int8, DataType::Int32]))
}

pub fn quantize(context: &ParsingContext, node: &NodeProto) -> Built {
    if plain(context, node)? { theirs(context, node) } else { any_quantize(context, node) }
}

pub fn dequantize(context: &ParsingContext, node: &NodeProto) -> Built {
    if plain(context, node)? { theirs(context, node) } else { any_dequantize(context, node) }
}

impl Operator for Linear {
    fn name(&self) -> &'static str {
        if self.quantise { "QuantizeLinear" } else { "DequantizeLinear" }
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let (input, scale) = (self.slots.need(inputs, 0)?, self.slots.need(inputs, 1)?);
        let zero = self.slots.find(inputs, 2).map(|zero| zero.datum_type);
        let default = if self.quantise { zero.unwrap_or(DatumType::U8) } else { scale.datum_type };
        Ok(tvec!((self.datum_type.unwrap_or(default), input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let (input, given) = (self.slots.need(inputs, 0)?, self.slots.need(inputs, 1)?);
        let shape = input.shape();
        let scale = spread(given, shape, self.axis, self.block)?;
        let zero = self.slots.find(inputs, 2);
        let spread_zero = match zero {
            Some(zero) => spread(zero, shape, self.axis, self.block)?,
            None => tract_ndarray::arr0(0.0).into_dyn(),
        };
        let array = numbers::<f32>(input)?;
        let output = if self.quantise {
            let zero = zero.map_or(DatumType::U8, |zero| zero.datum_type());
            quantised(array, &scale, &spread_zero, self.datum_type.unwrap_or(zero))?
        } else {
            let datum_type = self.datum_type.unwrap_or(given.datum_type());
            give(dequantised(array, &scale, &spread_zero)?, datum_type)?
        };
        Ok(tvec!(output))
    }
}
