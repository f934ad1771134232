//! Operators of which tract has less than converters ask for: shapes with several
//! open extents, numbers whose exponentials are too large, sequences at the end,
//! counts that are known only once an operator ran,
//! products in half precision.

mod flatten;
mod gemm;
mod non_zero;
mod reduce_log_sum_exp;
mod sequence_construct;

/// Its operators.
pub const OPERATORS: crate::Table = &[
    ("Flatten", flatten::flatten),
    ("Gemm", gemm::gemm),
    ("NonZero", non_zero::non_zero),
    ("ReduceLogSumExp", reduce_log_sum_exp::reduce_log_sum_exp),
    ("SequenceConstruct", sequence_construct::sequence_construct),
];
