//! What a datatype says of the elements: their name, their size, where one ends.

use crate::Datatype;

const NAMES: [(Datatype, &str); 13] = [
    (Datatype::Bool, "BOOL"),
    (Datatype::Uint8, "UINT8"),
    (Datatype::Uint16, "UINT16"),
    (Datatype::Uint32, "UINT32"),
    (Datatype::Uint64, "UINT64"),
    (Datatype::Int8, "INT8"),
    (Datatype::Int16, "INT16"),
    (Datatype::Int32, "INT32"),
    (Datatype::Int64, "INT64"),
    (Datatype::Fp16, "FP16"),
    (Datatype::Fp32, "FP32"),
    (Datatype::Fp64, "FP64"),
    (Datatype::Bytes, "BYTES"),
];

/// By the Open Inference Protocol's spelling.
pub fn datatype_name(datatype: Datatype) -> &'static str {
    NAMES.iter().find(|(known, _)| *known == datatype).map_or("?", |(_, name)| name)
}

/// The datatype of that name; `None` if there is none.
pub fn datatype_of(name: &str) -> Option<Datatype> {
    NAMES.iter().find(|(_, known)| *known == name).map(|(datatype, _)| *datatype)
}

/// Bytes that one element takes; `None` for byte strings.
pub fn element_size(datatype: Datatype) -> Option<usize> {
    match datatype {
        Datatype::Bool | Datatype::Uint8 | Datatype::Int8 => Some(1),
        Datatype::Uint16 | Datatype::Int16 | Datatype::Fp16 => Some(2),
        Datatype::Uint32 | Datatype::Int32 | Datatype::Fp32 => Some(4),
        Datatype::Uint64 | Datatype::Int64 | Datatype::Fp64 => Some(8),
        Datatype::Bytes => None,
    }
}

/// The first element of BYTES, its length as a little-endian u32 and then that many
/// bytes, and what follows it; `None` if the data do not begin with a whole one.
pub fn split_byte_string(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// The elements of BYTES; `None` if the data are not whole ones.
pub fn byte_strings(data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = data;
    let mut all = Vec::new();
    while let Some((element, tail)) = split_byte_string(rest) {
        all.push(element);
        rest = tail;
    }
    rest.is_empty().then_some(all)
}
