//! Never answers.

use outpost_test_guests::guest;

guest! {
    infer: |_: &[_]| {
        loop {
            std::hint::black_box(0);
        }
    },
}
