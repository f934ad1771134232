//! Panics while it is being built.

use outpost_test_guests::guest;

guest! {
    freeze: || -> Result<(), String> { panic!("frozen stiff") },
}
