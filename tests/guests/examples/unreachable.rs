//! Runs into the instruction `unreachable`, at once and without a message.

use outpost_test_guests::guest;

guest! {
    infer: |_: &[_]| std::process::abort(),
}
