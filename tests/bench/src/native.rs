//! The same model in tract, compiled for this machine, on one thread.

use crate::measure::{DEADLINE, Row, seconds};
use crate::module::Workshop;
use crate::stopwatch;
use outpost_core::{Datatype, Tensor as Sample};
use std::hint::black_box;
use tract_onnx::prelude::*;

pub fn row(workshop: &Workshop, name: &str) -> Row {
    let module = workshop.load(name);
    let inputs = workshop.sample(name);
    let mut instance = module.instantiate().unwrap();
    let mut state = native(workshop, name, &inputs);
    let values: TVec<TValue> = inputs.iter().map(|input| tensor(input).into_tvalue()).collect();
    let (guest, native) = stopwatch::in_turns(
        || drop(black_box(instance.infer(&inputs, DEADLINE).unwrap())),
        || drop(black_box(state.run(values.clone()).unwrap())),
    );
    Row {
        what: format!("{name}: warm instance"),
        measured: seconds(guest),
        yardstick: format!("{} native tract", seconds(native)),
        ratio: format!("{:.2}", guest / native),
        bar: "≤ 3.5 ×".into(),
    }
}

/// Optimised with a symbolic batch, as the guest does it.
fn native(workshop: &Workshop, name: &str, inputs: &[Sample]) -> TypedSimpleState {
    let mut model = tract_onnx::onnx().model_for_path(workshop.onnx(name)).unwrap();
    let batch = model.symbols.sym("batch");
    for (index, input) in inputs.iter().enumerate() {
        let free = name == "denoise";
        let shape: TVec<TDim> = (input.shape.iter().enumerate())
            .map(|(axis, &extent)| match axis {
                0 => batch.to_dim(),
                1 | 2 if free => model.symbols.sym(&format!("axis_{axis}")).to_dim(),
                _ => (extent as i64).to_dim(),
            })
            .collect();
        let fact = InferenceFact::dt_shape(datum_type(input.datatype), shape);
        model.set_input_fact(index, fact).unwrap();
    }
    model.into_optimized().unwrap().into_runnable().unwrap().spawn().unwrap()
}

fn datum_type(datatype: Datatype) -> DatumType {
    match datatype {
        Datatype::Fp32 => DatumType::F32,
        Datatype::Uint8 => DatumType::U8,
        other => panic!("no bench model takes {other}"),
    }
}

fn tensor(sample: &Sample) -> Tensor {
    let shape: Vec<usize> = sample.shape.iter().map(|&extent| extent as usize).collect();
    // SAFETY: any bits are valid numbers of these types.
    unsafe { Tensor::from_raw_dt(datum_type(sample.datatype), &shape, &sample.data) }.unwrap()
}
