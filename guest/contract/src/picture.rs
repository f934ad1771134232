//! How large a picture is, from the first bytes of a PNG or JPEG. Nothing is decoded.

/// Width and height in pixels.
pub(crate) fn size(bytes: &[u8]) -> Option<(u64, u64)> {
    png(bytes).or_else(|| jpeg(bytes)).filter(|(width, height)| *width > 0 && *height > 0)
}

/// The first chunk is IHDR, which starts with both.
fn png(bytes: &[u8]) -> Option<(u64, u64)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR")?;
    let (width, rest) = header.split_first_chunk()?;
    let height = rest.first_chunk()?;
    Some((u32::from_be_bytes(*width).into(), u32::from_be_bytes(*height).into()))
}

/// The first frame header among the segments has both.
fn jpeg(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut rest = bytes.strip_prefix(b"\xFF\xD8")?;
    loop {
        rest = rest.strip_prefix(b"\xFF")?;
        // Markers may be preceded by any number of fill bytes.
        let fill = rest.iter().take_while(|&&byte| byte == 0xFF).count();
        let (&marker, segment) = rest.get(fill..)?.split_first()?;
        rest = match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let &[_, _, _, high, low, wide, narrow] = segment.first_chunk()?;
                let [width, height] = [[wide, narrow], [high, low]].map(u16::from_be_bytes);
                return Some((width.into(), height.into()));
            }
            // These have no length.
            0x01 | 0xD0..=0xD7 => segment,
            // The picture starts or ends without a frame header.
            0x00 | 0xD8..=0xDA => return None,
            _ => {
                let length = u16::from_be_bytes(*segment.first_chunk()?);
                segment.get(length.max(2).into()..)?
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn headers_say_the_size() {
        let png = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\x01\x02\0\0\0\x03rest";
        assert_eq!(size(png), Some((258, 3)));
        let jpeg =
            b"\xFF\xD8\xFF\xE0\0\x04ab\xFF\xFF\xFF\xC4\0\x02\xFF\xC2\0\x0B\x08\0\x05\x01\0\x03";
        assert_eq!(size(jpeg), Some((256, 5)));
    }

    #[test]
    fn what_is_cut_off_or_empty_has_none() {
        let png = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\x01\x02\0\0\0\x03";
        let jpeg = b"\xFF\xD8\xFF\xE0\0\x04ab\xFF\xC0\0\x0B\x08\0\x05\x01\0";
        for whole in [&png[..], &jpeg[..]] {
            for end in 0..whole.len() {
                assert_eq!(size(&whole[..end]), None, "{end}");
            }
        }
        for none in [
            &b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\0\0\0\0\x03"[..],
            b"\xFF\xD8\xFF\xD9",
            b"\xFF\xD8\xFF\xDA\0\x04ab\xFF\xC0\0\x0B\x08\0\x05\x01\0",
            b"\xFF\xD8\xFF\x00",
            b"GIF89a\x01\0\x01\0",
        ] {
            assert_eq!(size(none), None);
        }
    }

    #[test]
    fn sizes_are_those_of_pillow() {
        let reference: serde_json::Value =
            serde_json::from_str(include_str!("../tests/reference.json")).unwrap();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../picture/tests/pictures");
        let pictures = reference["pictures"].as_object().unwrap();
        assert!(pictures.len() > 50);
        for (name, stated) in pictures {
            let bytes = std::fs::read(format!("{folder}/{name}")).unwrap();
            let found = size(&bytes).map(|(width, height)| serde_json::json!([width, height]));
            assert_eq!(found.as_ref(), Some(stated), "{name}");
        }
    }
}
