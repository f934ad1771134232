//! The elements of BYTES tensors: each its length as a little-endian u32, then
//! that many bytes.

use outpost_guest::{Datatype, Tensor};

/// A tensor of texts.
pub(crate) fn tensor<'a>(
    name: &str,
    shape: Vec<u64>,
    texts: impl Iterator<Item = &'a str>,
) -> Tensor {
    let mut data = Vec::new();
    for text in texts {
        // Longer labels than that cannot come out of a manifest.
        data.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        data.extend(text.as_bytes());
    }
    Tensor { name: name.into(), datatype: Datatype::Bytes, shape, data }
}

#[cfg(test)]
mod tests {
    use super::tensor;
    use outpost_guest::byte_strings as elements;

    #[test]
    fn elements_come_back() {
        let tensor = tensor("x", vec![3], ["", "é", "label"].into_iter());
        let all: Vec<&[u8]> = vec![b"", "é".as_bytes(), b"label"];
        assert_eq!(elements(&tensor.data), Some(all));
        assert_eq!(elements(b""), Some(vec![]));
    }

    #[test]
    fn data_that_are_no_elements_are_refused() {
        for data in [&b"\x01\0\0\0"[..], b"\0\0\0", b"\xFF\xFF\xFF\xFFx", b"\0\0\0\0x"] {
            assert_eq!(elements(data), None, "{data:?}");
        }
    }
}
