//! Flatten, of shapes with several open extents: tract's own takes one.

use crate::operator::Built;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Flatten {
    axis: i64,
}

pub fn flatten(_: &ParsingContext, node: &NodeProto) -> Built {
    let axis = node.get_attr_opt("axis")?.unwrap_or(1);
    Ok((expand(Flatten { axis }), vec![]))
}

impl Flatten {
    /// The extents before and after the axis.
    fn split<'a>(&self, shape: &'a [TDim]) -> TractResult<(&'a [TDim], &'a [TDim])> {
        let rank = i64::try_from(shape.len())?;
        let axis = if self.axis < 0 { self.axis + rank } else { self.axis };
        let parts = usize::try_from(axis).ok().and_then(|axis| shape.split_at_checked(axis));
        parts.with_context(|| format!("its input of {rank} dimensions has no axis {}", self.axis))
    }
}

impl Expansion for Flatten {
    fn name(&self) -> StaticName {
        "Flatten".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        let ([input], [output]) = (inputs, outputs) else { bail!("it takes one input") };
        solver.equals(&output.datum_type, &input.datum_type)?;
        solver.given(&input.shape, move |solver, shape| {
            let (before, after) = self.split(&shape)?;
            let flat = [before, after].into_iter().map(|part| part.iter().cloned().product());
            solver.equals(&output.shape, flat.collect::<TVec<TDim>>())
        })
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let [input] = inputs else { bail!("it takes one input") };
        let shape = model.outlet_fact(*input)?.shape.to_tvec();
        let (before, after) = self.split(&shape)?;
        let mut wire = tvec!(*input);
        // From the end, so that positions before it hold.
        for (name, at, part) in [("columns", before.len(), after), ("rows", 0, before)] {
            if part.len() != 1 {
                let flat = tvec!(part.iter().cloned().product());
                let op = AxisOp::Reshape(at, part.into(), flat);
                wire = model.wire_node(format!("{prefix}.{name}"), op, &wire)?;
            }
        }
        Ok(wire)
    }
}
