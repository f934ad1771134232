//! What the host keeps for one instance: its budget, the call that it works on
//! and, where it was granted anything, what it reaches outside of itself.

use crate::limits::Budget;
use crate::wasi::Outside;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wasmtime::{StoreContextMut, Trap, UpdateDeadline};

/// The store's data.
pub struct Tenant {
    pub budget: Budget,
    /// None for modules that import nothing, which is most of them.
    pub outside: Option<Box<Outside>>,
    pub call: Call,
}

/// Until when a call may run, and whether anybody still wants its answer.
#[derive(Clone, Debug)]
pub struct Call {
    until: Instant,
    /// Empty if it cannot be cancelled.
    cancels: Vec<Cancel>,
}

/// Ends a call before its deadline. Its clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

/// Why a call ended that nobody wants any more.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

impl Call {
    /// A call that may run this long from now on.
    pub fn within(time: Duration) -> Self {
        let now = Instant::now();
        // So far away that nobody will be there.
        let never = || now + Duration::from_secs(1 << 30);
        Call { until: now.checked_add(time).unwrap_or_else(never), cancels: Vec::new() }
    }

    /// A call that must end at this moment, or when all these are cancelled: one
    /// for each request that it answers.
    pub fn until(until: Instant, cancels: Vec<Cancel>) -> Self {
        Call { until, cancels }
    }

    /// The time that is left.
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    fn is_cancelled(&self) -> bool {
        !self.cancels.is_empty() && self.cancels.iter().all(Cancel::is_cancelled)
    }
}

impl From<Duration> for Call {
    fn from(time: Duration) -> Self {
        Call::within(time)
    }
}

impl Cancel {
    /// Ends the call, within some milliseconds if it runs.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody did.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// At each tick of the clock, inside of a call.
///
/// # Errors
/// If the call must end.
pub fn on_tick(store: StoreContextMut<'_, Tenant>) -> wasmtime::Result<UpdateDeadline> {
    let call = &store.data().call;
    if call.is_cancelled() {
        return Err(Cancelled.into());
    }
    if call.left().is_zero() {
        return Err(Trap::Interrupt.into());
    }
    Ok(UpdateDeadline::Continue(1))
}
