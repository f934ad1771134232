//! Streams: standard input, which is at its end, and standard output and error,
//! which go to the log. Nothing blocks, and nothing fails.

use super::clocks::Pollable;
use super::log::Stream;
use super::{Interface, OutsideError, Store, outside, push, resource};
use wasmtime::component::{ComponentType, Lift, Lower, Resource, WasmList};

/// What may be written in one go.
const MAX_WRITE: u64 = 64 << 10;

/// Is never made: streams here have nothing to say of why they fail.
struct IoError;

struct Input;

struct Output(Stream);

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[allow(dead_code, reason = "the interface has it, no stream here gives it")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

type Answer<T> = wasmtime::Result<(Result<T, StreamError>,)>;

pub fn error(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    resource::<IoError>(interface, "error")
}

pub fn stdin(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    interface.func_wrap("get-stdin", |mut store: Store<'_>, (): ()| Ok((push(&mut store, Input)?,)))
}

/// `get-stdout` or `get-stderr`.
pub fn printer(
    interface: &mut Interface<'_>,
    function: &str,
    stream: Stream,
) -> wasmtime::Result<()> {
    interface.func_wrap(function, move |mut store: Store<'_>, (): ()| {
        Ok((push(&mut store, Output(stream))?,))
    })
}

pub fn streams(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    resource::<Input>(interface, "input-stream")?;
    resource::<Output>(interface, "output-stream")?;
    for read in ["read", "blocking-read"] {
        interface.func_wrap(
            &format!("[method]input-stream.{read}"),
            |_: Store<'_>, (_, _): (Resource<Input>, u64)| -> Answer<Vec<u8>> {
                Ok((Err(StreamError::Closed),))
            },
        )?;
    }
    for skip in ["skip", "blocking-skip"] {
        interface.func_wrap(
            &format!("[method]input-stream.{skip}"),
            |_: Store<'_>, (_, _): (Resource<Input>, u64)| -> Answer<u64> {
                Ok((Err(StreamError::Closed),))
            },
        )?;
    }
    interface.func_wrap(
        "[method]input-stream.subscribe",
        |mut store: Store<'_>, (_,): (Resource<Input>,)| Ok((push(&mut store, Pollable::READY)?,)),
    )?;
    interface.func_wrap(
        "[method]output-stream.subscribe",
        |mut store: Store<'_>, (_,): (Resource<Output>,)| Ok((push(&mut store, Pollable::READY)?,)),
    )?;
    interface.func_wrap(
        "[method]output-stream.check-write",
        |_: Store<'_>, (_,): (Resource<Output>,)| -> Answer<u64> { Ok((Ok(MAX_WRITE),)) },
    )?;
    for write in ["write", "blocking-write-and-flush"] {
        interface.func_wrap(&format!("[method]output-stream.{write}"), print)?;
    }
    // Whole lines are flushed as it is.
    for flush in ["flush", "blocking-flush"] {
        interface.func_wrap(
            &format!("[method]output-stream.{flush}"),
            |_: Store<'_>, (_,): (Resource<Output>,)| -> Answer<()> { Ok((Ok(()),)) },
        )?;
    }
    Ok(())
}

fn print(mut store: Store<'_>, (output, bytes): (Resource<Output>, WasmList<u8>)) -> Answer<()> {
    if bytes.len() as u64 > MAX_WRITE {
        return Err(OutsideError::TooMuch(bytes.len() as u64).into());
    }
    // Copied, because the log and the guest's memory are both the store's.
    let bytes = bytes.as_le_slice(&store).to_vec();
    let outside = outside(&mut store)?;
    let Output(stream) = *outside.handles.get(&output).map_err(OutsideError::from)?;
    outside.log.write(stream, &bytes);
    Ok((Ok(()),))
}
