//! A module is a pure function, so there is no randomness to be had. Crates
//! that ask for some get an error instead of a missing import.

use getrandom::Error;

#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(_: *mut u8, _: usize) -> Result<(), Error> {
    Err(Error::UNSUPPORTED)
}
