//! f32 products in tiles of 4 rows by 8 columns: eight accumulators, two vectors
//! of the right side and one of the left fit the 16 registers of x86, where
//! tract's own 8 by 8 has sixteen accumulators and spills. Eight independent
//! sums are what it takes to keep two multipliers with a latency of four busy.

use crate::tile::{ROWS, Tile, VECTORS};
use std::arch::wasm32::*;
use tract_data::prelude::{Datum, DatumType};
use tract_linalg::isa::{Arch, IsaSet};
use tract_linalg::mmm::{DynKernel, FusedKerSpec, MatMatMul, Query, Suitable};
use tract_linalg::mmm_routines::MmmRoutine;
use tract_linalg::mmm_tiers::MmmTier;
use tract_linalg::pack::PackedFormat;

const NAME: &str = "outpost_f32_4x8";
const COLUMNS: usize = 4 * VECTORS;
/// Steps of the common dimension in one round: each round costs a look at the
/// clock, as every loop of a guest does.
const UNROLL: usize = 4;

/// # Safety
/// `specs` must be what tract makes: pointers good for a tile, `Done` at the end.
pub unsafe fn kernel(specs: &[FusedKerSpec<f32>]) -> isize {
    let mut tile = Tile::zero();
    for &spec in specs {
        match spec {
            FusedKerSpec::Done => break,
            // SAFETY: the caller's promise.
            FusedKerSpec::AddMatMul { k, pa, pb, .. } => unsafe {
                product(&mut tile, k, pa.cast(), pb.cast());
            },
            // SAFETY: the caller's promise.
            spec => unsafe { tile.apply(spec) },
        }
    }
    0
}

/// `left` holds 4 values for each of the `k` steps, `right` 8.
#[inline(always)]
unsafe fn product(tile: &mut Tile, k: usize, mut left: *const f32, mut right: *const v128) {
    // Copied, so that the accumulators stay in registers.
    let mut sums = tile.0;
    // SAFETY: both sides are packed to `k` steps of a tile's width.
    unsafe {
        for _ in 0..k / UNROLL {
            for step in 0..UNROLL {
                add_step(&mut sums, left.add(step * ROWS), right.add(step * VECTORS));
            }
            left = left.add(UNROLL * ROWS);
            right = right.add(UNROLL * VECTORS);
        }
        for step in 0..k % UNROLL {
            add_step(&mut sums, left.add(step * ROWS), right.add(step * VECTORS));
        }
    }
    tile.0 = sums;
}

#[inline(always)]
unsafe fn add_step(sums: &mut [[v128; VECTORS]; ROWS], left: *const f32, right: *const v128) {
    // SAFETY: one step of both sides.
    unsafe {
        let right = [v128_load(right), v128_load(right.add(1))];
        for (row, sums) in sums.iter_mut().enumerate() {
            let left = v128_load32_splat(left.add(row).cast());
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = f32x4_relaxed_madd(left, right, *sum);
            }
        }
    }
}

fn make() -> Box<dyn MatMatMul> {
    let packed = |width| PackedFormat::new(f32::datum_type(), width, 16);
    let mut kernel =
        DynKernel::<ROWS, COLUMNS, f32>::new(NAME, kernel, packed(ROWS), packed(COLUMNS));
    kernel.arch = Some(Arch::Wasm32Simd128);
    kernel.mmm()
}

/// Products with a matrix on the right; those with a vector are tract's.
fn preferred(
    _: &IsaSet,
    accumulator: DatumType,
    query: &Query,
    _: &[Suitable],
) -> Option<&'static str> {
    (accumulator == DatumType::F32 && query.n != Some(1)).then_some(NAME)
}

inventory::submit! { MmmRoutine { make } }

inventory::submit! {
    MmmTier {
        arch: Some(Arch::Wasm32Simd128),
        // Tract's own tier for this architecture has 1.
        precedence: 2,
        name: "outpost",
        applies: |_| true,
        preferred,
    }
}
