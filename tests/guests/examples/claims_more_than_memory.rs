//! Returns a list that begins inside of its memory and ends far outside.

use outpost_test_guests::{answer, guest};

guest! {
    infer: |_: &[_]| {
        let mut outputs = answer(&[1.0]);
        let size = 0x7fff_0000_u32 as usize;
        let start = std::ptr::with_exposed_provenance_mut::<u8>(64);
        // SAFETY: none, which is the point.
        outputs[0].data = unsafe { Vec::from_raw_parts(start, size, size) };
        Ok(outputs)
    },
}
