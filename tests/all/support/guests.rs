//! Where the build script put the guests.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));
