//! Calls itself until the stack is gone.

use outpost_test_guests::{answer, guest};

#[allow(unconditional_recursion)]
fn deeper(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    deeper(depth + 1) + frame[3]
}

guest! {
    infer: |_: &[_]| Ok(answer(&[deeper(0) as f32])),
}
