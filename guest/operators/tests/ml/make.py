"""Writes cases.jsonl: models of one node each, inputs, and what ONNX Runtime makes of them.

What the node tests of the onnx package do not cover: every transform at the end, every kernel,
labels of both kinds, inputs of every type, rows without an axis for the batch.

    python -m venv venv && venv/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
    venv/bin/python make.py

A line is a case: its name, the model in base 64, inputs and outputs. Numbers that JSON lacks
are strings. Cases that ONNX Runtime refuses are not written, but told.
"""

import base64
import itertools
import json
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

ort.set_default_logger_severity(4)
random = np.random.default_rng(7)
cases, refused = [], []

F, D, I32, I64, S = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.STRING,
)
NUMPY = {F: np.float32, D: np.float64, I32: np.int32, I64: np.int64, S: np.object_, TensorProto.UINT32: np.uint32}
NAMES = {F: "FP32", D: "FP64", I32: "INT32", I64: "INT64", S: "BYTES", TensorProto.UINT32: "UINT32"}
ONNX = {np.dtype(kind): number for number, kind in NUMPY.items() if number != S}
TRANSFORMS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]
LABELS = {
    "ints": {"classlabels_ints": [7, -3, 11, 5]},
    "strings": {"classlabels_strings": ["ant", "bée", "cat", ""]},
}


def number(x):
    if x != x:
        return "nan"
    if x in (float("inf"), float("-inf")):
        return "inf" if x > 0 else "-inf"
    return x


def tensor(array):
    if array.dtype.kind in "OUS":
        kind, data = "BYTES", [str(x) for x in array.flatten()]
    else:
        kind = NAMES[ONNX[array.dtype]]
        # Nine digits are enough for single precision.
        short = (lambda x: float(f"{x:.9g}")) if kind == "FP32" else float
        data = [number(short(x)) if array.dtype.kind == "f" else int(x) for x in array.flatten()]
    return {"datatype": kind, "shape": list(array.shape), "data": data}


def case(name, op, inputs, outputs, ml=3, opset=18, domain="ai.onnx.ml", fixed=False, **attributes):
    """Inputs are arrays, outputs ONNX types; extents are left open unless `fixed`."""
    attributes = {k: v for k, v in attributes.items() if v is not None}
    ins = [f"x{i}" for i in range(len(inputs))]
    outs = [f"y{i}" for i in range(len(outputs))]
    types = [S if a.dtype.kind in "OUS" else ONNX[a.dtype] for a in inputs]
    node = helper.make_node(op, ins, outs, domain=domain, **attributes)
    graph = helper.make_graph(
        [node],
        name,
        [helper.make_tensor_value_info(n, t, a.shape if fixed else [None] * a.ndim) for n, t, a in zip(ins, types, inputs)],
        [helper.make_tensor_value_info(n, t, None) for n, t in zip(outs, outputs)],
    )
    model = helper.make_model(
        graph,
        opset_imports=[
            helper.make_opsetid("", opset),
            helper.make_opsetid("ai.onnx.ml", ml),
            helper.make_opsetid("com.microsoft", 1),
        ],
        ir_version=8,
    )
    data = model.SerializeToString()
    try:
        session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
        given = {n: a.astype(object) if a.dtype.kind in "US" else a for n, a in zip(ins, inputs)}
        results = session.run(None, given)
    except Exception as error:
        refused.append((name, str(error).replace("\n", " ")[:200]))
        return
    cases.append(
        {
            "name": name,
            "model": base64.b64encode(data).decode(),
            "inputs": [tensor(a) for a in inputs],
            "outputs": [tensor(np.asarray(r)) for r in results],
        }
    )


def floats(*shape, scale=1.0):
    """Few digits, so that the file stays small."""
    return (np.round(random.normal(size=shape) * scale * 64) / 64).astype(np.float32)


def listed(array):
    return [float(x) for x in array.flatten()]


def cast(array, kind):
    return np.round(array * 3).astype(NUMPY[kind]) if kind in (I32, I64) else array.astype(NUMPY[kind])


def linear():
    for labels, transform, classes in itertools.product(LABELS, TRANSFORMS, [1, 2, 3]):
        if classes == 1 and transform == "PROBIT":  # ONNX Runtime leaves the second column to chance.
            continue
        names = {k: v[: max(classes, 2)] for k, v in LABELS[labels].items()}
        case(
            f"linear_classifier_{classes}_{labels}_{transform}",
            "LinearClassifier",
            [floats(5, 4)],
            [I64 if labels == "ints" else S, F],
            coefficients=listed(floats(classes, 4, scale=0.3)),
            intercepts=listed(floats(classes, scale=0.3)),
            post_transform=transform,
            **names,
        )
    for kind in (D, I32, I64):
        case(
            f"linear_classifier_{NAMES[kind]}",
            "LinearClassifier",
            [cast(floats(5, 4), kind)],
            [I64, F],
            coefficients=listed(floats(3, 4)),
            intercepts=listed(floats(3)),
            classlabels_ints=[0, 1, 2],
        )
    case(
        "linear_classifier_row",
        "LinearClassifier",
        [floats(4)],
        [I64, F],
        coefficients=listed(floats(3, 4)),
        intercepts=listed(floats(3)),
        classlabels_ints=[0, 1, 2],
    )
    for transform, targets in itertools.product(TRANSFORMS, [1, 3]):
        case(
            f"linear_regressor_{targets}_{transform}",
            "LinearRegressor",
            [floats(5, 4)],
            [F],
            coefficients=listed(floats(targets, 4, scale=0.3)),
            intercepts=listed(floats(targets, scale=0.3)),
            post_transform=transform,
            targets=targets,
        )
    case("linear_regressor_row", "LinearRegressor", [floats(4)], [F], coefficients=listed(floats(4)), targets=1)
    case("linear_regressor_wide", "LinearRegressor", [floats(3, 37)], [F], coefficients=listed(floats(74)), targets=2)


KERNELS = {
    "LINEAR": [0.0, 0.0, 0.0],
    "POLY": [0.25, 0.5, 3.0],
    "RBF": [0.25, 0.0, 0.0],
    "SIGMOID": [0.25, 0.5, 0.0],
}


def machine(classes, supports, features=4):
    """Attributes of a classifier with that many vectors in each class."""
    total = sum(supports)
    pairs = classes * (classes - 1) // 2
    return {
        "support_vectors": listed(floats(total, features)),
        "vectors_per_class": supports,
        "coefficients": listed(floats(classes - 1, total)),
        "rho": listed(floats(pairs, scale=0.3)),
    }


def svm():
    for kernel, params in KERNELS.items():
        case(
            f"svm_regressor_{kernel}",
            "SVMRegressor",
            [floats(5, 4)],
            [F],
            kernel_type=kernel,
            kernel_params=params,
            support_vectors=listed(floats(6, 4)),
            n_supports=6,
            coefficients=listed(floats(6)),
            rho=[0.375],
        )
        case(
            f"svm_classifier_{kernel}",
            "SVMClassifier",
            [floats(9, 4)],
            [I64, F],
            kernel_type=kernel,
            kernel_params=params,
            classlabels_ints=[4, 2, 9],
            **machine(3, [2, 4, 3]),
        )
    case(
        "svm_regressor_poly_2_5",
        "SVMRegressor",
        [np.abs(floats(5, 4))],
        [F],
        kernel_type="POLY",
        kernel_params=[0.25, 0.5, 2.5],
        support_vectors=listed(np.abs(floats(6, 4))),
        n_supports=6,
        coefficients=listed(floats(6)),
        rho=[0.375],
    )
    for one_class in (0, 1):
        case(
            f"svm_regressor_linear_{one_class}",
            "SVMRegressor",
            [floats(5, 4)],
            [F],
            kernel_type="LINEAR",
            kernel_params=[0.0, 0.0, 0.0],
            n_supports=0,
            coefficients=listed(floats(4)),
            rho=[0.375],
            one_class=one_class,
        )
    case(
        "svm_regressor_one_class",
        "SVMRegressor",
        [floats(9, 4)],
        [F],
        kernel_type="RBF",
        kernel_params=[0.25, 0.0, 0.0],
        support_vectors=listed(floats(6, 4)),
        n_supports=6,
        coefficients=listed(floats(6)),
        rho=[0.0],
        one_class=1,
    )
    case(
        "svm_regressor_row",
        "SVMRegressor",
        [floats(4)],
        [F],
        kernel_type="RBF",
        kernel_params=[0.25, 0.0, 0.0],
        support_vectors=listed(floats(6, 4)),
        n_supports=6,
        coefficients=listed(floats(6)),
        rho=[0.25],
    )
    for labels, transform, classes, proba in itertools.product(LABELS, TRANSFORMS, [2, 3, 4], [False, True]):
        if (labels == "strings" or classes == 4) and transform not in ("NONE", "LOGISTIC"):
            continue
        if classes == 2 and transform == "PROBIT" and not proba:  # As above.
            continue
        pairs = classes * (classes - 1) // 2
        platt = {}
        if proba:
            platt = {"prob_a": listed(-np.abs(floats(pairs)) - 0.5), "prob_b": listed(floats(pairs, scale=0.1))}
        case(
            f"svm_classifier_{classes}_{labels}_{transform}{'_proba' if proba else ''}",
            "SVMClassifier",
            [floats(6, 4)],
            [I64 if labels == "ints" else S, F],
            kernel_type="RBF",
            kernel_params=KERNELS["RBF"],
            post_transform=transform,
            **platt,
            **machine(classes, [2, 3, 1, 2][:classes]),
            **{k: v[:classes] for k, v in LABELS[labels].items()},
        )
    for transform, classes, positive in itertools.product(TRANSFORMS, [1, 2, 3], [False, True]):
        weights = floats(classes, 4, scale=0.3)
        case(
            f"svm_classifier_linear_{classes}_{transform}{'_positive' if positive else ''}",
            "SVMClassifier",
            [floats(6, 4)],
            [I64, F],
            kernel_type="LINEAR",
            kernel_params=[0.0, 0.0, 0.0],
            coefficients=listed(np.abs(weights) if positive else weights),
            rho=[0.25],
            classlabels_ints=[7, -3, 11, 5][:classes],
            post_transform=transform,
        )
    for kind in (D, I32, I64):
        case(
            f"svm_classifier_{NAMES[kind]}",
            "SVMClassifier",
            [cast(floats(5, 4), kind)],
            [I64, F],
            kernel_type="RBF",
            kernel_params=KERNELS["RBF"],
            classlabels_ints=[0, 1],
            **machine(2, [2, 3]),
        )
    case(
        "svm_classifier_row",
        "SVMClassifier",
        [floats(4)],
        [I64, F],
        kernel_type="RBF",
        kernel_params=KERNELS["RBF"],
        classlabels_ints=[0, 1, 2],
        **machine(3, [2, 3, 2]),
    )


def preparation():
    for kind in (F, D, I32, I64):
        for norm in ("MAX", "L1", "L2"):
            x = cast(floats(4, 3), kind)
            x[1] = 0
            x[2] = -np.abs(x[2])
            case(f"normalizer_{norm}_{NAMES[kind]}", "Normalizer", [x], [F], norm=norm)
        case(
            f"scaler_{NAMES[kind]}",
            "Scaler",
            [cast(floats(4, 3), kind)],
            [F],
            offset=listed(floats(3)),
            scale=listed(floats(3)),
        )
    large = np.array([[1e9 + 0.5, 16777217.0, 2.0]])
    case("scaler_precise", "Scaler", [large], [F], offset=[1e9, 16777216.0, 1.0], scale=[2.0, 2.0, 0.5])
    case("scaler_one", "Scaler", [floats(4, 3)], [F], offset=[0.5], scale=[2.0])
    case("scaler_row", "Scaler", [floats(3)], [F], offset=listed(floats(3)), scale=listed(floats(3)))
    case("normalizer_row", "Normalizer", [floats(3)], [F], norm="L1")
    case("binarizer", "Binarizer", [floats(4, 3)], [F], threshold=0.5)
    case("binarizer_default", "Binarizer", [np.array([[-1, 0, 1]], np.float32)], [F])
    holes = np.array([[1.0, np.nan, 3.0], [np.nan, 0.0, -1.0]], np.float32)
    for values in ([9.0], [7.0, 8.0, 9.0], [7.0, 8.0]):
        case(
            f"imputer_nan_{len(values)}",
            "Imputer",
            [holes],
            [F],
            imputed_value_floats=values,
            replaced_value_float=float("nan"),
        )
        case(
            f"imputer_zero_{len(values)}",
            "Imputer",
            [holes],
            [F],
            imputed_value_floats=values,
            replaced_value_float=0.0,
        )
        case(
            f"imputer_ints_{len(values)}",
            "Imputer",
            [np.array([[1, 0, 3], [0, 0, -1]])],
            [I64],
            imputed_value_int64s=[int(v) for v in values],
            replaced_value_int64=0,
        )
    case(
        "imputer_row", "Imputer", [holes[0]], [F], imputed_value_floats=[7.0, 8.0, 9.0], replaced_value_float=float("nan")
    )
    for kind in (F, D, I32, I64):
        case(
            f"feature_vectorizer_{NAMES[kind]}",
            "FeatureVectorizer",
            [cast(floats(3, 2), kind), cast(floats(3, 4), kind), cast(floats(3, 1), kind)],
            [F],
            inputdimensions=[2, 3, 2],
        )
    case("feature_vectorizer_rows", "FeatureVectorizer", [floats(2), floats(3)], [F], inputdimensions=[2, 3], fixed=True)


def encoders():
    strings = np.array([["b", "a"], ["", "ß"], ["zz", "b"]])
    ints = np.array([[2, 1], [0, -7], [5, 2]])
    for zeros in (0, 1):
        case(f"one_hot_strings_{zeros}", "OneHotEncoder", [strings[:1]], [F], cats_strings=["a", "b", "c"], zeros=zeros)
    case("one_hot_unknown", "OneHotEncoder", [strings], [F], cats_strings=["a", "b", "c", "ß"])
    case("one_hot_row", "OneHotEncoder", [strings[0]], [F], cats_strings=["a", "b", "c"])
    case("one_hot_twice", "OneHotEncoder", [strings], [F], cats_strings=["a", "b", "a"])
    case("one_hot_cube", "OneHotEncoder", [ints.reshape(3, 1, 2)], [F], cats_int64s=[2, -7, 0])
    case("one_hot_no_strings", "OneHotEncoder", [strings], [F], cats_int64s=[2, -7, 0])
    for kind in (F, D, I32, I64):
        x = ints.astype(NUMPY[kind])
        if kind in (F, D):
            x += 0.25
        case(f"one_hot_{NAMES[kind]}", "OneHotEncoder", [x], [F], cats_int64s=[2, -7, 0, 1])
    case("label_encoder_1_strings", "LabelEncoder", [strings], [I64], ml=1, classes_strings=["a", "b", "zz"])
    case(
        "label_encoder_1_ints",
        "LabelEncoder",
        [ints],
        [S],
        ml=1,
        classes_strings=["a", "b", "zz"],
        default_string="none",
    )
    case(
        "label_encoder_1_default", "LabelEncoder", [strings], [I64], ml=1, classes_strings=["a", "b"], default_int64=-5
    )
    keys = {
        "strings": (strings, {"keys_strings": ["a", "b", "", "a"]}),
        "int64s": (ints, {"keys_int64s": [2, -7, 0, 2]}),
        "floats": (
            np.array([[1.5, np.nan], [-0.0, 2.0]], np.float32),
            {"keys_floats": [1.5, float("nan"), 0.0, 1.5]},
        ),
    }
    values = {
        "strings": (S, {"values_strings": ["p", "q", "r", "s"]}, {"default_string": "?"}),
        "int64s": (I64, {"values_int64s": [5, 6, 7, 8]}, {"default_int64": 99}),
        "floats": (F, {"values_floats": [0.5, 1.5, 2.5, 3.5]}, {"default_float": 9.5}),
    }
    for (k, (x, key)), (v, (kind, value, default)), ml in itertools.product(keys.items(), values.items(), (2, 4)):
        case(f"label_encoder_{ml}_{k}_{v}", "LabelEncoder", [x], [kind], ml=ml, **key, **value)
        if ml == 4:
            case(f"label_encoder_{ml}_{k}_{v}_default", "LabelEncoder", [x], [kind], ml=ml, **key, **value, **default)
    tensors = {
        "double": (np.array([1.5, np.nan, 0.0]), D, np.array([2.5, 1.5, np.nan]), D),
        "double_strings": (np.array(["p", "q", "r"]), S, np.array([2.5, 1.5, np.nan]), D),
        "strings_double": (np.array([1.5, np.nan, 0.0]), D, np.array(["b", "", "zz"]), S),
    }
    for name, (value, vkind, key, kkind) in tensors.items():
        as_list = lambda a: [str(x) for x in a] if a.dtype.kind == "U" else a
        fallback = as_list(value[:1])
        case(
            f"label_encoder_4_{name}",
            "LabelEncoder",
            [key[::-1].copy() if kkind != S else strings],
            [vkind],
            ml=4,
            keys_tensor=helper.make_tensor("k", kkind, [3], as_list(key)),
            values_tensor=helper.make_tensor("v", vkind, [3], as_list(value)),
            default_tensor=helper.make_tensor("d", vkind, [1], fallback),
        )
    categories = {"cats_int64s": [5, 2, 5], "cats_strings": ["a", "b", "zz"]}
    case("category_mapper_strings", "CategoryMapper", [strings], [I64], **categories)
    case("category_mapper_ints", "CategoryMapper", [ints], [S], **categories)
    case("category_mapper_default", "CategoryMapper", [ints], [S], default_string="none", **categories)
    case("category_mapper_number", "CategoryMapper", [strings], [I64], default_int64=-9, **categories)
    for kind in (F, D, I32, I64):
        case(
            f"array_feature_extractor_{NAMES[kind]}",
            "ArrayFeatureExtractor",
            [cast(floats(3, 4), kind), np.array([2, 0, 0])],
            [kind],
        )
    case("array_feature_extractor_strings", "ArrayFeatureExtractor", [strings, np.array([1])], [S], fixed=True)
    case("array_feature_extractor_row", "ArrayFeatureExtractor", [floats(4), np.array([[2], [0], [3]])], [F], fixed=True)
    case("array_feature_extractor_cube", "ArrayFeatureExtractor", [floats(2, 2, 3), np.array([[2, 1]])], [F], fixed=True)


def text():
    words = np.array([["one", "two", "two", "three", "one"], ["two", "", "one", "two", "four"]])
    pool = {
        "ngram_counts": [0, 3],
        "ngram_indexes": [2, 0, 1, 4, 3],
        "pool_strings": ["one", "two", "", "two", "two", "one", "two"],
    }
    numbers = np.array([[1, 2, 2, 3, 1], [2, 0, 1, 2, 4]])
    number_pool = {
        "ngram_counts": [0, 3],
        "ngram_indexes": [2, 0, 1, 4, 3],
        "pool_int64s": [1, 2, 0, 2, 2, 1, 2],
    }
    weights = [0.5, 1.5, 2.5, 3.5, 4.5]
    for mode, (low, high), skip, weight in itertools.product(
        ("TF", "IDF", "TFIDF"), ((1, 1), (1, 2), (2, 2)), (0, 2), (None, weights)
    ):
        options = dict(
            mode=mode, min_gram_length=low, max_gram_length=high, max_skip_count=skip, weights=weight, domain=""
        )
        name = f"{mode}_{low}{high}_{skip}{'_weights' if weight else ''}"
        case(f"tf_idf_strings_{name}", "TfIdfVectorizer", [words], [F], **pool, **options)
        if skip == 2:
            case(f"tf_idf_ints_{name}", "TfIdfVectorizer", [numbers], [F], **number_pool, **options)
    options = dict(mode="TF", min_gram_length=1, max_gram_length=2, max_skip_count=0, domain="")
    case("tf_idf_int32", "TfIdfVectorizer", [numbers.astype(np.int32)], [F], **number_pool, **options)
    case("tf_idf_row", "TfIdfVectorizer", [words[0]], [F], **pool, **options)
    case("tf_idf_empty", "TfIdfVectorizer", [words[:, :0]], [F], **pool, **options, fixed=True)
    trigrams = dict(
        mode="TF",
        min_gram_length=2,
        max_gram_length=3,
        max_skip_count=1,
        ngram_counts=[0, 0, 2],
        ngram_indexes=[0, 1, 2],
        pool_int64s=[1, 2, 2, 3, 1, 2, 1, 2, 3],
        domain="",
    )
    trigrams["ngram_counts"] = [0, 0, 4]
    trigrams["pool_int64s"] = [1, 2, 2, 3, 2, 2, 1]
    case("tf_idf_trigrams", "TfIdfVectorizer", [numbers], [F], **trigrams)

    mixed = np.array(["Straße", "THE", "the", "ÀÉÎ", "ﬁx", "İx", "", "ΑΣ"])
    for action, sensitive, stops in itertools.product(
        ("NONE", "LOWER", "UPPER"), (0, 1), (None, ["the", "àéî"], [str(x) for x in mixed if x])
    ):
        case(
            f"string_normalizer_{action}_{sensitive}_{len(stops or [])}",
            "StringNormalizer",
            [mixed],
            [S],
            domain="",
            locale="C.UTF-8",
            case_change_action=action,
            is_case_sensitive=sensitive,
            stopwords=stops,
        )
    options = dict(domain="", locale="C.UTF-8")
    case("string_normalizer_table", "StringNormalizer", [mixed[None]], [S], fixed=True, stopwords=["the"], **options)
    case("string_normalizer_all", "StringNormalizer", [mixed[None, 1:2]], [S], fixed=True, stopwords=["THE"], **options)
    case("string_normalizer_default", "StringNormalizer", [mixed], [S], **options)

    texts = np.array([["a bb, Ccc-dd", "été naïve 42"], ["", "x_y  zz\tq"]])
    for shape, x in {"table": texts, "row": texts[0], "empty": texts[1:, :1]}.items():
        for mark in (0, 1):
            case(
                f"tokenizer_chars_{shape}_{mark}",
                "Tokenizer",
                [x],
                [S],
                domain="com.microsoft",
                mark=mark,
                pad_value="#",
                mincharnum=1,
                separators=[""],
            )
            case(
                f"tokenizer_words_{shape}_{mark}",
                "Tokenizer",
                [x],
                [S],
                domain="com.microsoft",
                mark=mark,
                pad_value="",
                mincharnum=2,
                tokenexp="[a-zA-Z0-9_]+",
            )
    common = dict(domain="com.microsoft", mark=0, pad_value="#")
    for n, pattern in enumerate(
        [
            ".", "..", "\\w+", "\\W+", "\\b\\w\\w+\\b", "[^ ,]+", "a|ab|abc", "(a|bb?)+", "[a-z]{2,3}", "x*", "\\d+|\\S",
            "(?i)c+", "^\\S+", "\\S+$", "[[:alpha:]]+", "a.?b", "\\x62+", "[\\d_-]+", "(?:a b)?b", "é+", "[à-ÿ]",
            "[\\w']+?", "(?s).+", "b\\B", "\\Qbb\\E", "[^\\W\\d]+", "\\.", "(?P<n>b)+", "c{2}", "[]a]+", "\\t",
        ]
    ):  # fmt: skip
        for least in (1, 2):
            case(
                f"tokenizer_expression_{n}_{least}",
                "Tokenizer",
                [np.array(["a bb, Ccc-dd", "été naïve 42", "abcab x_y b.b\ta bb"])],
                [S],
                mincharnum=least,
                tokenexp=pattern,
                **common,
            )
    for n, separators in enumerate([[" "], [" ", ","], ["[ ,]+"], ["b", "\\s"], ["b*"], ["(a|ab)"], ["é", "n", "4"]]):
        for least in (1, 2):
            case(
                f"tokenizer_separators_{n}_{least}",
                "Tokenizer",
                [np.array(["a bb, Ccc-dd", "été naïve 42", "", " ,"])],
                [S],
                mincharnum=least,
                separators=separators,
                **common,
            )
    strings = np.array(["", "a", "ab", "abc", "abcd", "zwölf Boxkämpfer jagen Viktor"])
    for positive, seed in itertools.product((0, 1), (0, 42)):
        case(
            f"murmur_strings_{positive}_{seed}",
            "MurmurHash3",
            [strings],
            [TensorProto.UINT32 if positive else I32],
            domain="com.microsoft",
            positive=positive,
            seed=seed,
        )
    for kind in (F, D, I32, I64):
        case(
            f"murmur_{NAMES[kind]}",
            "MurmurHash3",
            [np.array([0, 3, -7]).astype(NUMPY[kind])],
            [I32],
            domain="com.microsoft",
            positive=0,
        )


def main():
    linear()
    svm()
    preparation()
    encoders()
    text()
    path = pathlib.Path(__file__).with_name("cases.jsonl")
    with path.open("w") as file:
        for one in cases:
            file.write(json.dumps(one, separators=(",", ":"), ensure_ascii=False) + "\n")
    for name, why in refused:
        print(f"{name}: {why}")
    print(f"{len(cases)} cases, {path.stat().st_size // 1024} KB, {len(refused)} refused")


if __name__ == "__main__":
    main()
