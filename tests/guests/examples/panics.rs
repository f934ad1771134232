//! Panics.

use outpost_test_guests::guest;

guest! {
    infer: |_: &[_]| panic!("secret of the guest"),
}
