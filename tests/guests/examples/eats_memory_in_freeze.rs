//! Wants more memory than there is while it is being built, without touching it.

use outpost_test_guests::guest;

guest! {
    freeze: || -> Result<(), String> {
        loop {
            std::mem::forget(std::hint::black_box(Vec::<u8>::with_capacity(256 << 20)));
        }
    },
}
