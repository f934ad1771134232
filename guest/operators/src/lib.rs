//! ONNX operators that tract lacks, or has only in part, registered with it.
//!
//! An operator is a file and a line in the table of its family: what it reads
//! from its node, the facts about its outputs, its evaluation. They follow the
//! operators' specifications (onnx.ai/onnx/operators) and, where these are
//! silent, what ONNX Runtime does.

mod amended;
mod keys;
mod ml;
mod operator;
mod quantised;
mod slots;
mod tensor;
mod text;
mod values;
mod windows;

pub use operator::{Builder, Built, Custom, Input, Operator, Output, Unforeseen, built, ours};

use tract_onnx::Onnx;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::TractErrorContext as _;

/// Operators by their names in ONNX.
type Table = &'static [(&'static str, Builder)];

/// What a runtime that runs a model node by node should use in place of tract's.
pub fn direct(name: &str) -> Option<Builder> {
    find(tensor::DIRECT.iter(), name)
}

/// Our implementation of an operator that tract has, but not for all inputs: for
/// a runtime that finds tract's to fail on those of a node.
pub fn fallback(name: &str) -> Option<Builder> {
    find(tensor::FALLBACKS.iter().chain(quantised::FALLBACKS), name)
}

fn find<'a>(
    mut operators: impl Iterator<Item = &'a (&'static str, Builder)>,
    name: &str,
) -> Option<Builder> {
    operators.find(|(known, _)| *known == name).map(|&(_, builder)| builder)
}

/// Teaches tract the operators; they go before its own of the same name.
pub fn register(onnx: &mut Onnx) {
    let tables = [
        ml::OPERATORS,
        text::OPERATORS,
        amended::OPERATORS,
        tensor::OPERATORS,
        quantised::OPERATORS,
    ];
    for table in tables {
        for &(name, builder) in table {
            onnx.op_register.insert(name, builder);
        }
    }
}

/// tract's own operator of a node, where ours is for other nodes of that name.
fn theirs(context: &ParsingContext, node: &NodeProto) -> Built {
    let tract = tract_onnx::onnx();
    let builder = tract.op_register.0.get(&node.op_type).context("tract does not have it")?;
    builder(context, node)
}
