//! Activations that tract lacks or gets wrong: Swish with a factor, SwiGLU,
//! Celu of half precision.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::values::{give, numbers, sigmoid};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Gate {
    kind: Kind,
    alpha: f32,
}

#[derive(Debug)]
enum Kind {
    Swish,
    SwiGlu,
    Celu,
}

fn gate(node: &NodeProto, kind: Kind) -> Built {
    built(Gate { kind, alpha: node.get_attr_opt("alpha")?.unwrap_or(1.0) })
}

pub fn swish(_: &ParsingContext, node: &NodeProto) -> Built {
    gate(node, Kind::Swish)
}

pub fn swiglu(_: &ParsingContext, node: &NodeProto) -> Built {
    gate(node, Kind::SwiGlu)
}

pub fn celu(_: &ParsingContext, node: &NodeProto) -> Built {
    gate(node, Kind::Celu)
}

impl Operator for Gate {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Swish => "Swish",
            Kind::SwiGlu => "SwiGLU",
            Kind::Celu => "Celu",
        }
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let input = inputs.first().context("it has no input")?;
        Ok(tvec!((input.datum_type, input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let given = inputs.first().context("it has no input")?;
        let alpha = self.alpha;
        let mut output = numbers::<f32>(given)?;
        match self.kind {
            Kind::Celu => {
                output.mapv_inplace(|x| x.max(0.0) + (alpha * (x / alpha).exp_m1()).min(0.0))
            }
            Kind::Swish | Kind::SwiGlu => output.mapv_inplace(|x| x * sigmoid(alpha * x)),
        }
        if let Kind::SwiGlu = self.kind {
            let [_, linear] = inputs else { bail!("it takes two inputs") };
            ensure!(linear.shape() == given.shape(), "its inputs are of different shapes");
            output *= &numbers::<f32>(linear)?;
        }
        Ok(tvec!(give(output, given.datum_type())?))
    }
}
