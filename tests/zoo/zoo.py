"""What the modules of the zoo share: the list of models, data, cases, the check, the table.

A module registers each model with `entry`; the function exports it and returns a `Sample`. All that
is written is derived from that: the rows of the cases, ONNX Runtime's answers, the README's table.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "models"))

import common  # first: it sets the number of threads

import json
import math
import random
import warnings
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime as ort

ROWS = 200
POOL = 320  # rows that the 200 are chosen from
OPSET = 22  # the latest that skl2onnx is tested with; ONNX Runtime knows it
LIMIT = 1_500_000  # bytes of a model
TOTAL = 12_000_000  # bytes of the folder

ENTRIES = {}


@dataclass
class Sample:
    """An exported model, rows to ask it about, and the library's own answers to them."""

    model: onnx.ModelProto
    inputs: dict  # name to array; the first axis is the row, unless the name is in `fixed`
    reference: dict = field(default_factory=dict)  # output's name to array
    loose: bool = False  # rounds in such big steps that all rows are toss-ups


@dataclass
class Entry:
    what: str
    export: object
    refused: bool = False  # the exporter is known to fail, or ONNX Runtime to refuse the file
    note: str = ""  # why its answers are not those of the library


def entry(name, what, refused=False, note=""):
    """Registers a function without arguments that returns a Sample."""

    def register(function):
        assert name not in ENTRIES, name
        ENTRIES[name] = Entry(what, function, refused, note)
        return function

    return register


# Data: what comes with scikit-learn, in float32. Requests are rows of it, moved a little.


def rng(salt=0):
    return np.random.default_rng(common.SEED + salt)


def around(values, decimals, share=0.05, salt=1):
    """POOL rows like those of `values`, none the same."""
    draw = rng(salt)
    rows = values[draw.integers(0, len(values), POOL)].astype(np.float64)
    moved = rows + draw.normal(size=rows.shape) * share * values.std(axis=0)
    return np.round(np.maximum(moved, values.min(axis=0)), decimals).astype(np.float32)


def table(loader, decimals=2, **options):
    loaded = loader(**options)
    values = loaded.data.astype(np.float32)
    return values, loaded.target, around(values, decimals)


def breast():
    """Two classes, 30 features."""
    from sklearn.datasets import load_breast_cancer

    return table(load_breast_cancer, 4)


def wine():
    """Three classes, 13 features."""
    from sklearn.datasets import load_wine

    return table(load_wine)


def iris():
    """Three classes, 4 features."""
    from sklearn.datasets import load_iris

    return table(load_iris)


def digits():
    """Ten classes, 64 features."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    values = loaded.data.astype(np.float32)
    return values[POOL:], loaded.target[POOL:], values[:POOL]


def diabetes():
    """Regression, 10 features."""
    from sklearn.datasets import load_diabetes

    return table(load_diabetes, 3, scaled=False)


def holes(values, share=0.1, salt=2):
    """A copy with missing values."""
    values = values.copy()
    values[rng(salt).random(values.shape) < share] = np.nan
    return values


# Answers of ONNX Runtime as the protocol has them.


def session(model, optimised=True):
    """ONNX Runtime on one thread, from a file's bytes, silent about what it raises anyway."""
    options = ort.SessionOptions()
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def zipmap_classes(model, output):
    """The classes of the ZipMap that makes `output`, in its order."""
    for node in model.graph.node:
        if output in node.output and node.op_type == "ZipMap":
            for attribute in node.attribute:
                keys = list(attribute.ints) or [key.decode() for key in attribute.strings]
                if keys:
                    return keys
    return None


def plain(value, keys):
    """An output of ONNX Runtime as one array; maps become rows with a column for each of `keys`."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        assert all(set(row) == set(keys) for row in value)
        return np.array([[row[key] for key in keys] for row in value], np.float32)
    if isinstance(value, list):  # a sequence of tensors, one for each target
        return np.stack(value)
    return np.asarray(value)


def answers(running, model, inputs):
    """Outputs by name, as arrays."""
    return {
        name: plain(value, zipmap_classes(model, name))
        for name, value in common.run(running, inputs).items()
    }


def rows_of(inputs, rows):
    return {name: value[rows] for name, value in inputs.items()}


def nudged(inputs, factor):
    """Inputs with all numbers moved, except in columns of whole ones: they may be codes."""

    def moved(value):
        codes = ((value == np.round(value)) | np.isnan(value)).all(axis=0)
        return np.where(codes, value, value * factor).astype(value.dtype)

    return {
        name: moved(value) if value.dtype.kind == "f" else value for name, value in inputs.items()
    }


def row_axis(value, rows):
    """Moves the axis of rows to the front; only stacked sequences have it elsewhere."""
    return value if value.shape[0] == rows else np.moveaxis(value, 1, 0)


def stable_rows(running, model, inputs):
    """The rows whose answers are no toss-up.

    A label must win clearly; neither a change of a millionth of the inputs nor ONNX Runtime's own
    rewriting of the graph may change a label or move a number by more than a thousandth. Another
    runtime rounds differently and would be right too.
    """
    rows = len(next(iter(inputs.values())))
    outputs = answers(running, model, inputs)
    keep = np.ones(rows, bool)
    labels = [value for value in outputs.values() if value.dtype.kind in "OiU"]
    for value in outputs.values():
        if value.dtype.kind != "f" or not labels:
            continue
        value = row_axis(value, rows).astype(np.float64)
        if value.size == rows:
            margin = np.abs(value)
        else:
            best = np.sort(value, axis=-1)
            margin = (best[..., -1] - best[..., -2]) / np.maximum(1, np.abs(best[..., -1]))
        keep &= margin.reshape(rows, -1).min(axis=1) > 1e-4
    plainly = session(model.SerializeToString(), optimised=False)
    others = [answers(running, model, nudged(inputs, factor)) for factor in (1 - 1e-6, 1 + 1e-6)]
    for other in [*others, answers(plainly, model, inputs)]:
        for name, value in outputs.items():
            a, b = row_axis(value, rows).reshape(rows, -1), row_axis(other[name], rows)
            b = b.reshape(rows, -1)
            if a.dtype.kind == "f":
                keep &= np.isclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True).all(axis=1)
            else:
                keep &= (a == b).all(axis=1)
    return keep


def to_json(name, array):
    """A tensor as the protocol's JSON has it; null stands for NaN."""
    if array.dtype.kind == "U":
        array = array.astype(object)
    tensor = common.to_json(name, array)
    if array.dtype.kind == "f":
        tensor["data"] = [None if math.isnan(x) else x for x in tensor["data"]]
    return tensor


def from_json(tensor):
    """The name and the array of a tensor in the protocol's JSON."""
    floats = tensor["datatype"].startswith("FP")
    assert floats or None not in tensor["data"], "null is only for NaN"
    data = [math.nan if value is None else value for value in tensor["data"]]
    return common.from_json({**tensor, "data": data})


def write_cases(path, running, model, cases):
    lines = []
    for name, inputs in cases.items():
        outputs = answers(running, model, inputs)
        case = {
            "name": name,
            "request": {"inputs": [to_json(*tensor) for tensor in inputs.items()]},
            "response": {"outputs": [to_json(*tensor) for tensor in outputs.items()]},
        }
        lines.append(json.dumps(case, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    path.write_text('{"cases": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def difference(mine, theirs):
    """How far two answers are apart, in words."""
    mine, theirs = np.asarray(mine), np.asarray(theirs)
    if mine.ndim == 2 and mine.shape[1] == 2 and theirs.ndim == 1:
        # The library has one score for two classes, the exporter two, which differ in sign.
        mine = min(mine.T, key=lambda score: np.abs(score - theirs).max())
    if mine.size != theirs.size:
        return f"shape {list(mine.shape)} against {list(theirs.shape)}"
    theirs = theirs.reshape(mine.shape)
    if theirs.dtype.kind == "U":
        theirs = theirs.astype(object)
    if mine.dtype.kind in "OUib" or theirs.dtype.kind in "OU":
        kind = mine.dtype if theirs.dtype.kind == "f" else theirs.dtype
        wrong = (mine.astype(kind) != theirs.astype(kind)).sum()
        return f"{wrong} differ" if wrong else "same"
    a, b = mine.astype(np.float64), theirs.astype(np.float64)
    both = np.isnan(a) & np.isnan(b)
    gap = np.where(both, 0, np.abs(a - b))
    scale = np.nanmax(np.abs(b), initial=0)
    return f"{gap.max(initial=0):.1e} of {scale:.3g}"


def seed():
    """Some exporters and trainers draw from the global generators."""
    random.seed(common.SEED)
    np.random.seed(common.SEED % 2**32)


def make(name):
    """Exports a model and writes its files; returns a line about its agreement with the library."""
    seed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sample = ENTRIES[name].export()
    written = sample.model.SerializeToString(deterministic=True)
    assert len(written) <= LIMIT, f"{name} has {len(written)} bytes"
    running = session(written)
    if sample.loose:
        keep = np.ones(len(next(iter(sample.inputs.values()))), bool)
    else:
        keep = stable_rows(running, sample.model, sample.inputs)
    rows = np.flatnonzero(keep)[:ROWS]
    assert len(rows) == ROWS, f"{name}: only {keep.sum()} rows of {len(keep)} are stable"
    cases = {
        f"{ROWS} rows": rows_of(sample.inputs, rows),
        "one row": rows_of(sample.inputs, rows[:1]),
    }
    folder = FOLDER / name
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(written)
    write_cases(folder / "cases.json", running, sample.model, cases)
    outputs = answers(running, sample.model, cases[f"{ROWS} rows"])
    apart = []
    for output, theirs in sample.reference.items():
        mine = row_axis(outputs[output], ROWS)
        apart.append(f"{output} {difference(mine, row_axis(np.asarray(theirs), len(keep))[rows])}")
    unchecked = [output for output in outputs if output not in sample.reference]
    if unchecked:
        apart.append(f"(not compared: {', '.join(unchecked)})")
    return "; ".join(apart)


# Check.


def check(name):
    """Compares ONNX Runtime's answers with the recorded ones; returns the worst error."""
    path = FOLDER / name / "model.onnx"
    model = onnx.load(path)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:  # ONNX Runtime is less strict
        print(f"{name}: {reason(error)}")
    for value in model.graph.input:
        first = value.type.tensor_type.shape.dim[0]
        assert not first.HasField("dim_value"), f"{value.name}: the batch is {first.dim_value}"
    running, worst = session(path.read_bytes()), 0.0
    recorded = json.loads((path.parent / "cases.json").read_text(encoding="utf-8"))["cases"]
    assert [case["name"] for case in recorded] == [f"{ROWS} rows", "one row"]
    for case in recorded:
        inputs = dict(map(from_json, case["request"]["inputs"]))
        expected = dict(map(from_json, case["response"]["outputs"]))
        actual = answers(running, model, inputs)
        assert list(actual) == list(expected), "outputs differ"
        for output, value in expected.items():
            got = actual[output]
            got = got.astype(object) if got.dtype.kind == "U" else got
            assert got.shape == value.shape, f"shape of {output}"
            assert got.dtype == value.dtype, f"datatype of {output}"
            if value.dtype.kind in "Obiu":
                assert (got == value).all(), output
                continue
            a, b = got.astype(np.float64), value.astype(np.float64)
            assert np.allclose(a, b, 1e-5, 1e-6, equal_nan=True), output
            worst = max(worst, np.nanmax(np.abs(a - b), initial=0.0))
    return worst


# The table of the README.


def nodes(graph):
    """All nodes, those of subgraphs included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                yield from nodes(inner)


def operators(model):
    """Operators by domain; the standard domain has no prefix."""
    found = {(node.domain, node.op_type) for node in nodes(model.graph)}
    for function in model.functions:
        found |= {(node.domain, node.op_type) for node in function.node}
    return sorted(f"{domain}:{op}" if domain not in ("", "ai.onnx") else op for domain, op in found)


def signature(value):
    """A graph's input or output in the protocol's words."""
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        element = value.type.sequence_type.elem_type.WhichOneof("value").removesuffix("_type")
        return f"`{value.name}` sequence of {element}s"
    tensor = value.type.tensor_type
    datatype = next(key for key, (_, code) in common.DATATYPES.items() if code == tensor.elem_type)
    dims = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
    return f"`{value.name}` {datatype} {dims if tensor.HasField('shape') else '[?]'}"


def shortened(values):
    values = list(values)
    return ", ".join(values if len(values) <= 4 else [*values[:3], f"and {len(values) - 3} more"])


def row(name):
    path = FOLDER / name / "model.onnx"
    model = onnx.load(path)
    opsets = {opset.domain or "ai.onnx": opset.version for opset in model.opset_import}
    used = {node.domain or "ai.onnx" for node in nodes(model.graph)}
    # Exporters declare domains that they do not use.
    versions = ", ".join(
        f"{domain} {opsets[domain]}" for domain in sorted(used) if domain in opsets
    )
    cells = [
        f"`{name}`",
        ENTRIES[name].what,
        f"{model.producer_name} {model.producer_version}".strip(),
        versions,
        ", ".join(operators(model)),
        shortened(map(signature, model.graph.input)),
        shortened(map(signature, model.graph.output)),
        f"{path.stat().st_size / 1000:.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def reason(error):
    """An exception in one line; some print the whole model."""
    text = " ".join(str(error).split()).split(" It usually means")[0]
    return f"{type(error).__name__}: {text[:240]}{'…' if len(text) > 200 else ''}"


def refusal(name):
    """Why the exporter fails, in its own words."""
    seed()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sample = ENTRIES[name].export()
            running = session(sample.model.SerializeToString())
            common.run(running, rows_of(sample.inputs, slice(ROWS)))
    except Exception as error:  # whatever an exporter raises is what the README tells
        return reason(error)
    return None


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def write_readme():
    """Puts the tables between the markers of the README."""
    there = [name for name in ENTRIES if (FOLDER / name / "model.onnx").exists()]
    refusals = {name: refusal(name) for name, found in ENTRIES.items() if found.refused}
    for name in [name for name, why in refusals.items() if why is None]:
        print(f"{name} can be exported now", file=sys.stderr)
    tables = {
        "models": [
            "| Name | What | Exporter | Opsets | Operators | Inputs | Outputs | kB |",
            "|---|---|---|---|---|---|---|---|",
            *map(row, there),
        ],
        "notes": [
            "| Name | Why |",
            "|---|---|",
            *(f"| `{name}` | {ENTRIES[name].note} |" for name in there if ENTRIES[name].note),
        ],
        "refusals": [
            "| What | Reason |",
            "|---|---|",
            *(f"| {ENTRIES[name].what} | {cell(why)} |" for name, why in refusals.items() if why),
        ],
    }
    for marker, lines in tables.items():
        between(FOLDER / "README.md", marker, "\n".join([*lines, ""]))


def between(path, marker, new):
    before, after = f"<!-- {marker}: written by make.py -->\n", f"<!-- end of {marker} -->"
    pattern = f"(?s)({before}).*?({after})"
    common.replace(path, pattern, new)
