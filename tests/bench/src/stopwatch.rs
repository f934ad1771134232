//! Medians of things that are timed in turns, so that a busy moment of the
//! machine hits both sides alike.

use std::time::{Duration, Instant};

/// Rounds of a comparison.
const ROUNDS: usize = 31;
/// Time that one round of one side takes at least.
const ROUND: Duration = Duration::from_millis(20);

/// Median seconds of one call of each side.
pub fn in_turns(mut left: impl FnMut(), mut right: impl FnMut()) -> (f64, f64) {
    let (left_calls, right_calls) = (calls(&mut left), calls(&mut right));
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        times.0.push(time(&mut left, left_calls));
        times.1.push(time(&mut right, right_calls));
    }
    (median(times.0), median(times.1))
}

/// Median seconds of one call of ours, and of what somebody else times.
pub fn rounds(mut ours: impl FnMut(), mut theirs: impl FnMut() -> f64) -> (f64, f64) {
    let calls = calls(&mut ours);
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        times.0.push(time(&mut ours, calls));
        times.1.push(theirs());
    }
    (median(times.0), median(times.1))
}

/// Median seconds of one call.
pub fn alone(mut call: impl FnMut()) -> f64 {
    let calls = calls(&mut call);
    median((0..ROUNDS).map(|_| time(&mut call, calls)).collect())
}

fn calls(call: &mut impl FnMut()) -> u32 {
    call();
    let once = time(call, 1).max(1e-9);
    (ROUND.as_secs_f64() / once).clamp(1.0, 10_000.0) as u32
}

fn time(call: &mut impl FnMut(), calls: u32) -> f64 {
    let started = Instant::now();
    for _ in 0..calls {
        call();
    }
    started.elapsed().as_secs_f64() / f64::from(calls)
}

pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
