//! Matrix kernels for WebAssembly's 128-bit SIMD, registered with tract from
//! outside, and sums over vectors. A crate of its own, because it is optimised for
//! speed where the rest of the guest is optimised for size.

#[cfg(target_arch = "wasm32")]
mod f32_4x8;
#[cfg(target_arch = "wasm32")]
mod tile;
mod vectors;

pub use vectors::{dot, square_distance};

/// Makes sure that the linker keeps the kernels, which are reached through a
/// registry only.
#[cfg(target_arch = "wasm32")]
pub fn register() {
    std::hint::black_box(f32_4x8::kernel as *const ());
}
