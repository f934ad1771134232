//! The good neighbour: twice the input.

use outpost_test_guests::{answer, guest, values};

guest! {
    infer: |inputs: &[_]| Ok(answer(&values(inputs).iter().map(|x| 2.0 * x).collect::<Vec<_>>())),
}
