//! Who runs next. Each model has a lane, in which requests wait by priority and
//! then by age. A thread that is free takes from the lane that had the least of
//! the threads' time for its share, so that a busy model does not starve another.
//!
//! Guests are plain computation for up to seconds; on the threads that serve
//! sockets they would hold up everybody else.

use crate::batch::{self, Form};
use crate::deployed::Deployed;
use crate::metrics::Stage;
use outpost_core::{Error, ErrorKind, InferRequest, InferResponse, Tensor};
use outpost_sandbox::{Call, Cancel};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Room for the guest's stack of 2 MiB and the host's frames around it.
const STACK: usize = 4 << 20;

/// What became of a request.
pub type Outcome = Result<InferResponse, Error>;

/// Threads that run guests. Dropping it finishes every request that it accepted.
pub struct Scheduler {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    /// Something waits, or nothing will any more.
    changed: Condvar,
    threads: usize,
}

#[derive(Default)]
struct State {
    /// Of models for which something waits or runs.
    lanes: BTreeMap<u64, Lane>,
    sequence: u64,
    /// What the lane that was served last had used: where a new one begins.
    clock: f64,
    closed: bool,
}

struct Lane {
    deployed: Arc<Deployed>,
    waiting: BTreeMap<Place, Job>,
    rows: u64,
    running: usize,
    /// Seconds of threads, for a share of 1.
    used: f64,
}

/// Higher priorities come first, then who came first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Reverse<u8>, u64);

/// A request on its way.
struct Job {
    request: InferRequest,
    arrived: Instant,
    until: Instant,
    cancel: Cancel,
    /// What it can be joined with, and how many rows it has.
    form: Option<(Form, u64)>,
    reply: oneshot::Sender<Outcome>,
}

/// What a request asks of the scheduler.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// When it arrived.
    pub arrived: Instant,
    /// When its answer is of no use any more.
    pub until: Instant,
    /// Higher ones come first.
    pub priority: u8,
}

/// A place in a lane. Who drops it does not want the answer any more.
pub struct Ticket {
    shared: Arc<Shared>,
    lane: u64,
    place: Place,
    cancel: Cancel,
    answer: oneshot::Receiver<Outcome>,
}

impl Scheduler {
    /// Starts `threads` threads.
    ///
    /// # Errors
    /// If the system refuses one.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), threads });
        let threads = (0..threads)
            .map(|index| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new()
                    .name(format!("wasm-{index}"))
                    .stack_size(STACK)
                    .spawn(move || shared.work())
            })
            .collect::<Result<_, _>>()?;
        Ok(Scheduler { shared, threads })
    }

    /// Takes on a request, or refuses it at once.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] if its lane is full, or so long that it could not
    /// be answered in time.
    pub fn submit(
        &self,
        deployed: &Arc<Deployed>,
        mut request: InferRequest,
        asked: Asked,
    ) -> Result<Ticket, Error> {
        let form = if deployed.joins() { batch::form(&mut request.inputs) } else { None };
        let rows = form.as_ref().map_or(1, |(_, rows)| *rows);
        let (reply, answer) = oneshot::channel();
        let cancel = Cancel::default();

        let mut state = self.shared.state.lock();
        let State { lanes, sequence, clock, closed } = &mut *state;
        if *closed {
            return Err(Error::new(ErrorKind::Unavailable, "the server is shutting down"));
        }
        let lane = lanes.entry(deployed.id).or_insert_with(|| Lane::new(deployed, *clock));
        lane.admit(asked.until, self.shared.threads)?;
        *sequence += 1;
        let place = Place(Reverse(asked.priority), *sequence);
        lane.rows += rows;
        let (arrived, until) = (asked.arrived, asked.until);
        let job = Job { request, arrived, until, cancel: cancel.clone(), form, reply };
        lane.waiting.insert(place, job);
        deployed.meters.waiting.inc();
        drop(state);
        self.shared.changed.notify_one();
        let shared = Arc::clone(&self.shared);
        Ok(Ticket { shared, lane: deployed.id, place, cancel, answer })
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Ticket {
    /// The answer, once it is there.
    pub async fn answer(&mut self) -> Outcome {
        (&mut self.answer).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Internal, "the server failed to run the model"))
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // After an answer there is nothing to give back.
        if self.answer.is_terminated() {
            return;
        }
        self.cancel.cancel();
        let mut state = self.shared.state.lock();
        if let Some(lane) = state.lanes.get_mut(&self.lane) {
            lane.remove(self.place);
            state.forget(self.lane);
        }
    }
}

impl Lane {
    fn new(deployed: &Arc<Deployed>, used: f64) -> Self {
        let deployed = Arc::clone(deployed);
        Lane { deployed, waiting: BTreeMap::new(), rows: 0, running: 0, used }
    }

    /// Whether one more may wait.
    fn admit(&self, until: Instant, threads: usize) -> Result<(), Error> {
        let policy = self.deployed.policy();
        let threads = threads.min(policy.instances).max(1);
        let ahead = (self.waiting.len() + self.running) as f64;
        let wait = ahead * self.deployed.expected_seconds() / threads as f64;
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX);
        let refuse = |what: &str| {
            let error = Error::new(ErrorKind::Overloaded, format!("{what}; try again later"));
            Err(error.with_retry_after(wait))
        };
        if self.waiting.len() >= policy.queue {
            return refuse("too many requests are waiting");
        }
        // The first ones are let in, whatever is expected: expectations may be wrong.
        let patient = self.waiting.len() < threads;
        if !patient && wait > until.saturating_duration_since(Instant::now()) {
            return refuse("requests wait longer than this one can");
        }
        Ok(())
    }

    fn remove(&mut self, place: Place) -> Option<Job> {
        let job = self.waiting.remove(&place)?;
        self.rows -= job.rows();
        self.deployed.meters.waiting.dec();
        Some(job)
    }

    /// When the first ones may run, which can be in the past.
    fn ready_at(&self) -> Option<Instant> {
        let (_, first) = self.waiting.first_key_value()?;
        let batching = &self.deployed.policy().batching;
        if self.running >= self.deployed.policy().instances {
            return None;
        }
        let at_once = first.form.is_none() || batching.is_enough(self.rows);
        Some(if at_once { first.arrived } else { first.arrived + batching.max_wait })
    }

    /// The first one, and all that can be joined to it.
    fn take(&mut self) -> Vec<Job> {
        let room = self.deployed.policy().batching.rows(self.rows);
        let Some((&first, job)) = self.waiting.first_key_value() else { return Vec::new() };
        let mut places = vec![first];
        if let Some((form, rows)) = &job.form {
            let mut taken = *rows;
            for (place, other) in self.waiting.iter().skip(1) {
                if taken >= room {
                    break;
                }
                if let Some((same, more)) = &other.form
                    && same == form
                    && taken.saturating_add(*more) <= room
                {
                    taken += more;
                    places.push(*place);
                }
            }
        }
        places.into_iter().filter_map(|place| self.remove(place)).collect()
    }
}

/// What a free thread does next.
enum Next {
    Run(Arc<Deployed>, Vec<Job>),
    /// At this moment something will be ready.
    Wait(Instant),
    /// Nothing waits.
    Nothing,
}

impl State {
    fn next(&mut self, now: Instant) -> Next {
        let ready = |lane: &Lane| lane.ready_at().map(|at| if self.closed { now } else { at });
        let due = |lane: &&mut Lane| ready(lane).is_some_and(|at| at <= now);
        let least = |a: &&mut Lane, b: &&mut Lane| a.used.total_cmp(&b.used);
        let Some(lane) = self.lanes.values_mut().filter(due).min_by(least) else {
            let soonest = self.lanes.values().filter_map(Lane::ready_at).min();
            return soonest.map_or(Next::Nothing, Next::Wait);
        };
        lane.running += 1;
        self.clock = lane.used;
        Next::Run(Arc::clone(&lane.deployed), lane.take())
    }

    /// Lanes are only for models for which something waits or runs.
    fn forget(&mut self, lane: u64) {
        let empty = |lane: &Lane| lane.waiting.is_empty() && lane.running == 0;
        if self.lanes.get(&lane).is_some_and(empty) {
            self.lanes.remove(&lane);
        }
    }

    fn done(&mut self, deployed: &Deployed, elapsed: Duration) {
        if let Some(lane) = self.lanes.get_mut(&deployed.id) {
            lane.running -= 1;
            lane.used += elapsed.as_secs_f64() / deployed.policy().share.max(1e-3);
        }
        self.forget(deployed.id);
    }
}

impl Shared {
    fn work(&self) {
        let mut state = self.state.lock();
        loop {
            match state.next(Instant::now()) {
                Next::Run(deployed, jobs) => {
                    let elapsed =
                        MutexGuard::unlocked(&mut state, || run_to_the_end(&deployed, jobs));
                    state.done(&deployed, elapsed);
                    if deployed.policy().instances != usize::MAX {
                        // Another thread may have waited for this instance.
                        self.changed.notify_one();
                    }
                }
                Next::Wait(at) => {
                    self.changed.wait_until(&mut state, at);
                }
                Next::Nothing if state.closed => return,
                Next::Nothing => self.changed.wait(&mut state),
            }
        }
    }
}

/// A fault of the host costs these requests, not the thread. Their reply channels
/// are dropped with them, which is how their callers learn.
fn run_to_the_end(deployed: &Deployed, jobs: Vec<Job>) -> Duration {
    let started = Instant::now();
    if catch_unwind(AssertUnwindSafe(|| run(deployed, jobs))).is_err() {
        tracing::error!("a job panicked; this is a fault of the host");
    }
    started.elapsed()
}

fn run(deployed: &Deployed, jobs: Vec<Job>) {
    let now = Instant::now();
    let mut wanted = Vec::with_capacity(jobs.len());
    for job in jobs {
        deployed.meters.stage(Stage::Queue, now.saturating_duration_since(job.arrived));
        if job.until <= now {
            job.answer(Err(Error::new(
                ErrorKind::DeadlineExceeded,
                "the deadline passed while the request was waiting",
            )));
        } else if !job.cancel.is_cancelled() {
            wanted.push(job);
        }
    }
    let jobs = if wanted.len() > 1 { run_joined(deployed, wanted) } else { wanted };
    for job in jobs {
        let call = Call::until(job.until, vec![job.cancel.clone()]);
        let prediction = deployed.infer(&job.request.inputs, call, 1, job.rows());
        job.answer_with(prediction);
    }
}

/// Runs all at once. What comes back has to run alone: a request that is refused
/// or fails must not take its neighbours with it.
fn run_joined(deployed: &Deployed, jobs: Vec<Job>) -> Vec<Job> {
    let inputs: Option<Vec<Tensor>> =
        batch::join(jobs.iter().map(|job| job.request.inputs.as_slice()));
    let until = jobs.iter().map(|job| job.until).max();
    let (Some(inputs), Some(until)) = (inputs, until) else { return jobs };
    let call = Call::until(until, jobs.iter().map(|job| job.cancel.clone()).collect());
    let rows: Vec<u64> = jobs.iter().map(Job::rows).collect();
    let total = rows.iter().sum();
    let whole = deployed.infer(&inputs, call, jobs.len(), total);
    let Some(parts) = whole.ok().and_then(|whole| batch::split(&whole, &rows)) else {
        return jobs;
    };
    for (job, part) in jobs.into_iter().zip(parts) {
        job.answer_with(Ok(part));
    }
    Vec::new()
}

impl Job {
    fn rows(&self) -> u64 {
        self.form.as_ref().map_or(1, |(_, rows)| *rows)
    }

    fn answer(self, outcome: Outcome) {
        // Who does not want it any more has dropped the other end.
        let _ = self.reply.send(outcome);
    }

    fn answer_with(self, prediction: Result<outpost_core::Prediction, Error>) {
        let Job { request, reply, .. } = self;
        let _ = reply.send(prediction.and_then(|prediction| request.answer(prediction)));
    }
}
