//! What every protocol does with a request, written once: read it, run it, write
//! its answer, and count and log what became of it.

use outpost_core::{Error, ErrorKind, InferRequest, InferResponse};
use outpost_serve::{Deployed, Server, Stage, Terms};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A request as a protocol reads it.
pub struct Read<K> {
    /// What the model is asked.
    pub request: InferRequest,
    /// How long the client waits.
    pub timeout: Option<Duration>,
    /// Higher ones come first.
    pub priority: u8,
    /// What is needed to write the answer.
    pub kept: K,
}

/// A request that is counted and logged once, whatever becomes of it.
pub struct Counted {
    deployed: Arc<Deployed>,
    arrived: Instant,
    done: bool,
}

impl Counted {
    /// A request for a module arrives.
    pub fn start(deployed: &Arc<Deployed>) -> Self {
        Counted { deployed: Arc::clone(deployed), arrived: Instant::now(), done: false }
    }

    /// What answers it.
    pub fn deployed(&self) -> &Arc<Deployed> {
        &self.deployed
    }

    /// It was answered, or is refused.
    pub fn finish(mut self, outcome: Result<(), &Error>) {
        self.note(outcome);
    }

    fn note(&mut self, outcome: Result<(), &Error>) {
        self.done = true;
        self.deployed.finish(outcome, self.arrived);
    }

    /// Reads, runs, writes.
    ///
    /// # Errors
    /// Those of `read` and `write`, and of [`Server::infer`].
    pub async fn infer<K, B>(
        &self,
        server: &Server,
        read: impl FnOnce() -> Result<Read<K>, Error>,
        write: impl FnOnce(&InferResponse, K) -> Result<B, Error>,
    ) -> Result<B, Error> {
        let started = Instant::now();
        let Read { request, timeout, priority, kept } = read()?;
        self.deployed.record(Stage::Pre, started.elapsed());
        let terms = Terms { arrived: self.arrived, timeout, priority };
        let response = server.infer(&self.deployed, request, terms).await?;
        let started = Instant::now();
        let body = write(&response, kept)?;
        self.deployed.record(Stage::Post, started.elapsed());
        Ok(body)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !self.done {
            let left = Error::new(ErrorKind::Cancelled, "the client left");
            self.note(Err(&left));
        }
    }
}
