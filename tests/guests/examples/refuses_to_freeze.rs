//! Has a reason not to be built.

use outpost_test_guests::guest;

guest! {
    freeze: || Err::<(), _>(String::from("there is nothing to freeze")),
}
