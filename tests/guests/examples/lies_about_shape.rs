//! Claims a thousand elements and gives one.

use outpost_test_guests::{answer, guest};

guest! {
    infer: |_: &[_]| {
        let mut outputs = answer(&[1.0]);
        outputs[0].shape = vec![1000];
        Ok(outputs)
    },
}
