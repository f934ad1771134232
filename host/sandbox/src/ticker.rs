//! The clock behind deadlines: advances the engine's epoch while calls are in
//! flight, and sleeps while there are none, so that an idle host stays idle.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use wasmtime::Engine;

/// How precisely deadlines are kept.
const TICK: Duration = Duration::from_millis(2);

/// Advances an engine's epoch for as long as it lives.
pub struct Ticker {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    calls: usize,
    stopped: bool,
}

/// Keeps the clock running.
pub struct Running<'a>(&'a Shared);

impl Ticker {
    pub fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State { calls: 0, stopped: false }),
            changed: Condvar::new(),
        });
        let (clock, engine) = (Arc::clone(&shared), engine.weak());
        std::thread::Builder::new().name("epoch".into()).spawn(move || {
            while clock.wait_for_calls() {
                std::thread::sleep(TICK);
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        })?;
        Ok(Ticker { shared })
    }

    /// Runs the clock until the guard is dropped.
    pub fn run(&self) -> Running<'_> {
        let mut state = self.shared.lock();
        state.calls += 1;
        if state.calls == 1 {
            self.shared.changed.notify_one();
        }
        Running(&self.shared)
    }

    /// Epochs that pass in at least `duration`; one more, because the first may
    /// end at once.
    pub fn ticks(duration: Duration) -> u64 {
        u64::try_from(duration.as_micros().div_ceil(TICK.as_micros()) + 1).unwrap_or(u64::MAX)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().calls -= 1;
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks while there are no calls; false once the ticker is gone.
    fn wait_for_calls(&self) -> bool {
        let state = self
            .changed
            .wait_while(self.lock(), |state| state.calls == 0 && !state.stopped)
            .unwrap_or_else(PoisonError::into_inner);
        !state.stopped
    }
}
