//! Takes as long as it is asked to: `x` holds millions of steps.

use outpost_test_guests::{answer, guest, values};

guest! {
    infer: |inputs: &[_]| {
        let millions = values(inputs);
        let mut state = 1_u64;
        for _ in 0..(millions.iter().sum::<f32>() as u64) * 1_000_000 {
            state = std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005));
        }
        std::hint::black_box(state);
        Ok(answer(&millions))
    },
}
