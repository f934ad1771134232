//! Operators that tract has, amended where converters ask for more: for shapes
//! with several open extents, for numbers whose exponentials are too large.

mod flatten;
mod reduce_log_sum_exp;

/// Its operators.
pub const OPERATORS: crate::Table =
    &[("Flatten", flatten::flatten), ("ReduceLogSumExp", reduce_log_sum_exp::reduce_log_sum_exp)];
