//! Describes itself by another name than its manifest gives it.

use outpost_test_guests::{Description, guest};

guest! {
    describe: |description: &mut Description| description.name = "somebody-else".into(),
}
