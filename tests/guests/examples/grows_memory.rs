//! Grows its memory until it is refused, takes no for an answer, and tells how
//! many pages it has.

use outpost_test_guests::{answer, guest};

#[cfg(target_family = "wasm")]
fn grow() -> usize {
    use core::arch::wasm32::{memory_grow, memory_size};
    while memory_grow(0, 16) != usize::MAX {}
    memory_size(0)
}

#[cfg(not(target_family = "wasm"))]
fn grow() -> usize {
    0
}

guest! {
    infer: |_: &[_]| Ok(answer(&[grow() as f32])),
}
