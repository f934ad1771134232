//! Operators that run inner graphs: If, Loop and Scan, each run as often as the
//! values of this request ask for.

use crate::interpret::{Interpreter, Scope};
use std::collections::HashMap;
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{TractErrorContext as _, bail, ensure, format_err};

/// Operators that are here, whether or not tract has them.
pub const OPERATORS: [&str; 3] = ["If", "Loop", "Scan"];

/// How a sequence of a Scan is laid out.
struct Side {
    axis: i64,
    backward: bool,
}

impl Side {
    fn axis(&self, rank: usize) -> TractResult<usize> {
        let axis = if self.axis < 0 { self.axis + rank as i64 } else { self.axis };
        usize::try_from(axis)
            .ok()
            .filter(|axis| *axis < rank)
            .with_context(|| format!("there is no axis {} among {rank}", self.axis))
    }

    /// Those of all sequences that the node takes or gives.
    fn all(node: &NodeProto, what: &str, count: usize) -> TractResult<Vec<Self>> {
        let get = |name: &str| -> TractResult<Vec<i64>> {
            let values = node.get_attr_opt_vec::<i64>(&format!("{what}_{name}"))?;
            Ok(values.unwrap_or_else(|| vec![0; count]))
        };
        let (axes, directions) = (get("axes")?, get("directions")?);
        ensure!(axes.len() == count && directions.len() == count, "it has {count} of {what}");
        let sides = axes.into_iter().zip(directions);
        Ok(sides.map(|(axis, direction)| Side { axis, backward: direction == 1 }).collect())
    }
}

impl Interpreter {
    /// If: the graph of one of two branches.
    pub fn branch(
        &self,
        node: &NodeProto,
        inputs: &[TValue],
        scope: &Scope<'_>,
    ) -> TractResult<TVec<TValue>> {
        let condition = inputs.first().context("it has no condition")?;
        let taken = if truth(condition)? { "then_branch" } else { "else_branch" };
        self.graph(subgraph(node, taken)?, HashMap::new(), scope)
    }

    /// Loop: trip count, condition and carried values, each optional.
    pub fn repeat(&self, node: &NodeProto, scope: &Scope<'_>) -> TractResult<TVec<TValue>> {
        let body = subgraph(node, "body")?;
        let optional = |index: usize| match node.input.get(index) {
            Some(name) if !name.is_empty() => scope.find(name).map(Some),
            _ => Ok(None),
        };
        let limit = match optional(0)? {
            Some(count) => Some(count.cast_to_scalar::<i64>()?),
            None => None,
        };
        let mut go_on = optional(1)?.as_ref().map_or(Ok(true), truth)?;
        let mut carried: TVec<TValue> =
            (node.input.iter().skip(2)).map(|name| scope.find(name)).collect::<TractResult<_>>()?;
        let scanned = body
            .output
            .len()
            .checked_sub(1 + carried.len())
            .context("its body gives fewer values than it carries on")?;
        let mut slices: Vec<Vec<Tensor>> = vec![vec![]; scanned];

        let mut count = 0i64;
        while go_on && limit.is_none_or(|limit| count < limit) {
            let names = body.input.iter().map(|input| input.name.as_str());
            let first = [tensor0(count).into_tvalue(), tensor0(true).into_tvalue()];
            let given = names.zip(first.into_iter().chain(carried.drain(..))).collect();
            let mut results = self.graph(body, given, scope)?.into_iter();
            go_on = truth(&results.next().context("its body gives no condition")?)?;
            let carries = body.output.len() - 1 - scanned;
            carried.extend(results.by_ref().take(carries));
            for (slices, value) in slices.iter_mut().zip(results) {
                let mut slice = value.into_tensor();
                slice.insert_axis(0)?;
                slices.push(slice);
            }
            count += 1;
        }
        for (index, slices) in slices.into_iter().enumerate() {
            carried.push(if slices.is_empty() {
                self.nothing(body, 1 + node.input.len().saturating_sub(2) + index)?
            } else {
                Tensor::stack_tensors(0, &slices)?.into_tvalue()
            });
        }
        Ok(carried)
    }

    /// What a loop that never ran has gathered: no slices of the declared type.
    fn nothing(&self, body: &GraphProto, output: usize) -> TractResult<TValue> {
        use tract_onnx::pb::{tensor_proto::DataType, type_proto::Value};
        let declared = body.output.get(output).and_then(|output| output.r#type.as_ref());
        let Some(Value::TensorType(tensor)) = declared.and_then(|kind| kind.value.as_ref()) else {
            bail!("its body does not declare the type of an output");
        };
        let datum_type = DataType::try_from(tensor.elem_type)
            .map_err(|_| format_err!("its body declares an unknown type"))?
            .try_into()?;
        let rank = tensor.shape.as_ref().map_or(0, |shape| shape.dim.len());
        Ok(Tensor::zero_dt(datum_type, &vec![0; rank + 1])?.into_tvalue())
    }

    /// Scan: carried values, then values that its body gets slice by slice.
    pub fn scan(
        &self,
        node: &NodeProto,
        inputs: TVec<TValue>,
        scope: &Scope<'_>,
    ) -> TractResult<TVec<TValue>> {
        ensure!(self.opset > 8, "a Scan of opset 8, over a batch, is not supported");
        let body = subgraph(node, "body")?;
        let scanned: usize = node.get_attr("num_scan_inputs")?;
        let carries = inputs.len().checked_sub(scanned).context("it has too few inputs")?;
        let gathered = body
            .output
            .len()
            .checked_sub(carries)
            .context("its body gives fewer values than it carries on")?;
        let of_inputs = Side::all(node, "scan_input", scanned)?;
        let of_outputs = Side::all(node, "scan_output", gathered)?;
        let mut carried = inputs;
        let sequences: TVec<TValue> = carried.drain(carries..).collect();
        let mut length = None;
        for (sequence, side) in sequences.iter().zip(&of_inputs) {
            let extent = sequence.shape().get(side.axis(sequence.rank())?).copied();
            ensure!(
                length.is_none_or(|length| Some(length) == extent),
                "its inputs differ in length"
            );
            length = Some(extent.unwrap_or(0));
        }
        let length = length.unwrap_or(0);
        let mut slices: Vec<Vec<Tensor>> = vec![vec![]; gathered];
        for step in 0..length {
            let mut given = carried;
            for (sequence, side) in sequences.iter().zip(&of_inputs) {
                let axis = side.axis(sequence.rank())?;
                let at = if side.backward { length - 1 - step } else { step };
                let mut slice = sequence.slice(axis, at, at + 1)?;
                slice.remove_axis(axis)?;
                given.push(slice.into_tvalue());
            }
            let names = body.input.iter().map(|input| input.name.as_str());
            let mut results = self.graph(body, names.zip(given).collect(), scope)?.into_iter();
            carried = results.by_ref().take(carries).collect();
            for ((slices, value), side) in slices.iter_mut().zip(results).zip(&of_outputs) {
                let mut slice = value.into_tensor();
                slice.insert_axis(side.axis(slice.rank() + 1)?)?;
                slices.push(slice);
            }
        }
        for (index, (mut slices, side)) in slices.into_iter().zip(&of_outputs).enumerate() {
            if side.backward {
                slices.reverse();
            }
            carried.push(match slices.first() {
                None => self.nothing(body, carries + index)?,
                Some(slice) => {
                    let axis = side.axis(slice.rank())?;
                    Tensor::stack_tensors(axis, &slices)?.into_tvalue()
                }
            });
        }
        Ok(carried)
    }
}

fn truth(value: &TValue) -> TractResult<bool> {
    Ok(value.cast_to::<bool>()?.to_plain_array_view::<bool>()?.first().copied().unwrap_or(false))
}

fn subgraph<'a>(node: &'a NodeProto, name: &str) -> TractResult<&'a GraphProto> {
    let attribute = node.attribute.iter().find(|attribute| attribute.name == name);
    attribute
        .and_then(|attribute| attribute.g.as_ref())
        .with_context(|| format!("it has no {name}"))
}
