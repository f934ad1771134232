//! The yardstick: tract as it comes, compiled for this machine, told the types
//! and shapes of every input beforehand.

use crate::case::{Case, DataSet, Verdict, carry};
use prost::Message;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

pub fn verdict(case: &Case) -> Verdict {
    let sets = match case.data_sets() {
        Ok(sets) => sets,
        Err(why) => return Verdict::Skipped(why),
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        sets.iter().try_for_each(|set| run(case, set).map_err(|error| format!("{error:#}")))
    }));
    match outcome {
        Ok(Ok(())) => Verdict::Passed,
        Ok(Err(why)) => Verdict::Failed(why),
        Err(_) => Verdict::Failed("a panic".into()),
    }
}

fn run(case: &Case, set: &DataSet) -> TractResult<()> {
    let proto = ModelProto::decode(&*case.model)?;
    let mut model = tract_onnx::onnx().model_for_proto_model(&proto)?;
    for (index, input) in set.inputs.iter().enumerate() {
        let fact = InferenceFact::dt_shape(input.datum_type(), input.shape());
        model.set_input_fact(index, fact)?;
    }
    let plan = model.into_optimized()?.into_runnable()?;
    let inputs = set.inputs.iter().map(|input| input.clone().into_tvalue()).collect();
    for (actual, expected) in plan.run(inputs)?.into_iter().zip(&set.outputs) {
        let mut actual = actual.into_tensor();
        if actual.datum_type() == DatumType::TDim {
            actual = actual.cast_to::<i64>()?.into_owned();
        }
        // SAFETY: quantised integers are integers of the same size.
        unsafe { actual.set_datum_type(actual.datum_type().unquantized()) };
        let actual = carry(&actual, "").map_err(TractError::msg)?;
        case.compare(&actual, expected).map_err(TractError::msg)?;
    }
    Ok(())
}
