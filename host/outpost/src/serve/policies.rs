//! How a model is run, as the configuration says it: once for all models, and over
//! that for single ones.

use outpost_serve::{Batching, Isolation, Policy};
use serde::Deserialize;
use std::time::Duration;

/// Calls of a warm instance, where nothing is said.
const WARM_CALLS: u32 = 1000;

/// The keys as they are written. What is not said is as for all models.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    isolation: Option<IsolationFile>,
    warm_calls: Option<u32>,
    queue: Option<usize>,
    instances: Option<usize>,
    share: Option<f64>,
    max_batch_rows: Option<u64>,
    max_batch_wait_ms: Option<f64>,
    preferred_batch_rows: Option<Vec<u64>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum IsolationFile {
    Request,
    Batch,
    Warm,
}

impl RunFile {
    /// Everything wrong with the keys of the table `place`.
    pub fn faults(&self, place: &str, faults: &mut Vec<String>) {
        let mut fault = |name: &str, what: &str| faults.push(format!("`{place}.{name}` {what}"));
        for (name, zero) in [
            ("warm_calls", self.warm_calls == Some(0)),
            ("queue", self.queue == Some(0)),
            ("instances", self.instances == Some(0)),
            ("max_batch_rows", self.max_batch_rows == Some(0)),
        ] {
            if zero {
                fault(name, "must be at least 1");
            }
        }
        if self.share.is_some_and(|share| !(0.001..=1000.0).contains(&share)) {
            fault("share", "must be from 0.001 to 1000");
        }
        if self.max_batch_wait_ms.is_some_and(|wait| !(0.0..=10_000.0).contains(&wait)) {
            fault("max_batch_wait_ms", "must be from 0 to 10000");
        }
        if let Some(rows) = &self.preferred_batch_rows
            && (rows.first() == Some(&0) || !rows.is_sorted_by(|a, b| a < b))
        {
            fault("preferred_batch_rows", "must be numbers above 0 in ascending order");
        }
    }

    /// What it makes of what is so for all models.
    pub fn over(&self, all: &Policy) -> Policy {
        let calls = match all.isolation {
            Isolation::Warm { calls } => calls,
            _ => WARM_CALLS,
        };
        let calls = self.warm_calls.unwrap_or(calls);
        let isolation = match (self.isolation, all.isolation) {
            (Some(IsolationFile::Request), _) => Isolation::Request,
            (Some(IsolationFile::Batch), _) => Isolation::Batch,
            (Some(IsolationFile::Warm), _) | (None, Isolation::Warm { .. }) => {
                Isolation::Warm { calls }
            }
            (None, other) => other,
        };
        let wait = self.max_batch_wait_ms.map(|wait| Duration::from_secs_f64(wait / 1000.0));
        Policy {
            isolation,
            queue: self.queue.unwrap_or(all.queue),
            instances: self.instances.unwrap_or(all.instances),
            share: self.share.unwrap_or(all.share),
            batching: Batching {
                max_rows: self.max_batch_rows.unwrap_or(all.batching.max_rows),
                max_wait: wait.unwrap_or(all.batching.max_wait),
                preferred_rows: (self.preferred_batch_rows.clone())
                    .unwrap_or_else(|| all.batching.preferred_rows.clone()),
            },
        }
    }
}
