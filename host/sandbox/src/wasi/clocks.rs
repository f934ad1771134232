//! Clocks, and waiting for them. A guest that sleeps holds a thread as one that
//! computes does, so that it may sleep no longer than its call may take.

use super::{Interface, Outside, OutsideError, Store, outside, push, resource};
use std::time::{Duration, Instant, SystemTime};
use wasmtime::Trap;
use wasmtime::component::{ComponentType, Lift, Lower, Resource};

/// Something to wait for.
pub struct Pollable {
    /// On the guest's clock; none for what is always ready.
    when: Option<Duration>,
}

impl Pollable {
    pub const READY: Pollable = Pollable { when: None };
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

pub fn wall(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    interface.func_wrap("now", |_: Store<'_>, (): ()| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok((Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() },))
    })?;
    interface.func_wrap("resolution", |_: Store<'_>, (): ()| {
        Ok((Datetime { seconds: 0, nanoseconds: 1 },))
    })
}

pub fn monotonic(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    interface.func_wrap("now", |mut store: Store<'_>, (): ()| {
        Ok((nanos(outside(&mut store)?.now()),))
    })?;
    interface.func_wrap("resolution", |_: Store<'_>, (): ()| Ok((1_u64,)))?;
    interface.func_wrap("subscribe-instant", |mut store: Store<'_>, (when,): (u64,)| {
        let when = Some(Duration::from_nanos(when));
        Ok((push(&mut store, Pollable { when })?,))
    })?;
    interface.func_wrap("subscribe-duration", |mut store: Store<'_>, (after,): (u64,)| {
        let when = outside(&mut store)?.now().saturating_add(Duration::from_nanos(after));
        Ok((push(&mut store, Pollable { when: Some(when) })?,))
    })
}

pub fn poll(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    type Handle = Resource<Pollable>;
    resource::<Pollable>(interface, "pollable")?;
    interface.func_wrap(
        "[method]pollable.ready",
        |mut store: Store<'_>, (pollable,): (Handle,)| {
            let outside = outside(&mut store)?;
            Ok((outside.when(&pollable)? <= outside.now(),))
        },
    )?;
    interface.func_wrap(
        "[method]pollable.block",
        |mut store: Store<'_>, (pollable,): (Handle,)| {
            let outside = outside(&mut store)?;
            outside.sleep_until(outside.when(&pollable)?)
        },
    )?;
    interface.func_wrap("poll", |mut store: Store<'_>, (pollables,): (Vec<Handle>,)| {
        let outside = outside(&mut store)?;
        let times = pollables
            .iter()
            .map(|it| outside.when(it))
            .collect::<Result<Vec<_>, OutsideError>>()?;
        let first = times.iter().min().ok_or(OutsideError::EmptyPoll)?;
        outside.sleep_until(*first)?;
        let now = outside.now();
        let ready = times.iter().zip(0_u32..).filter(|(when, _)| **when <= now);
        Ok((ready.map(|(_, index)| index).collect::<Vec<u32>>(),))
    })
}

impl Outside {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn when(&self, pollable: &Resource<Pollable>) -> Result<Duration, OutsideError> {
        Ok(self.handles.get(pollable)?.when.unwrap_or_default())
    }

    /// Sleeps, or ends the call at once if it would not see the end of it.
    fn sleep_until(&self, when: Duration) -> wasmtime::Result<()> {
        let now = Instant::now();
        match self.origin.checked_add(when) {
            Some(end) if end <= now => Ok(()),
            Some(end) if end < self.deadline => {
                std::thread::sleep(end - now);
                Ok(())
            }
            _ => Err(Trap::Interrupt.into()),
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
