//! Gemm in any floating-point precision: tract's own multiplies by its factors in
//! single precision only. Halves are multiplied and summed in single precision, as
//! ONNX Runtime does.

use crate::operator::Built;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::internal::*;

#[derive(Clone, Debug, PartialEq)]
struct Gemm {
    alpha: f32,
    beta: f32,
    trans_a: bool,
    trans_b: bool,
}

pub fn gemm(_: &ParsingContext, node: &NodeProto) -> Built {
    let gemm = Gemm {
        alpha: node.get_attr_opt("alpha")?.unwrap_or(1.),
        beta: node.get_attr_opt("beta")?.unwrap_or(1.),
        trans_a: node.get_attr_opt("transA")?.unwrap_or(false),
        trans_b: node.get_attr_opt("transB")?.unwrap_or(false),
    };
    Ok((expand(gemm), vec![]))
}

impl Expansion for Gemm {
    fn name(&self) -> StaticName {
        "Gemm".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([a, b, rest @ ..], [y]) = (inputs, outputs) else {
            bail!("it takes two matrices, and gives one")
        };
        let (rows, depth) = if self.trans_a { (1, 0) } else { (0, 1) };
        let (depth_of_b, columns) = if self.trans_b { (1, 0) } else { (0, 1) };
        for matrix in [a, b, y] {
            solver.equals(&matrix.rank, 2)?;
        }
        for input in [a, b].into_iter().chain(rest) {
            solver.equals(&input.datum_type, &y.datum_type)?;
        }
        solver.equals(&a.shape[rows], &y.shape[0])?;
        solver.equals(&a.shape[depth], &b.shape[depth_of_b])?;
        solver.equals(&b.shape[columns], &y.shape[1])
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let [a, b, rest @ ..] = inputs else { bail!("it takes two matrices") };
        let given = model.outlet_fact(*a)?.datum_type;
        let within = if given == f16::datum_type() { f32::datum_type() } else { given };
        let wide = |model: &mut TypedModel, name: &str, wire: OutletId| match within == given {
            true => TractResult::Ok(wire),
            false => only(model.wire_node(format!("{prefix}.{name}"), cast(within), &[wire])?),
        };
        let factor = |model: &mut TypedModel, name: &str, factor: f32, wire: OutletId| {
            if factor == 1.0 {
                return TractResult::Ok(wire);
            }
            let rank = model.outlet_fact(wire)?.rank();
            let factor =
                tensor0(factor).cast_to_dt(within)?.into_owned().broadcast_into_rank(rank)?;
            let factor = model.add_const(format!("{prefix}.{name}"), factor)?;
            let scaled = format!("{prefix}.times_{name}");
            only(model.wire_node(scaled, math::mul(), &[factor, wire])?)
        };
        let axes = AxesMapping::for_numpy_matmul(2, self.trans_a, self.trans_b, false)?;
        let product = [wide(model, "a", *a)?, wide(model, "b", *b)?];
        let product =
            only(model.wire_node(format!("{prefix}.ab"), EinSum::new(axes, within), &product)?)?;
        let mut sum = factor(model, "alpha", self.alpha, product)?;
        if let (Some(&c), true) = (rest.first(), self.beta != 0.0) {
            let mut c = wide(model, "c", c)?;
            for axis in model.outlet_fact(c)?.rank()..2 {
                let name = format!("{prefix}.c_axis_{axis}");
                c = only(model.wire_node(name, AxisOp::Add(0), &[c])?)?;
            }
            let c = factor(model, "beta", self.beta, c)?;
            sum = only(model.wire_node(format!("{prefix}.sum"), math::add(), &[sum, c])?)?;
        }
        if within != given {
            return model.wire_node(format!("{prefix}.narrow"), cast(given), &[sum]);
        }
        Ok(tvec!(sum))
    }
}

/// The output of a node that has one.
fn only(wires: TVec<OutletId>) -> TractResult<OutletId> {
    wires.first().copied().context("a node has no output")
}
