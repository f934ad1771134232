//! ReduceLogSumExp with the greatest element taken out of the sum, without which
//! exponentials of log-likelihoods are infinite or zero.

use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct ReduceLogSumExp {
    /// Where they are an attribute; else they are an input, if there is one.
    axes: Option<Vec<i64>>,
    keep: bool,
    /// No axes are none, instead of all.
    none: bool,
}

pub fn reduce_log_sum_exp(_: &ParsingContext, node: &NodeProto) -> Built {
    let flag = |name: &str| node.get_attr_opt::<i64>(name);
    built(ReduceLogSumExp {
        axes: node.get_attr_opt_vec("axes")?,
        keep: flag("keepdims")?.unwrap_or(1) != 0,
        none: flag("noop_with_empty_axes")?.unwrap_or(0) != 0,
    })
}

impl ReduceLogSumExp {
    /// The axes, from the last to the first.
    fn axes(&self, rank: usize, input: Option<&Tensor>) -> TractResult<Vec<usize>> {
        let given = match (&self.axes, input) {
            (Some(axes), _) => axes.clone(),
            (None, Some(input)) => {
                input.cast_to::<i64>()?.try_as_plain_ram()?.as_slice::<i64>()?.to_vec()
            }
            (None, None) => vec![],
        };
        let mut axes = vec![];
        for axis in given {
            let counted = if axis < 0 { axis + i64::try_from(rank)? } else { axis };
            let counted = usize::try_from(counted).ok().filter(|axis| *axis < rank);
            axes.push(counted.with_context(|| format!("its input has no axis {axis}"))?);
        }
        if axes.is_empty() && !self.none {
            axes = (0..rank).collect();
        }
        axes.sort_unstable_by(|a, b| b.cmp(a));
        axes.dedup();
        Ok(axes)
    }
}

impl Operator for ReduceLogSumExp {
    fn name(&self) -> &'static str {
        "ReduceLogSumExp"
    }

    fn decisive(&self) -> &[usize] {
        if self.axes.is_none() { &[1] } else { &[] }
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let Some((input, rest)) = inputs.split_first() else { bail!("it has no input") };
        let axes = rest.first().map(Input::value).transpose()?;
        let mut shape = input.shape.clone();
        for axis in self.axes(shape.len(), axes.map(|axes| &**axes))? {
            shape.remove(axis);
            if self.keep {
                shape.insert(axis, 1.to_dim());
            }
        }
        Ok(tvec!((input.datum_type, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let Some((input, rest)) = inputs.split_first() else { bail!("it has no input") };
        let mut reduced = input.cast_to::<f64>()?.to_plain_array_view::<f64>()?.to_owned();
        for axis in self.axes(input.rank(), rest.first().map(|axes| &**axes))? {
            let axis = tract_ndarray::Axis(axis);
            reduced = reduced.map_axis(axis, |lane| {
                let max = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let max = if max.is_finite() { max } else { 0.0 };
                lane.iter().map(|x| (x - max).exp()).sum::<f64>().ln() + max
            });
            if self.keep {
                reduced.insert_axis_inplace(axis);
            }
        }
        let reduced = reduced.into_tensor();
        Ok(tvec!(reduced.cast_to_dt(input.datum_type())?.into_owned().into_tvalue()))
    }
}
