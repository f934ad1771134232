//! Col2Im: adds blocks, given as columns, up to an image.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::values::{decided, extent, extents, give, list, numbers, room, view};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayD, Dimension, Ix3, IxDyn, indices};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Col2Im {
    dilations: Option<Vec<usize>>,
    pads: Option<Vec<usize>>,
    strides: Option<Vec<usize>>,
}

pub fn col2im(_: &ParsingContext, node: &NodeProto) -> Built {
    built(Col2Im {
        dilations: node.get_attr_opt_vec("dilations")?,
        pads: node.get_attr_opt_vec("pads")?,
        strides: node.get_attr_opt_vec("strides")?,
    })
}

impl Operator for Col2Im {
    fn name(&self) -> &'static str {
        "Col2Im"
    }

    fn decisive(&self) -> &[usize] {
        &[1, 2]
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input, image, block] = inputs else { bail!("it takes three inputs") };
        let size: i64 = decided(block)?.iter().product();
        ensure!(size > 0, "the block is empty");
        let outer = [extent(input, 0)?.clone(), extent(input, 1)?.clone() / size];
        let image = decided(image)?;
        Ok(tvec!((
            input.datum_type,
            outer.into_iter().chain(image.iter().map(|extent| extent.to_dim())).collect()
        )))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input, image, block] = inputs else { bail!("it takes three inputs") };
        let (image, block) = (extents(&list::<i64>(image)?)?, extents(&list::<i64>(block)?)?);
        let rank = image.len();
        let each = |values: &Option<Vec<usize>>, count: usize, default: usize| {
            let values = values.clone().unwrap_or_else(|| vec![default; count]);
            ensure!(values.len() == count, "{} values for {rank} axes", values.len());
            Ok(values)
        };
        let (dilations, strides) = (each(&self.dilations, rank, 1)?, each(&self.strides, rank, 1)?);
        let pads = each(&self.pads, 2 * rank, 0)?;
        let (before, after) = pads.split_at(rank);
        ensure!(block.len() == rank, "a block of {} axes does not fit {rank}", block.len());

        // Blocks along each axis.
        let mut counts = Vec::with_capacity(rank);
        for (((&image, &block), (&dilation, &stride)), (&before, &after)) in
            (image.iter().zip(&block))
                .zip(dilations.iter().zip(&strides))
                .zip(before.iter().zip(after))
        {
            let reach = dilation * block.saturating_sub(1) + 1;
            let room = (image + before + after).checked_sub(reach);
            let count = room.and_then(|room| Some(room.checked_div(stride)? + 1));
            counts.push(count.context("a block does not fit the image")?);
        }
        let columns = numbers::<f64>(input)?;
        let columns = view::<f64, Ix3>(&columns, "the input")?;
        let (batch, rows, length) = columns.dim();
        let size: usize = block.iter().product();
        ensure!(
            size > 0 && rows % size == 0 && length == counts.iter().product::<usize>(),
            "columns of shape {:?} are not blocks of {size} at {counts:?} places",
            columns.dim()
        );
        let channels = rows / size;
        let shape = [&[batch, channels], &*image].concat();
        room(&shape)?;
        let mut output = ArrayD::<f64>::zeros(shape);
        for (mut images, columns) in output.outer_iter_mut().zip(columns.outer_iter()) {
            let mut rows = columns.outer_iter();
            for mut image in images.outer_iter_mut() {
                for (inside, row) in indices(IxDyn(&block)).into_iter().zip(rows.by_ref()) {
                    for (place, x) in indices(IxDyn(&counts)).into_iter().zip(row) {
                        let steps =
                            place.slice().iter().zip(&strides).map(|(at, stride)| at * stride);
                        let offsets =
                            inside.slice().iter().zip(&dilations).map(|(at, step)| at * step);
                        // Places in the padding are not found in the image.
                        let at: Option<Vec<usize>> = (steps.zip(offsets).zip(before))
                            .map(|((step, offset), before)| (step + offset).checked_sub(*before))
                            .collect();
                        if let Some(to) = at.and_then(|at| image.get_mut(IxDyn(&at))) {
                            *to += x;
                        }
                    }
                }
            }
        }
        Ok(tvec!(give(output, input.datum_type())?))
    }
}
