//! Operators of ONNX's own domain on numbers and text, a file for each or for a
//! few that belong together.

mod attention;
mod batch_norm;
mod bits;
mod columns;
mod constants;
mod cumulative;
mod depth;
mod det;
mod gates;
mod loss;
mod one_hot;
mod optional;
mod pad;
mod parts;
mod pool;
mod products;
mod random;
mod range;
mod recurrent;
mod recurrent_attention;
mod reduce;
mod resize;
mod sampling;
mod slices;
mod strings;
mod unique;

pub use attention::softmax;

/// Its operators.
pub const OPERATORS: crate::Table = &[
    ("AffineGrid", sampling::affine_grid),
    ("Attention", attention::attention),
    ("Bernoulli", random::bernoulli),
    ("BatchNormalization", batch_norm::batch_norm),
    ("BitCast", bits::bit_cast),
    ("BitShift", bits::bit_shift),
    ("CausalConvWithState", recurrent_attention::causal_conv),
    ("Celu", gates::celu),
    ("CenterCropPad", slices::center_crop_pad),
    ("Col2Im", columns::col2im),
    ("ConstantOfShape", constants::constant_of_shape),
    ("CumProd", cumulative::cum_prod),
    ("DeformConv", sampling::deform_conv),
    ("Det", det::det),
    ("Dropout", random::dropout),
    ("DynamicQuantizeLSTM", recurrent::any_lstm),
    ("GRU", recurrent::layer),
    ("LSTM", recurrent::layer),
    ("LinearAttention", recurrent_attention::linear_attention),
    ("LpPool", pool::lp_pool),
    ("MaxUnpool", pool::max_unpool),
    ("NegativeLogLikelihoodLoss", loss::negative_log_likelihood),
    ("OneHot", one_hot::one_hot),
    ("OptionalGetElement", optional::get_element),
    ("OptionalHasElement", optional::has_element),
    ("RNN", recurrent::layer),
    ("RandomNormalLike", random::normal_like),
    ("RandomUniformLike", random::uniform_like),
    ("ReduceMax", reduce::max),
    ("ReduceMin", reduce::min),
    ("RegexFullMatch", strings::full_match),
    ("Resize", resize::resize),
    ("ReverseSequence", slices::reverse_sequence),
    ("RoiAlign", sampling::roi_align),
    ("SoftmaxCrossEntropyLoss", loss::softmax_cross_entropy),
    ("SpaceToDepth", depth::space_to_depth),
    ("StringConcat", strings::concat),
    ("StringSplit", strings::split),
    ("SwiGLU", gates::swiglu),
    ("Swish", gates::swish),
    ("TensorScatter", slices::tensor_scatter),
    ("Unique", unique::unique),
    ("Upsample", resize::upsample),
];

/// Operators that tract has in part.
pub const FALLBACKS: crate::Table = &[
    ("GRU", recurrent::any_gru),
    ("LSTM", recurrent::any_lstm),
    ("MatMul", products::inner_product),
    ("RNN", recurrent::any_rnn),
    ("Resize", resize::any),
];

/// Operators that tract plans anew for other values of their inputs, or panics at.
pub const DIRECT: crate::Table =
    &[("Pad", pad::pad), ("Range", range::range), ("Slice", parts::slice), ("Split", parts::split)];
