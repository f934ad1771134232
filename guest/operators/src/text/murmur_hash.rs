//! MurmurHash3 of `com.microsoft`: the 32-bit hash of the bytes of each element,
//! by which scikit-learn's FeatureHasher chooses columns.

use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct MurmurHash {
    seed: u32,
    /// Whether hashes are unsigned.
    positive: bool,
}

pub fn murmur_hash(_: &ParsingContext, node: &NodeProto) -> Built {
    let seed = node.get_attr_opt::<i64>("seed")?.unwrap_or(0) as u32;
    let positive = node.get_attr_opt::<i64>("positive")?.unwrap_or(1) != 0;
    built(MurmurHash { seed, positive })
}

impl Operator for MurmurHash {
    fn name(&self) -> &'static str {
        "MurmurHash3"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        let hash = if self.positive { DatumType::U32 } else { DatumType::I32 };
        Ok(tvec!((hash, input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let elements = input.try_as_plain_ram()?;
        let hashes: Vec<u32> = if input.datum_type() == DatumType::String {
            let texts = elements.as_slice::<String>()?.iter();
            texts.map(|text| hash(text.as_bytes(), self.seed)).collect()
        } else {
            let size = input.datum_type().size_of();
            elements.as_bytes().chunks_exact(size).map(|bytes| hash(bytes, self.seed)).collect()
        };
        let hashes = tensor1(&hashes).into_shape(input.shape())?;
        if self.positive {
            return Ok(tvec!(hashes.into_tvalue()));
        }
        let bytes = hashes.try_as_plain_ram()?.as_bytes().to_vec();
        // SAFETY: an integer without a sign becomes one with a sign, of any bits.
        let hashes = unsafe { Tensor::from_raw_dt(DatumType::I32, input.shape(), &bytes) }?;
        Ok(tvec!(hashes.into_tvalue()))
    }
}

/// MurmurHash3_x86_32.
fn hash(bytes: &[u8], seed: u32) -> u32 {
    let mix =
        |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, rest) = bytes.as_chunks::<4>();
    let mut hash = seed;
    for block in blocks {
        hash ^= mix(u32::from_le_bytes(*block));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
    hash ^= mix(tail);
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}
