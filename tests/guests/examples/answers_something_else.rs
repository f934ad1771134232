//! Answers with what it did not promise: `x` chooses between another name,
//! another datatype, another rank, nothing at all, and everything twice.

use outpost_test_guests::{Datatype, answer, guest, values};

guest! {
    infer: |inputs: &[_]| {
        let mut outputs = answer(&[1.0]);
        match values(inputs).first().map(|&x| x as u8) {
            Some(0) => outputs[0].name = "z".into(),
            Some(1) => outputs[0].datatype = Datatype::Int32,
            Some(2) => outputs[0].shape = vec![1, 1],
            Some(3) => outputs.clear(),
            _ => outputs.push(outputs[0].clone()),
        }
        Ok(outputs)
    },
}
