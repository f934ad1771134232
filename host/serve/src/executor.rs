//! Threads that run guests, fed by a bounded queue. Guests are plain
//! computation for up to seconds; on the threads that serve sockets they would
//! hold up everybody else.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

type Job = Box<dyn FnOnce() + Send>;

/// Room for the guest's stack of 2 MiB and the host's frames around it.
const STACK: usize = 4 << 20;

/// A fixed set of threads. Dropping it finishes every job that it accepted.
pub struct Executor {
    queue: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// There is no room in the queue.
pub struct QueueFull;

impl Executor {
    /// Starts `threads` threads, with room for `waiting` more jobs.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start(threads: usize, waiting: usize) -> std::io::Result<Self> {
        let (queue, jobs) = bounded::<Job>(waiting.max(1));
        let threads = (0..threads.max(1))
            .map(|index| {
                let jobs = jobs.clone();
                std::thread::Builder::new()
                    .name(format!("wasm-{index}"))
                    .stack_size(STACK)
                    .spawn(move || work(&jobs))
            })
            .collect::<Result<_, _>>()?;
        Ok(Executor { queue: Some(queue), threads })
    }

    /// Hands over a job, or refuses it at once.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) -> Result<(), QueueFull> {
        match self.queue.as_ref().map(|queue| queue.try_send(Box::new(job))) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => {
                Err(QueueFull)
            }
        }
    }
}

fn work(jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        // A fault of the host costs one request, not the thread. The job's
        // reply channel is dropped with it, which is how the caller learns.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a job panicked; this is a fault of the host");
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
