//! Allocates by the address of what it allocated before, so that the two passes
//! of freezing differ.

use outpost_test_guests::guest;

guest! {
    freeze: || -> Result<(), String> {
        let first = Box::leak(Box::new(0_u64));
        let size = std::ptr::from_mut(first).expose_provenance() % (1 << 20);
        std::mem::forget(std::hint::black_box(vec![1_u8; size]));
        Ok(())
    },
}
