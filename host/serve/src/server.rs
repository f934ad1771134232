//! One request from admission to answer.

use crate::executor::{Executor, QueueFull};
use crate::routing::Routing;
use outpost_core::{Error, ErrorKind, InferRequest, InferResponse};
use outpost_sandbox::LoadedModule;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// How much the data path takes on at once.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// Guests that run at the same time.
    pub threads: usize,
    /// Requests that may wait for a thread; beyond that they are refused.
    pub queue: usize,
}

/// Answers requests by the current routing. Shared by all connections.
pub struct Server {
    routing: watch::Receiver<Arc<Routing>>,
    executor: Executor,
}

/// Publishes routing snapshots; the control task owns the only one.
pub struct Publisher(watch::Sender<Arc<Routing>>);

impl Publisher {
    /// Makes `routing` what every later request sees.
    pub fn publish(&self, routing: Routing) {
        self.0.send_replace(Arc::new(routing));
    }
}

/// What became of an accepted request.
type Outcome = Result<InferResponse, Error>;

/// An answer, and which module gave it.
pub struct Answer {
    /// The module that ran.
    pub module: Arc<LoadedModule>,
    /// Its answer.
    pub response: InferResponse,
}

impl Server {
    /// Starts the threads. Nothing is routed before the first snapshot.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(options: ServeOptions) -> std::io::Result<(Self, Publisher)> {
        let (publisher, routing) = watch::channel(Arc::new(Routing::default()));
        let executor = Executor::start(options.threads, options.queue)?;
        Ok((Server { routing, executor }, Publisher(publisher)))
    }

    /// The current snapshot.
    pub fn routing(&self) -> Arc<Routing> {
        Arc::clone(&self.routing.borrow())
    }

    /// Runs `request` on `module`, in a fresh instance.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] at once if there is no room to wait,
    /// [`ErrorKind::DeadlineExceeded`] if waiting and running take longer than
    /// the module's deadline, and what the module itself answers.
    pub async fn infer(
        &self,
        module: Arc<LoadedModule>,
        request: InferRequest,
    ) -> Result<Answer, Error> {
        let arrived = Instant::now();
        let outcome = self.run(&module, request, arrived).await;
        record(&module, &outcome, arrived.elapsed());
        outcome.map(|response| Answer { module, response })
    }

    async fn run(
        &self,
        module: &Arc<LoadedModule>,
        request: InferRequest,
        arrived: Instant,
    ) -> Outcome {
        request.check_outputs(module.signature())?;
        let (reply, answer) = oneshot::channel();
        let module = Arc::clone(module);
        let job = move || {
            // Nobody waits for the answer of a client that is gone.
            if !reply.is_closed() {
                let _ = reply.send(infer(&module, request, arrived));
            }
        };
        self.executor.submit(job).map_err(|QueueFull| {
            Error::new(ErrorKind::Overloaded, "too many requests are waiting; try again later")
        })?;
        answer.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Internal, "the server failed to run the model"))
        })
    }
}

/// On a thread of the executor.
fn infer(module: &LoadedModule, request: InferRequest, arrived: Instant) -> Outcome {
    let budget = Duration::from_millis(module.limits().deadline_ms.into());
    let left = budget.checked_sub(arrived.elapsed()).ok_or_else(|| {
        Error::new(ErrorKind::DeadlineExceeded, "the deadline passed while the request was waiting")
    })?;
    let prediction = module.infer(&request.inputs, left)?;
    request.answer(prediction)
}

/// Says what happened, and never what was asked or answered.
fn record(module: &LoadedModule, outcome: &Outcome, elapsed: Duration) {
    let manifest = module.manifest();
    let (model, version) = (manifest.name.as_str(), manifest.version.as_str());
    let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    match outcome {
        Ok(_) => tracing::debug!(model, version, elapsed_us, "answered"),
        Err(error) => match error.kind() {
            // The message of an invalid request may quote what the client named.
            ErrorKind::InvalidRequest => {
                tracing::debug!(model, version, elapsed_us, "refused an invalid request");
            }
            kind => tracing::warn!(model, version, elapsed_us, ?kind, %error, "not answered"),
        },
    }
}
