"""Writes the reference cases of the tests: small random ensembles, and what ONNX
Runtime makes of them. The only place where the truth comes from.

    python3 -m venv v && v/bin/pip install onnx onnxruntime && v/bin/python tests/make.py
"""

import itertools
import json
import os

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
TRANSFORMS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]
AGGREGATES = ["AVERAGE", "SUM", "MIN", "MAX"]
TYPES = {
    "f32": (np.float32, TensorProto.FLOAT),
    "f64": (np.float64, TensorProto.DOUBLE),
    "i32": (np.int32, TensorProto.INT32),
    "i64": (np.int64, TensorProto.INT64),
}
COLUMNS = 5
# Few values, so that rows hit thresholds, and neighbours of thresholds.
GRID = [-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 0.75, 1.0, 2.0, 3.0]
ODD = [np.nan, np.inf, -np.inf, 1e-45, -1e-45, 3.4e38]

rng = np.random.default_rng(20)
cases = {"regressor": [], "classifier": [], "ensemble": []}


def rows(element="f32", count=21, odd=True):
    if element.startswith("i"):
        x = rng.integers(-3, 4, (count, COLUMNS))
        x[0, 0] = 2**24 + 1
        return x.astype(TYPES[element][0])
    x = rng.choice(GRID, (count, COLUMNS))
    near = rng.random(x.shape)
    x = x.astype(TYPES[element][0])
    x = np.where(near < 0.1, np.nextafter(x, x.dtype.type(9)), x)
    x = np.where(near > 0.9, np.nextafter(x, x.dtype.type(-9)), x)
    if odd:
        with np.errstate(over="ignore"):
            x = np.where((0.5 < near) & (near < 0.6), rng.choice(ODD, x.shape).astype(x.dtype), x)
    return x


def tree(depth, thresholds=GRID):
    """A tuple is a split: column, value, children. Other things are leaves."""
    if depth == 0 or rng.random() < 0.15:
        return "leaf"
    return (
        int(rng.integers(COLUMNS)),
        float(rng.choice(thresholds)),
        tree(depth - 1, thresholds),
        tree(depth - 1, thresholds),
    )


def chain(depth):
    node = "leaf"
    for level in range(depth):
        split = (level % COLUMNS, 3.0 - 6.0 * (level % 97) / 97)
        node = split + (("leaf", node) if level % 3 else (node, "leaf"))
    return node


def flatten(trees, modes, missing, votes, prefix):
    """The attributes nodes_* and class_* or target_*."""
    names = ["treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids"]
    nodes = {f"nodes_{name}": [] for name in names}
    if missing:
        nodes["nodes_missing_value_tracks_true"] = []
    weights = {f"{prefix}_{name}": [] for name in ["treeids", "nodeids", "ids", "weights"]}
    for number, root in enumerate(trees):
        open_ = [(0, root)]
        count = 1
        while open_:
            at, node = open_.pop(0)
            if node == "leaf":
                entry = (0, "LEAF", 0.0, 0, 0)
                for target, weight in votes(number):
                    for name, value in zip(weights, (number, at, target, weight)):
                        weights[name].append(value)
            else:
                entry = (node[0], modes(), node[1], count, count + 1)
                open_ += [(count, node[2]), (count + 1, node[3])]
                count += 2
            for name, value in zip(nodes, (number, at) + entry):
                nodes[name].append(value)
            if missing:
                nodes["nodes_missing_value_tracks_true"].append(int(rng.integers(2)))
    return nodes | weights


def number(value):
    value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value).replace("nan", "NaN")
    return value


def short(values, dtype):
    """f32 by as few digits as tell it from others."""
    if dtype == np.float32:
        return [number(np.float64(str(v))) for v in np.asarray(values, np.float32)]
    return [number(v) for v in np.asarray(values, dtype)]


def add(kind, name, operator, attributes, x, element="f32", double=False, unspecified=False, exact=None):
    """Runs the ensemble, and notes what comes out."""
    dtype, code = TYPES[element]
    version = 5 if operator == "TreeEnsemble" else 3
    floats = [
        "nodes_values", "class_weights", "target_weights", "base_values",
        "nodes_splits", "leaf_weights", "membership_values",
    ]
    made, noted = {}, {}
    for key, value in attributes.items():
        if key in floats:
            f = np.float64 if double else np.float32
            tensor = helper.make_tensor(key, TYPES["f64" if double else "f32"][1], [len(value)], value)
            noted[f"{key}_as_tensor" if double else key] = short(value, f)
            if version == 5:
                made[key] = tensor
            elif double:
                made[f"{key}_as_tensor"] = tensor
            else:
                made[key] = value
        elif version == 5 and key == "nodes_modes":
            made[key] = helper.make_tensor(key, TensorProto.UINT8, [len(value)], value)
            noted[key] = value
        else:
            made[key] = noted[key] = value
    out = TYPES["f64"][1] if version == 5 and element == "f64" else TYPES["f32"][1]
    outputs = [helper.make_tensor_value_info("scores", out, None)]
    if operator == "TreeEnsembleClassifier":
        outputs.insert(0, helper.make_tensor_value_info("label", TensorProto.INT64, None))
    node = helper.make_node(operator, ["X"], [o.name for o in outputs], domain="ai.onnx.ml", **made)
    inputs = [helper.make_tensor_value_info("X", code, [None, x.shape[1]])]
    opsets = [helper.make_opsetid("ai.onnx.ml", version), helper.make_opsetid("", 18)]
    graph = helper.make_graph([node], "g", inputs, outputs)
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    session = ort.InferenceSession(model.SerializeToString())
    *label, scores = session.run(None, {"X": x})
    case = {
        "name": name,
        "operator": operator,
        "attributes": noted,
        "element": element,
        "double": double or element == "f64",
        "columns": x.shape[1],
        "x": short(x.ravel(), dtype),
        "scores": short(scores.ravel(), scores.dtype),
    }
    if unspecified:  # ONNX Runtime does not write the second score.
        case["scores"][1::2] = [None] * len(x)
    if label:
        labels = attributes["classlabels_int64s"]
        case["labels"] = [labels.index(each) for each in label[0].tolist()]
    cases[kind].append(case)


def weight():
    return float(np.float32(rng.normal()))


def regressor(name, trees, modes=lambda: "BRANCH_LEQ", missing=False, targets=1, votes=None, x=None, element="f32", double=False, **attributes):
    votes = votes or (lambda _: [(target, weight()) for target in range(targets)])
    attributes |= flatten(trees, modes, missing, votes, "target") | {"n_targets": targets}
    x = rows(element) if x is None else x
    add("regressor", name, "TreeEnsembleRegressor", attributes, x, element, double)


def some(targets):
    """Votes for some of the targets, in any order."""
    count = rng.integers(1, targets + 1)
    return lambda _: [(int(t), weight()) for t in rng.permutation(targets)[: rng.integers(1, count + 1)]]


def regressors():
    for mode, missing in itertools.product(MODES, [False, True]):
        regressor(f"{mode} missing {missing}", [tree(5) for _ in range(3)], lambda: mode, missing)
    for missing in [False, True]:
        trees = [tree(6) for _ in range(5)]
        regressor(f"all modes missing {missing}", trees, lambda: str(rng.choice(MODES)), missing)
    for count in [1, 2, 7, 8, 9, 17]:
        regressor(f"{count} trees", [tree(4) for _ in range(count)], x=rows(count=5))
    for aggregate, targets, base in itertools.product(AGGREGATES, [1, 3], [False, True]):
        more = {"base_values": [weight() for _ in range(targets)]} if base else {}
        trees = [tree(3) for _ in range(4)]
        regressor(f"{aggregate} of {targets}, base {base}", trees, targets=targets, votes=some(targets), aggregate_function=aggregate, **more)
    for transform, targets in itertools.product(TRANSFORMS, [1, 3]):
        votes = lambda _: [(target, float(np.float32(rng.random() / 3))) for target in range(targets)]
        regressor(f"{transform} of {targets}", [tree(3) for _ in range(3)], targets=targets, votes=votes, post_transform=transform)
    one_each = lambda tree: [(tree % 3, weight())]
    regressor("a target for each tree", [tree(3) for _ in range(7)], targets=3, votes=one_each)
    twice = lambda _: [(0, weight()), (0, weight())]
    regressor("two weights for the only target", [tree(3) for _ in range(2)], votes=twice)
    twice = lambda _: [(1, weight()), (0, weight()), (1, weight())]
    regressor("two weights for a target", [tree(3) for _ in range(2)], targets=2, votes=twice)
    regressor("stumps", [(0, 0.5, "leaf", "leaf"), (4, -1.0, "leaf", "leaf")])
    regressor("a leaf", ["leaf"], x=rows(count=9))
    regressor("leaves and trees", ["leaf", tree(4), "leaf", tree(2)], targets=2)
    # Not through NaN: ONNX Runtime has no trouble with it, but most rows would end early.
    regressor("deep", [chain(500), tree(3), chain(77)], x=rows(odd=False))
    for values in [[np.inf, -np.inf, np.nan], [-np.inf], [np.inf], [np.nan], [1e-45, -1e-45]]:
        for missing in [False, True]:
            trees = [tree(4, values) for _ in range(3)]
            regressor(f"values {values} missing {missing}", trees, lambda: str(rng.choice(MODES)), missing)
    fine = [float(v) + d for v in GRID for d in (0, 1e-9, -1e-9)]
    for double, mode in itertools.product([False, True], MODES + [None]):
        modes = lambda: mode or str(rng.choice(MODES))
        thresholds = fine if double else GRID
        trees = [tree(4, thresholds) for _ in range(3)]
        x = rows("f64") + rng.choice([0, 0, 1e-9, -1e-9], (21, COLUMNS))
        regressor(f"f64, attributes too: {double}, {mode}", trees, modes, True, 2, x=x, element="f64", double=double, base_values=[0.1, 0.2])


def classifier(name, trees, votes, labels, element="f32", double=False, x=None, unspecified=False, **attributes):
    attributes |= flatten(trees, lambda: "BRANCH_LEQ", False, votes, "class") | {"classlabels_int64s": labels}
    x = rows(element) if x is None else x
    add("classifier", name, "TreeEnsembleClassifier", attributes, x, element, double, unspecified)


def classifiers():
    positive = lambda: float(np.float32(rng.random() / 3))
    mixed = lambda: float(np.float32(rng.random() / 2 - 0.25))
    of_two = {
        "both": (lambda _: [(0, positive()), (1, positive())], [0, 1]),
        "both, mixed": (lambda _: [(0, mixed()), (1, mixed())], [0, 1]),
        "one of two": (lambda _: [(int(rng.integers(2)), mixed())], [0, 1]),
        "first": (lambda _: [(0, positive())], [10, 20]),
        "second": (lambda _: [(1, positive())], [10, 20]),
        "first, mixed": (lambda _: [(0, mixed())], [20, 10]),
        "second, mixed": (lambda _: [(1, mixed())], [20, 10]),
    }
    for (name, (votes, labels)), transform, base in itertools.product(of_two.items(), TRANSFORMS, [[], [0.1], [0.1, 0.2]]):
        more = {"base_values": base} if base else {}
        may_be_derived = len(base) < 2 and (name.startswith("first") or name.startswith("one"))
        odd = transform == "PROBIT" or (name.startswith("one") and base)
        trees = [tree(3) for _ in range(2)]
        x = rows(count=9)
        classifier(f"two classes: {name}, {transform}, base {base}", trees, votes, labels, x=x, unspecified=bool(may_be_derived and odd), post_transform=transform, **more)
    of_three = {
        "all": lambda _: [(c, positive()) for c in range(3)],
        "some": some(3),
        "one": lambda _: [(int(rng.integers(3)), mixed())],
        "one for each tree": lambda tree: [(tree % 3, mixed())],
        "negative": lambda _: [(int(rng.integers(1, 3)), -positive())],
        "equal": lambda _: [(c, 0.25) for c in (2, 1, 0)],
    }
    for (name, votes), transform, base in itertools.product(of_three.items(), TRANSFORMS, [False, True]):
        more = {"base_values": [0.1, -0.2, 0.15]} if base else {}
        trees = [tree(3) for _ in range(3)]
        classifier(f"three classes: {name}, {transform}, base {base}", trees, votes, [5, 7, 9], x=rows(count=9), post_transform=transform, **more)
    for element, transform in itertools.product(["i32", "i64", "f64"], ["NONE", "LOGISTIC", "SOFTMAX"]):
        double = element == "f64"
        for votes, labels in [(of_two["first, mixed"][0], [0, 1]), (of_three["all"], [0, 1, 2])]:
            trees = [tree(4, GRID + [2.0**24]) for _ in range(3)]
            classifier(f"{element}, {transform}, {len(labels)} classes", trees, votes, labels, element, double, post_transform=transform)


def ensemble(name, trees, modes, targets=1, element="f32", missing=True, x=None, sets=None, **attributes):
    """Splits before leaves, roots in reverse."""
    names = ["featureids", "modes", "splits", "truenodeids", "falsenodeids", "trueleafs", "falseleafs", "missing_value_tracks_true"]
    nodes = {f"nodes_{name}": [] for name in names}
    leaf_targets, leaf_weights, members, roots = [], [], [], []

    def put(node):
        if node == "leaf":
            leaf_targets.append(int(rng.integers(targets)))
            leaf_weights.append(float(np.float32(rng.random() / 3)))
            return len(leaf_targets) - 1, 1
        at = len(nodes["nodes_modes"])
        for values in nodes.values():
            values.append(0)
        mode = modes()
        if mode == 6:
            members.extend(sets() + [np.nan])
        (true, true_leaf), (false, false_leaf) = put(node[2]), put(node[3])
        entry = (node[0], mode, node[1], true, false, true_leaf, false_leaf, int(rng.integers(2)))
        for values, value in zip(nodes.values(), entry):
            values[at] = value
        return at, 0

    for root in trees:
        if root == "leaf":
            # Both children the same leaf.
            at, _ = put((0, 0.0, "leaf", "leaf"))
            nodes["nodes_falsenodeids"][at] = nodes["nodes_truenodeids"][at]
            roots.append(at)
        else:
            roots.append(put(root)[0])
    if not missing:
        del nodes["nodes_missing_value_tracks_true"]
    attributes |= nodes | {"tree_roots": roots[::-1], "leaf_targetids": leaf_targets, "leaf_weights": leaf_weights, "n_targets": targets}
    if members:
        attributes["membership_values"] = members
    x = rows(element) if x is None else x
    add("ensemble", name, "TreeEnsemble", attributes, x, element, element == "f64")


def full(depth):
    """A root that is a split, so that no tree is a leaf by chance."""
    return (int(rng.integers(COLUMNS)), float(rng.choice(GRID)), tree(depth), tree(depth))


def ensembles():
    small = lambda: sorted(rng.choice([0.0, 1.0, 2.0, 3.0], rng.integers(1, 4), replace=False).tolist())
    any_ = lambda: rng.choice([-2.0, -1.0, 0.0, 1.0, 2.0, 40.0], rng.integers(1, 5), replace=False).tolist()
    many = lambda: [float(v) for v in rng.permutation(60)[:35]]
    # ONNX Runtime truncates to integers before it looks into a set; so no fractions.
    whole = lambda element: np.where(rng.random((21, COLUMNS)) < 0.2, np.nan, rng.integers(-3, 45, (21, COLUMNS))).astype(TYPES[element][0])
    for element in ["f32", "f64"]:
        for mode, missing in itertools.product(range(6), [False, True]):
            ensemble(f"{element} mode {mode} missing {missing}", [full(3) for _ in range(2)], lambda: mode, 1, element, missing)
        ensemble(f"{element} all modes", [full(5) for _ in range(3)], lambda: int(rng.integers(6)), 2, element)
        for name, sets in {"small": small, "any": any_, "many": many}.items():
            few = np.where(whole(element) > 4, whole(element) % 5, whole(element)) if name == "small" else whole(element)
            ensemble(f"{element} members {name}", [full(3) for _ in range(3)], lambda: 6, 1, element, x=few.astype(TYPES[element][0]), sets=sets)
            ensemble(f"{element} members {name} and modes", [full(4) for _ in range(3)], lambda: int(rng.integers(7)), 3, element, x=few.astype(TYPES[element][0]), sets=sets)
        for aggregate, targets in itertools.product(range(4), [1, 2]):
            ensemble(f"{element} aggregate {aggregate} of {targets}", [full(3) for _ in range(3)], lambda: 0, targets, element, aggregate_function=aggregate)
        for transform, targets in itertools.product(range(5), [1, 2]):
            ensemble(f"{element} transform {transform} of {targets}", [full(3) for _ in range(3)], lambda: 1, targets, element, post_transform=transform)
    ensemble("a leaf", ["leaf"], lambda: 0, x=rows(count=9))
    ensemble("leaf and trees", [full(3), "leaf", full(2)], lambda: 2)


regressors()
classifiers()
ensembles()
for kind, some_cases in cases.items():
    with open(f"{HERE}/{kind}.json", "w") as file:
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in some_cases)
        file.write(f"[\n{lines}\n]\n")
    print(kind, len(some_cases), os.path.getsize(f"{HERE}/{kind}.json"))
