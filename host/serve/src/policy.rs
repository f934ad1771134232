//! How a model is run: what one instance answers, how requests are joined, how
//! many may wait. An operator's decision, not the module's.

use std::time::Duration;

/// How long an instance lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// A fresh one for each request: nothing can pass from one to another.
    #[default]
    Request,
    /// A fresh one for each batch of joined requests.
    Batch,
    /// Used again for so many calls, unless one of them fails.
    Warm {
        /// Calls until it is replaced.
        calls: u32,
    },
}

/// How requests are joined. Not at all where each has an instance of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Rows of a batch at most. A request that has more runs alone.
    pub max_rows: u64,
    /// How long the first request waits for others. With zero, only those are
    /// joined that wait anyway.
    pub max_wait: Duration,
    /// Numbers of rows that run well, in ascending order. A batch that is as large
    /// as one of them does not wait.
    pub preferred_rows: Vec<u64>,
}

impl Default for Batching {
    fn default() -> Self {
        Batching { max_rows: 64, max_wait: Duration::ZERO, preferred_rows: Vec::new() }
    }
}

impl Batching {
    /// How many of `waiting` rows a batch takes at most.
    pub(crate) fn rows(&self, waiting: u64) -> u64 {
        let preferred = self.preferred_rows.iter().rev().find(|rows| **rows <= waiting);
        preferred.copied().unwrap_or(self.max_rows).min(self.max_rows)
    }

    /// Whether so many rows need not wait for more.
    pub(crate) fn is_enough(&self, waiting: u64) -> bool {
        let least = self.preferred_rows.first().copied().unwrap_or(self.max_rows);
        self.max_wait.is_zero() || waiting >= least.min(self.max_rows)
    }
}

/// Everything that an operator decides for one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// How long an instance lives.
    pub isolation: Isolation,
    /// How requests are joined.
    pub batching: Batching,
    /// Requests that may wait; beyond that they are refused.
    pub queue: usize,
    /// Instances that run at the same time at most.
    pub instances: usize,
    /// Of the threads' time, compared to that of other models where both are busy.
    pub share: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            isolation: Isolation::default(),
            batching: Batching::default(),
            queue: 128,
            instances: usize::MAX,
            share: 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preferred_size_is_taken_where_there_are_enough() {
        let batching =
            Batching { max_rows: 32, max_wait: Duration::ZERO, preferred_rows: vec![4, 8, 64] };
        let taken = [1, 4, 7, 8, 40, 100].map(|waiting| batching.rows(waiting));
        assert_eq!(taken, [32, 4, 4, 8, 8, 32]);
        assert_eq!(Batching::default().rows(1000), 64);
    }

    #[test]
    fn only_who_may_wait_waits() {
        let wait = |preferred_rows| Batching {
            max_rows: 32,
            max_wait: Duration::from_millis(2),
            preferred_rows,
        };
        assert!(Batching::default().is_enough(1));
        assert!(!wait(vec![]).is_enough(31) && wait(vec![]).is_enough(32));
        assert!(!wait(vec![8, 16]).is_enough(7) && wait(vec![8, 16]).is_enough(8));
    }
}
