//! Gives an output a name that is not UTF-8.

use outpost_test_guests::{answer, guest};

guest! {
    infer: |_: &[_]| {
        let mut outputs = answer(&[1.0]);
        // SAFETY: none, which is the point.
        outputs[0].name = unsafe { String::from_utf8_unchecked(vec![b'y', 0xff, 0xfe]) };
        Ok(outputs)
    },
}
