//! Random numbers, all of the system's best: a weaker kind would save nothing.

use super::{Interface, OutsideError, Store};

/// Bytes to be had at once.
const MOST_BYTES: u64 = 1 << 20;

pub fn random(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    interface.func_wrap("get-random-bytes", bytes)?;
    interface.func_wrap("get-random-u64", |_: Store<'_>, (): ()| Ok((number()?,)))
}

pub fn insecure(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    interface.func_wrap("get-insecure-random-bytes", bytes)?;
    interface.func_wrap("get-insecure-random-u64", |_: Store<'_>, (): ()| Ok((number()?,)))
}

pub fn insecure_seed(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    interface.func_wrap("insecure-seed", |_: Store<'_>, (): ()| Ok(((number()?, number()?),)))
}

fn bytes(_: Store<'_>, (length,): (u64,)) -> wasmtime::Result<(Vec<u8>,)> {
    let length = usize::try_from(length.min(MOST_BYTES + 1)).unwrap_or(usize::MAX);
    if length as u64 > MOST_BYTES {
        return Err(OutsideError::TooMuch(length as u64).into());
    }
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(unavailable)?;
    Ok((bytes,))
}

fn number() -> wasmtime::Result<u64> {
    getrandom::u64().map_err(unavailable)
}

fn unavailable(error: getrandom::Error) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the system has no randomness: {error}"))
}
