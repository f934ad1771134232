//! Writes to an address that its memory does not have.

use outpost_test_guests::{answer, guest};

guest! {
    infer: |_: &[_]| {
        let far = std::ptr::with_exposed_provenance_mut::<u64>(0xffff_fff0_u32 as usize);
        // SAFETY: none, which is the point.
        unsafe { far.write_volatile(1) };
        Ok(answer(&[]))
    },
}
