//! Operators of which tract has less than converters ask for: shapes with several
//! open extents, numbers whose exponentials are too large, sequences at the end.

mod flatten;
mod reduce_log_sum_exp;
mod sequence_construct;

/// Its operators.
pub const OPERATORS: crate::Table = &[
    ("Flatten", flatten::flatten),
    ("ReduceLogSumExp", reduce_log_sum_exp::reduce_log_sum_exp),
    ("SequenceConstruct", sequence_construct::sequence_construct),
];
