//! Operators of ONNX's own domain on numbers and text, a file for each or for a
//! few that belong together.

mod attention;
mod bits;
mod columns;
mod cumulative;
mod det;
mod gates;
mod loss;
mod optional;
mod pool;
mod random;
mod recurrent_attention;
mod sampling;
mod slices;
mod strings;
mod unique;

/// Its operators.
pub const OPERATORS: crate::Table = &[
    ("AffineGrid", sampling::affine_grid),
    ("Attention", attention::attention),
    ("Bernoulli", random::bernoulli),
    ("BitCast", bits::bit_cast),
    ("BitShift", bits::bit_shift),
    ("CausalConvWithState", recurrent_attention::causal_conv),
    ("Celu", gates::celu),
    ("CenterCropPad", slices::center_crop_pad),
    ("Col2Im", columns::col2im),
    ("CumProd", cumulative::cum_prod),
    ("DeformConv", sampling::deform_conv),
    ("Det", det::det),
    ("LinearAttention", recurrent_attention::linear_attention),
    ("LpPool", pool::lp_pool),
    ("MaxUnpool", pool::max_unpool),
    ("NegativeLogLikelihoodLoss", loss::negative_log_likelihood),
    ("OneHot", slices::one_hot),
    ("OptionalGetElement", optional::get_element),
    ("OptionalHasElement", optional::has_element),
    ("RandomNormalLike", random::normal_like),
    ("RandomUniformLike", random::uniform_like),
    ("RegexFullMatch", strings::full_match),
    ("ReverseSequence", slices::reverse_sequence),
    ("RoiAlign", sampling::roi_align),
    ("SoftmaxCrossEntropyLoss", loss::softmax_cross_entropy),
    ("StringConcat", strings::concat),
    ("StringSplit", strings::split),
    ("SwiGLU", gates::swiglu),
    ("Swish", gates::swish),
    ("TensorScatter", slices::tensor_scatter),
    ("Unique", unique::unique),
];

/// Operators that tract has in part.
pub const FALLBACKS: crate::Table = &[];
