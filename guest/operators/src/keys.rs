//! A table from keys, numbers or text, to positions: vocabularies, categories,
//! labels. One table of bytes for all kinds of keys keeps the code small, and
//! nothing is allocated to look a key up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use tract_onnx::tract_hir::internal::*;

/// Positions by the bytes of their keys.
#[derive(Debug, Default)]
pub struct Keys(HashMap<Vec<u8>, u32, BuildHasherDefault<Fnv>>);

impl Keys {
    /// Gives a key a position, and tells the one it had.
    pub fn insert(&mut self, key: &[u8], position: u32) -> Option<u32> {
        self.0.insert(key.to_vec(), position)
    }

    /// The position of a key; the next free one if it is new.
    pub fn number(&mut self, key: &[u8]) -> u32 {
        self.find(key).unwrap_or_else(|| {
            let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
            self.insert(key, next);
            next
        })
    }

    pub fn find(&self, key: &[u8]) -> Option<u32> {
        self.0.get(key).copied()
    }
}

/// The type as which elements of a type are looked up.
pub fn kind(datum_type: DatumType) -> DatumType {
    if datum_type == DatumType::String {
        DatumType::String
    } else if datum_type.is_float() {
        DatumType::F64
    } else {
        DatumType::I64
    }
}

/// Calls `found` with each element as a key, made a `kind` before: text as it
/// is, any number that is not one like all others, both zeros as one.
pub fn each(
    elements: &Tensor,
    kind: DatumType,
    found: &mut dyn FnMut(&[u8]) -> TractResult<()>,
) -> TractResult<()> {
    let text = [elements.datum_type(), kind].map(|of| of == DatumType::String);
    ensure!(text[0] == text[1], "it maps {kind:?}, its input is {:?}", elements.datum_type());
    let elements = elements.cast_to_dt(kind)?;
    let elements = elements.try_as_plain_ram()?;
    match kind {
        DatumType::String => {
            elements.as_slice::<String>()?.iter().try_for_each(|text| found(text.as_bytes()))
        }
        DatumType::F64 => elements.as_slice::<f64>()?.iter().try_for_each(|&x| {
            let x = if x.is_nan() { f64::NAN } else { x + 0.0 };
            found(&x.to_bits().to_le_bytes())
        }),
        _ => elements.as_slice::<i64>()?.iter().try_for_each(|x| found(&x.to_le_bytes())),
    }
}

/// FNV-1a: keys are short, and the table is the model's, which no request fills.
#[derive(Debug)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
