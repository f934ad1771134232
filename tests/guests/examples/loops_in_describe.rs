//! Never says what it is.

use outpost_test_guests::guest;

guest! {
    described: || {
        loop {
            std::hint::black_box(0);
        }
    },
}
