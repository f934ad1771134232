"""Writes cases.json: small random models of a node each, with what ONNX Runtime
1.32.0 makes of them. Needs numpy, onnx and onnxruntime; run it in this folder.
"""

import json

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(7)
cases = []


def f(*shape, low=-2.0, high=2.0):
    return random.uniform(low, high, shape).round(3).astype(np.float32)


def u8(*shape):
    return random.integers(0, 256, shape).astype(np.uint8)


def i8(*shape):
    return random.integers(-128, 128, shape).astype(np.int8)


def ints(*values):
    return np.array(values, np.int64)


def s(x):
    return np.float32(x)


def array(value):
    value = np.asarray(value)
    text = value.dtype.kind in "OUS"
    data = [str(x) if text else x.item() for x in value.ravel()]
    if value.dtype.kind == "f":
        data = [float(f"{x:.6g}") if np.isfinite(x) else str(x) for x in data]
    return {"type": "str" if text else value.dtype.name, "shape": list(value.shape), "data": data}


def case(op, inputs, outputs=1, opset=21, domain="", weights=(), tolerance=1e-4, name="", **attributes):
    """Inputs at the positions in `weights` are constants of the model."""
    # The quantiser's softmax has an attribute of this name.
    if op == "QLinearSoftmax":
        attributes["opset"] = opset
    names = [f"x{index}" if value is not None else "" for index, value in enumerate(inputs)]
    inputs = [None if value is None else np.asarray(value) for value in inputs]
    results = [f"y{index}" for index in range(outputs)] if isinstance(outputs, int) else outputs
    node = helper.make_node(op, names, results, domain=domain, **attributes)
    given, constants = [], []
    for index, (label, value) in enumerate(zip(names, inputs)):
        if value is None:
            continue
        if index in weights or weights == "all":
            constants.append(numpy_helper.from_array(value, label))
        else:
            kind = TensorProto.STRING if value.dtype.kind in "OU" else helper.np_dtype_to_tensor_dtype(value.dtype)
            given.append((helper.make_tensor_value_info(label, kind, value.shape), value))
    graph = helper.make_graph(
        [node],
        "case",
        [info for info, _ in given],
        [onnx.ValueInfoProto(name=label) for label in results if label],
        constants,
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    label = name or f"{op}_{sum(c['name'].startswith(op) for c in cases)}"
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        expected = session.run(None, {info.name: value for info, value in given})
    except Exception as error:
        print("left out:", label, str(error).splitlines()[0][:150])
        return
    cases.append(
        {
            "name": label,
            "model": model.SerializeToString().hex(),
            "inputs": [array(value) for _, value in given],
            "outputs": [array(value) for value in expected],
            "tolerance": tolerance,
        }
    )


def microsoft(op, inputs, **rest):
    case(op, inputs, domain="com.microsoft", **rest)


# Quantised operators: results may differ by one, as ONNX Runtime computes some in fixed point.
for make, zero in ((u8, np.uint8(117)), (i8, np.int8(-9))):
    a, b = make(2, 3, 4), make(3, 1)
    out = (s(0.031), zero)
    microsoft("QLinearAdd", [a, s(0.02), zero, b, s(0.03), make(1)[0], *out], tolerance=1)
    microsoft("QLinearMul", [a, s(0.02), zero, b, s(0.03), make(1)[0], *out], tolerance=1)
    microsoft("QLinearSigmoid", [a, s(0.05), zero, s(1 / 256), make(1)[0]], tolerance=1)
    microsoft("QLinearLeakyRelu", [a, s(0.05), zero, s(0.04), zero], alpha=0.2, tolerance=1)
    microsoft("QLinearSoftmax", [a, s(0.05), zero, s(1 / 256), make(1)[0] // 2], opset=13, axis=-1, tolerance=1)
    microsoft("QLinearGlobalAveragePool", [make(2, 3, 4, 5), s(0.05), zero, s(0.03), zero], tolerance=1)
    microsoft("QLinearGlobalAveragePool", [make(2, 4, 5, 3), s(0.05), zero, s(0.03), zero], channels_last=1, tolerance=1)
    pooled = [make(1, 2, 5, 6), s(0.05), zero, s(0.05), zero]
    pool = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1], "tolerance": 1}
    microsoft("QLinearAveragePool", pooled, **pool)
    microsoft("QLinearAveragePool", pooled, count_include_pad=1, **pool)
    microsoft("QLinearAveragePool", pooled, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, tolerance=1)
    parts = [make(2, 3), s(0.02), zero, make(2, 2), s(0.05), zero]
    microsoft("QLinearConcat", [s(0.04), zero, *parts], axis=1, tolerance=1)
    condition = random.integers(0, 2, (3, 4)).astype(bool)
    chosen = [make(2, 3, 4), s(0.02), zero, make(4), s(0.05), zero, s(0.04), zero]
    microsoft("QLinearWhere", [condition, *chosen], tolerance=1)
    # Products.
    x, w = make(3, 5), make(5, 4)
    bias = random.integers(-500, 500, (4,)).astype(np.int32)
    scales, zeros = f(4, low=0.01, high=0.05), make(4)
    microsoft("QGemm", [x, s(0.02), zero, w, s(0.03), zero, bias, s(0.1), zero], tolerance=1)
    microsoft("QGemm", [x, s(0.02), zero, w.T.copy(), scales, zeros, bias], transB=1, weights=(3, 4, 5, 6), alpha=0.5)
    # Halved, as sums of large signed products saturate on x86 without VNNI.
    half = w // 2
    microsoft("DynamicQuantizeMatMul", [f(2, 3, 5), half, s(0.02), zero, f(4)], tolerance=1e-3)
    microsoft("DynamicQuantizeMatMul", [f(3, 5), half, scales, zeros], weights=(1, 2, 3), tolerance=1e-3)
    microsoft("MatMulIntegerToFloat", [x, w, s(0.02), s(0.03), zero, zero, f(4)])
    microsoft("MatMulIntegerToFloat", [make(2, 3, 5), w, s(0.02), scales, None, zeros], weights=(1, 3, 5))
    case("QLinearMatMul", [x, s(0.02), zero, w, s(0.03), zero, s(0.1), zero], tolerance=1)
    case("QLinearMatMul", [make(2, 3, 5), s(0.02), zero, make(2, 5, 4), s(0.03), zero, s(0.1), zero], tolerance=1)
    case("QLinearMatMul", [x, s(0.02), zero, w, scales, zeros, s(0.1), zero], weights=(3, 4, 5), tolerance=1)
    case("MatMulInteger", [x, w, zero, zero])
    case("MatMulInteger", [make(2, 3, 5), w, zero, zeros], weights=(1, 3))
    image, kernel = make(1, 2, 5, 5), make(4, 2, 3, 3)
    case("ConvInteger", [image, kernel, zero, zero], pads=[1, 1, 1, 1])
    convolved = [image, s(0.02), zero, kernel, s(0.03), zero, s(0.3), zero, bias]
    case("QLinearConv", convolved, pads=[1, 0, 0, 1], weights=(3, 4, 5, 8), tolerance=1)
    each = [image, s(0.02), zero, kernel, scales, np.zeros(4, kernel.dtype) if make is i8 else zeros, s(0.3), zero]
    case("QLinearConv", each, strides=[2, 2], weights=(3, 4, 5), tolerance=1)
for kind in (np.uint8, np.int8, np.uint16, np.int16):
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    zero = kind((low + high + 1) // 2)
    x = f(2, 6, low=low * 0.03, high=high * 0.03)
    case("QuantizeLinear", [x, s(0.021), zero], tolerance=0)
    case("QuantizeLinear", [x, f(6, low=0.01, high=0.1), np.full(6, zero)], axis=1, tolerance=0)
    q = random.integers(low, high, (2, 6)).astype(kind)
    case("DequantizeLinear", [q, s(0.021), zero])
    case("DequantizeLinear", [q, f(2, low=0.01, high=0.1), np.full(2, zero)], axis=0)
    case("DequantizeLinear", [q, f(2, 3, low=0.01, high=0.1), np.full((2, 3), zero)], axis=1, block_size=2)
    case("QuantizeLinear", [x, f(2, 3, low=0.01, high=0.1), np.full((2, 3), zero)], axis=1, block_size=2, tolerance=0)

# Recurrent layers.
for op, gates, last in (("LSTM", 4, 3), ("GRU", 3, 2), ("RNN", 1, 2)):
    for direction in ("forward", "reverse", "bidirectional"):
        count = 2 if direction == "bidirectional" else 1
        length, batch, width, size = 4, 3, 2, 3
        x = f(length, batch, width)
        w, r = f(count, gates * size, width), f(count, gates * size, size)
        b, h = f(count, 2 * gates * size), f(count, batch, size)
        layer = {"hidden_size": size, "direction": direction, "weights": (1, 2, 3, 7)}
        lengths = np.array([4, 2, 3], np.int32)
        case(op, [x, w, r], outputs=last, **layer)
        given = [x, w, r, b, lengths, h]
        if op == "LSTM":
            given += [f(count, batch, size), f(count, 3 * size)]
            case(op, given, outputs=last, **layer, clip=0.7)
        if op == "GRU":
            case(op, given, outputs=last, **layer, linear_before_reset=1)
        case(op, given, outputs=last, **layer)

# Other than here, its inputs are quantised as well, so that results differ more;
# weights are halved for the same reason as above.
for columns in ((), (12,)):
    x, w, r, zero = f(4, 2, 5), i8(2, 5, 12) // 2, i8(2, 3, 12) // 2, np.zeros((2, *columns), np.int8)
    scale = f(2, *columns, low=0.005, high=0.01)
    given = [x, w, r, f(2, 24), None, None, None, None, scale, zero, scale, zero]
    microsoft("DynamicQuantizeLSTM", given, outputs=3, hidden_size=3, direction="bidirectional",
              weights=(1, 2, 3, 8, 9, 10, 11), tolerance=0.03)

# Sampling.
image = f(1, 2, 6, 5)
for mode in ("nearest", "linear", "cubic"):
    for places in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric"):
        resized = {"mode": mode, "coordinate_transformation_mode": places, "weights": (2, 3)}
        case("Resize", [image, None, np.array([1, 1, 2, 1.6], np.float32)], **resized)
        case("Resize", [image, None, None, ints(1, 2, 4, 3)], **resized)
for mode in ("linear", "cubic"):
    case("Resize", [image, None, None, ints(1, 2, 3, 2)], mode=mode, antialias=1, weights=(2, 3), tolerance=2e-3)
case("Resize", [image, None, None, ints(9, 8)], axes=[3, 2], keep_aspect_ratio_policy="not_larger", weights=(3,))
case("Resize", [image, np.float32([0, 0, 0.1, 0.3, 1, 1, 0.8, 1.2]), None, ints(1, 2, 4, 4)],
     mode="linear", coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=7.0, weights=(3,))
case("Upsample", [image, np.array([1, 1, 2, 3], np.float32)], opset=9, mode="linear")
case("Upsample", [image, np.array([1, 1, 2, 3], np.float32)], opset=9)
regions = np.array([[0, 0, 4, 4], [1, 2, 3, 5], [-3, 0, 9, 9]], np.float32)
for mode in ("avg", "max"):
    roi = {"mode": mode, "output_height": 2, "output_width": 3, "spatial_scale": 0.9, "opset": 16}
    case("RoiAlign", [f(2, 2, 6, 5), regions, ints(0, 1, 0)], sampling_ratio=2, **roi)
case("RoiAlign", [f(2, 2, 6, 5), regions, ints(0, 1, 0)], output_height=2, output_width=2, opset=10)
case("DeformConv", [f(1, 4, 5, 5), f(4, 2, 3, 3), f(1, 36, 3, 3), f(4), f(1, 18, 3, 3, low=0.0)],
     opset=22, group=2, offset_group=2, pads=[1, 1, 1, 1], strides=[2, 2], tolerance=1e-3)
for align in (0, 1):
    case("AffineGrid", [f(2, 2, 3), ints(2, 1, 3, 4)], align_corners=align, opset=20)
    case("AffineGrid", [f(1, 3, 4), ints(1, 1, 2, 3, 4)], align_corners=align, opset=20)
case("Col2Im", [f(1, 8, 6), ints(4, 5), ints(2, 2)], strides=[2, 2], pads=[0, 0, 0, 1], dilations=[1, 1], opset=18)

# Pooling.
case("LpPool", [f(1, 2, 5, 6)], kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1], p=3)
case("LpPool", [f(1, 2, 7)], kernel_shape=[3], auto_pad="SAME_UPPER", strides=[2])
case("LpPool", [f(1, 1, 6, 6)], kernel_shape=[2, 2], strides=[3, 3], dilations=[2, 2], ceil_mode=1)
case("MaxUnpool", [f(1, 1, 2, 2), ints(0, 3, 10, 13).reshape(1, 1, 2, 2)], kernel_shape=[2, 2], strides=[2, 2])

# Attention.
q, k, v = f(2, 4, 3, 8), f(2, 2, 5, 8), f(2, 2, 5, 6)
case("Attention", [q, k, v], opset=23)
case("Attention", [q, k, v, f(3, 5)], opset=23, softcap=2.0, scale=0.3)
case("Attention", [q, k, v, random.integers(0, 2, (2, 1, 3, 5)).astype(bool)], opset=23)
case("Attention", [f(2, 3, 32), f(2, 5, 16), f(2, 5, 16), None], opset=23, q_num_heads=4, kv_num_heads=2)
case("Attention", [q, k, v, f(2, 4, 3, 9), f(2, 2, 4, 8), f(2, 2, 4, 6)], opset=23, outputs=3)
case("Attention", [q, k, v, None, f(2, 2, 4, 8), f(2, 2, 4, 6)], opset=23, outputs=4, is_causal=1)

# Slices and the like.
x = f(3, 4, 5)
for op, given in (
    ("Slice", [x, ints(1, -1), ints(-1, -9), ints(0, 2), ints(1, -2)]),
    ("Slice", [x, ints(-9), ints(99), ints(1)]),
    ("Pad", [x, ints(1, 0, 2, -1, 1, 0), s(1.5)]),
    ("Pad", [x, ints(1, -1), None, ints(2)]),
    ("Split", [x, ints(1, 3)]),
):
    rest = {"outputs": 2, "axis": 1} if op == "Split" else {}
    case(op, given, **rest)
for mode in ("edge", "reflect", "wrap"):
    case("Pad", [x, ints(1, 2, 0, 2, 1, 3)], mode=mode)
case("Range", [np.int32(10), np.int32(-3), np.int32(-4)])
case("Range", [s(1), s(2.1), s(0.25)])
case("CenterCropPad", [x, ints(4, 2)], axes=[0, 2], opset=18)
case("ReverseSequence", [x, ints(1, 3, 2, 0)], batch_axis=1, time_axis=0)
case("TensorScatter", [f(2, 3, 4), f(2, 2, 4), ints(2, 0)], axis=1, mode="circular", opset=24)
case("OneHot", [ints(0, -1, 7, 2), np.int64(3), f(2)], axis=0)
case("Unique", [ints(3, 1, 3, 2, 1)], outputs=4)
case("Unique", [ints(3, 1, 3, 2, 1)], outputs=4, sorted=0)
case("Unique", [np.float32([[1, 0], [0, 1], [1, 0]])], outputs=4, axis=0)
case("Det", [f(2, 2, 3, 3)])
case("BitShift", [np.uint8([1, 200, 3]), np.uint8([7, 1, 2])], direction="LEFT")
case("MatMul", [f(4), f(4)])
case("ReduceMax", [f(2, 3, 4), ints(-1, 0)], keepdims=0)
case("ReduceMin", [np.int8([[1, -5], [3, 2]])], keepdims=1)
case("ReduceMax", [np.full((2, 2), -np.inf, np.float32), ints(1)])
case("BatchNormalization", [f(2, 3, 4), f(3), f(3), f(3), f(3, low=0.1)], outputs=3, training_mode=1, momentum=0.7, tolerance=1e-3)
case("SpaceToDepth", [f(1, 2, 4, 6)], blocksize=2)
case("ConstantOfShape", [ints(2, 3)], weights=(0,))
words = np.array(["a b  c", "", " x ", "one"], object)
case("StringSplit", [words], outputs=2, opset=20)
case("StringSplit", [words], outputs=2, opset=20, delimiter=" ", maxsplit=1)
case("StringConcat", [words, np.array(["!"], object)], opset=20)
case("RegexFullMatch", [words], opset=20, pattern="[a-z]+|a .*")
case("Swish", [f(2, 3)], opset=24, alpha=1.7)
case("Celu", [f(2, 3)], alpha=1.7)

with open("cases.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")
print(len(cases), "cases")
