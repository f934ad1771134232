//! The accumulators of a kernel, and every operation that tract fuses to a
//! matrix product except the product itself. None of these is hot: they run
//! once for a tile, the product once for each element of the common dimension.

use std::arch::wasm32::*;
use tract_linalg::Scaler;
use tract_linalg::mmm::{FusedKerSpec, OutputStoreKer};

/// Rows of a tile.
pub const ROWS: usize = 4;
/// Vectors of four columns each in a row.
pub const VECTORS: usize = 2;

/// Four rows of eight columns.
pub struct Tile(pub [[v128; VECTORS]; ROWS]);

impl Tile {
    pub fn zero() -> Self {
        Tile([[f32x4_splat(0.0); VECTORS]; ROWS])
    }

    #[inline(always)]
    fn each(&mut self, change: impl Fn(v128, usize, usize) -> v128) {
        for (row, vectors) in self.0.iter_mut().enumerate() {
            for (vector, value) in vectors.iter_mut().enumerate() {
                *value = change(*value, row, vector);
            }
        }
    }

    /// Combines with one value for all.
    #[inline(always)]
    fn scalar(&mut self, value: f32, combine: impl Fn(v128, v128) -> v128) {
        let value = f32x4_splat(value);
        self.each(|tile, _, _| combine(value, tile));
    }

    /// Combines with a value for each row.
    #[inline(always)]
    unsafe fn rows(&mut self, rows: *const f32, combine: impl Fn(v128, v128) -> v128) {
        // SAFETY: tract passes a value for each row of the tile.
        self.each(|tile, row, _| combine(f32x4_splat(unsafe { *rows.add(row) }), tile));
    }

    /// Combines with a value for each column.
    #[inline(always)]
    unsafe fn columns(&mut self, columns: *const f32, combine: impl Fn(v128, v128) -> v128) {
        let columns = columns.cast::<v128>();
        // SAFETY: tract passes a value for each column of the tile.
        self.each(|tile, _, vector| combine(unsafe { v128_load(columns.add(vector)) }, tile));
    }

    /// Does what `spec` asks for, unless it is a product or the end.
    ///
    /// # Safety
    /// The pointers in `spec` must be good for a whole tile, as tract makes them.
    pub unsafe fn apply(&mut self, spec: FusedKerSpec<f32>) {
        use FusedKerSpec as Spec;
        // Intrinsics need a target feature, so they are no function values.
        let min = |value, tile| f32x4_min(value, tile);
        let max = |value, tile| f32x4_max(value, tile);
        let add = |value, tile| f32x4_add(value, tile);
        let mul = |value, tile| f32x4_mul(value, tile);
        let sub = |value, tile| f32x4_sub(value, tile);
        let flipped = |value, tile| f32x4_sub(tile, value);
        // SAFETY: the caller's promise.
        unsafe {
            match spec {
                Spec::Done | Spec::AddMatMul { .. } => {}
                Spec::Clear => *self = Tile::zero(),
                Spec::LoadTile(_, rows) => {
                    let rows = rows.cast::<v128>();
                    self.each(|_, row, vector| v128_load(rows.add(row * VECTORS + vector)));
                }
                Spec::ScalarMin(value) => self.scalar(value, min),
                Spec::ScalarMax(value) => self.scalar(value, max),
                Spec::ScalarAdd(value) => self.scalar(value, add),
                Spec::ScalarMul(value) => self.scalar(value, mul),
                Spec::ScalarSub(value) => self.scalar(value, sub),
                Spec::ScalarSubF(value) => self.scalar(value, flipped),
                Spec::LeakyRelu(slope) => self.scalar(slope, |slope, tile| {
                    let positive = f32x4_gt(tile, f32x4_splat(0.0));
                    v128_bitselect(tile, f32x4_mul(slope, tile), positive)
                }),
                Spec::PerRowMin(rows) => self.rows(rows, min),
                Spec::PerRowMax(rows) => self.rows(rows, max),
                Spec::PerRowAdd(rows) => self.rows(rows, add),
                Spec::PerRowMul(rows) => self.rows(rows, mul),
                Spec::PerRowSub(rows) => self.rows(rows, sub),
                Spec::PerRowSubF(rows) => self.rows(rows, flipped),
                Spec::PerColMin(columns) => self.columns(columns, min),
                Spec::PerColMax(columns) => self.columns(columns, max),
                Spec::PerColAdd(columns) => self.columns(columns, add),
                Spec::PerColMul(columns) => self.columns(columns, mul),
                Spec::PerColSub(columns) => self.columns(columns, sub),
                Spec::PerColSubF(columns) => self.columns(columns, flipped),
                Spec::QScale(shift, policy, multiplier) => {
                    let scale = Scaler::from_fuse_params(shift, policy, multiplier).scale;
                    self.scalar(scale, mul);
                }
                Spec::RoundingShiftRight(shift, _) => {
                    self.scalar(2_f32.powi(-(shift as i32)), mul);
                }
                Spec::ShiftLeft(shift) => self.scalar(2_f32.powi(shift as i32), mul),
                Spec::AddRowColProducts(rows, columns) => {
                    let columns = columns.cast::<v128>();
                    self.each(|tile, row, vector| {
                        let row = f32x4_splat(*rows.add(row));
                        f32x4_relaxed_madd(row, v128_load(columns.add(vector)), tile)
                    });
                }
                Spec::AddUnicast(other) => self.each(|tile, row, vector| {
                    let at = |lane| *element(&other, row, vector * 4 + lane);
                    f32x4_add(tile, f32x4(at(0), at(1), at(2), at(3)))
                }),
                Spec::Store(output) => self.store(&output),
            }
        }
    }

    unsafe fn store(&self, output: &OutputStoreKer) {
        for (row, vectors) in self.0.iter().enumerate() {
            for (vector, &value) in vectors.iter().enumerate() {
                let column = vector * 4;
                // SAFETY: tract passes room for the whole tile.
                unsafe {
                    if output.col_byte_stride == size_of::<f32>() as isize {
                        v128_store(element(output, row, column).cast(), value);
                        continue;
                    }
                    *element(output, row, column) = f32x4_extract_lane::<0>(value);
                    *element(output, row, column + 1) = f32x4_extract_lane::<1>(value);
                    *element(output, row, column + 2) = f32x4_extract_lane::<2>(value);
                    *element(output, row, column + 3) = f32x4_extract_lane::<3>(value);
                }
            }
        }
    }
}

/// Address of an element of a matrix with strides.
#[inline(always)]
unsafe fn element(matrix: &OutputStoreKer, row: usize, column: usize) -> *mut f32 {
    let offset = row as isize * matrix.row_byte_stride + column as isize * matrix.col_byte_stride;
    // SAFETY: row and column are inside of the tile.
    unsafe { matrix.ptr.offset(offset).cast() }
}
