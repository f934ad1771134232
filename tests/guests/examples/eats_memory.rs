//! Allocates and never frees, until allocation fails.

use outpost_test_guests::{answer, guest};

guest! {
    infer: |_: &[_]| {
        let mut eaten = Vec::new();
        loop {
            eaten.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            if eaten.is_empty() {
                break Ok(answer(&[]));
            }
        }
    },
}
