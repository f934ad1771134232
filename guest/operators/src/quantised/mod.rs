//! Operators on quantised integers, of ONNX and of ONNX Runtime's quantiser.

mod linear;
mod pointwise;
mod products;
mod scheme;

pub use scheme::dequantised;

/// Its operators.
pub const OPERATORS: crate::Table = &[
    ("DequantizeLinear", linear::dequantize),
    ("DynamicQuantizeMatMul", products::dynamic_quantize_mat_mul),
    ("MatMulIntegerToFloat", products::mat_mul_integer_to_float),
    ("QGemm", products::q_gemm),
    ("QLinearAdd", pointwise::add),
    ("QLinearAveragePool", pointwise::average_pool),
    ("QLinearConcat", pointwise::concat),
    ("QLinearGlobalAveragePool", pointwise::global_average_pool),
    ("QLinearLeakyRelu", pointwise::leaky_relu),
    ("QLinearMul", pointwise::mul),
    ("QLinearSigmoid", pointwise::sigmoid_of),
    ("QLinearSoftmax", pointwise::softmax_of),
    ("QLinearWhere", pointwise::select),
    ("QuantizeLinear", linear::quantize),
];

/// Operators that tract has in part.
pub const FALLBACKS: crate::Table = &[
    ("DequantizeLinear", linear::any_dequantize),
    ("QLinearMatMul", products::q_linear_mat_mul),
    ("QuantizeLinear", linear::any_quantize),
];
