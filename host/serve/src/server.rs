//! One request from admission to answer.

use crate::deployed::Deployed;
use crate::metrics::Metrics;
use crate::routing::Routing;
use crate::scheduler::{Asked, Outcome, Scheduler};
use outpost_core::{Error, ErrorKind, InferRequest};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// After its deadline, how long a request waits for the sandbox to say so.
const PATIENCE: Duration = Duration::from_millis(20);

/// Answers requests by the current routing. Shared by all connections.
pub struct Server {
    routing: watch::Receiver<Arc<Routing>>,
    scheduler: Scheduler,
    metrics: Arc<Metrics>,
}

/// Publishes routing snapshots; the control task owns the only one.
pub struct Publisher(watch::Sender<Arc<Routing>>);

impl Publisher {
    /// Makes `routing` what every later request sees.
    pub fn publish(&self, routing: Routing) {
        self.0.send_replace(Arc::new(routing));
    }
}

/// What a client asks beside the inference itself.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// When the request arrived.
    pub arrived: Instant,
    /// How long the client waits for an answer, if it says so. The module's own
    /// deadline holds besides.
    pub timeout: Option<Duration>,
    /// Higher ones come first.
    pub priority: u8,
}

impl Server {
    /// Starts so many threads for guests. Nothing is routed before the first
    /// snapshot.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(threads: usize, metrics: Arc<Metrics>) -> std::io::Result<(Self, Publisher)> {
        let (publisher, routing) = watch::channel(Arc::new(Routing::default()));
        let scheduler = Scheduler::start(threads)?;
        Ok((Server { routing, scheduler, metrics }, Publisher(publisher)))
    }

    /// The current snapshot.
    pub fn routing(&self) -> Arc<Routing> {
        Arc::clone(&self.routing.borrow())
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Runs `request` on a module.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] at once if there is no room to wait,
    /// [`ErrorKind::DeadlineExceeded`] if waiting and running take longer than
    /// the client or the module allows, and what the module itself answers.
    pub async fn infer(
        &self,
        deployed: &Arc<Deployed>,
        request: InferRequest,
        terms: Terms,
    ) -> Outcome {
        request.check_outputs(deployed.module().signature())?;
        let most = Duration::from_millis(deployed.module().limits().deadline_ms.into());
        let time = terms.timeout.map_or(most, |timeout| timeout.min(most));
        let until = terms.arrived + time;
        let asked = Asked { arrived: terms.arrived, until, priority: terms.priority };
        let mut ticket = self.scheduler.submit(deployed, request, asked)?;
        // The sandbox keeps the deadline of what runs; this one is of what waits.
        match tokio::time::timeout_at((until + PATIENCE).into(), ticket.answer()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::new(
                ErrorKind::DeadlineExceeded,
                "the deadline passed while the request was waiting",
            )),
        }
    }
}
