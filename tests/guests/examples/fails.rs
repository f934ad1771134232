//! Says that it failed, with a message for the operator alone.

use outpost_test_guests::{Error, Tensor, guest};

guest! {
    infer: |_: &[_]| -> Result<Vec<Tensor>, Error> {
        Err(Error::Failed("secret of the guest".into()))
    },
}
