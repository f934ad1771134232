"""What all training scripts share: one thread, ONNX graphs, reference cases, metrics.

Import this module first: the settings for determinism must precede NumPy.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import json
import math
import platform
import re
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

SEED = 20240229
OPSET = 17
IR_VERSION = 8
PRODUCER = "outpost-models"

# The Open Inference Protocol's datatypes, as NumPy and as ONNX know them.
DATATYPES = {
    "BOOL": (np.bool_, TensorProto.BOOL),
    "UINT8": (np.uint8, TensorProto.UINT8),
    "UINT16": (np.uint16, TensorProto.UINT16),
    "UINT32": (np.uint32, TensorProto.UINT32),
    "UINT64": (np.uint64, TensorProto.UINT64),
    "INT8": (np.int8, TensorProto.INT8),
    "INT16": (np.int16, TensorProto.INT16),
    "INT32": (np.int32, TensorProto.INT32),
    "INT64": (np.int64, TensorProto.INT64),
    "FP16": (np.float16, TensorProto.FLOAT16),
    "FP32": (np.float32, TensorProto.FLOAT),
    "FP64": (np.float64, TensorProto.DOUBLE),
    "BYTES": (np.object_, TensorProto.STRING),
}


class Graph:
    """An ONNX graph in the making. Values go by name; every node gets one too."""

    def __init__(self, name):
        self.name, self.opset, self.ir_version = name, OPSET, IR_VERSION
        self.inputs, self.outputs, self.nodes, self.initialisers = [], [], [], []

    def input(self, name, datatype, shape):
        self.inputs.append(self._value(name, datatype, shape))
        return name

    def output(self, name, datatype, shape):
        self.outputs.append(self._value(name, datatype, shape))

    def constant(self, name, array):
        """Adds an initialiser; float64 becomes float32."""
        array = np.asarray(array)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        return self.initialiser(name, array)

    def initialiser(self, name, array):
        """Adds an initialiser of exactly this type."""
        # Not `ascontiguousarray`, which would turn a scalar into a vector.
        self.initialisers.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def node(self, operator, inputs, name, domain="", outputs=None, **attributes):
        """Adds a node whose first output bears its name, unless `outputs` says otherwise."""
        outputs = outputs or [name]
        self.nodes.append(
            helper.make_node(operator, inputs, outputs, name=name, domain=domain, **attributes)
        )
        return outputs[0]

    def standardise(self, value, scaler):
        """(value - mean) / standard deviation, of a fitted StandardScaler."""
        centred = self.node("Sub", [value, self.constant("mean", scaler.mean_)], "centred")
        return self.node("Div", [centred, self.constant("scale", scaler.scale_)], "standardised")

    def dense(self, value, weights, bias, name):
        """A fully connected layer; `weights` is [in, out]."""
        parameters = [self.constant(f"{name}.weight", weights), self.constant(f"{name}.bias", bias)]
        return self.node("Gemm", [value, *parameters], name)

    def classify(self, logits, classes):
        """Adds the outputs of a classifier: `probability` and `label`."""
        self.node("Softmax", [logits], "probability", axis=-1)
        self.output("probability", "FP32", ["batch", classes])
        self.node("ArgMax", [logits], "label", axis=-1, keepdims=0)
        self.output("label", "INT64", ["batch"])

    def build(self):
        domains = {"": self.opset} | {node.domain: 1 for node in self.nodes if node.domain}
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs, self.outputs, self.initialisers
        )
        model = helper.make_model(
            graph,
            producer_name=PRODUCER,
            ir_version=self.ir_version,
            opset_imports=[helper.make_opsetid(*domain) for domain in domains.items()],
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    @staticmethod
    def _value(name, datatype, shape):
        return helper.make_tensor_value_info(name, DATATYPES[datatype][1], shape)


def save(model, path):
    path.write_bytes(model.SerializeToString(deterministic=True))


def session(path):
    """ONNX Runtime on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(running, inputs):
    """Outputs by name."""
    names = [output.name for output in running.get_outputs()]
    return dict(zip(names, running.run(names, inputs)))


def to_json(name, array):
    """A tensor as the protocol's JSON has it, floats in the fewest digits that identify them."""
    datatype = next(key for key, (dtype, _) in DATATYPES.items() if array.dtype == dtype)
    flat = array.ravel()
    data = [float(str(x)) for x in flat] if array.dtype.kind == "f" else flat.tolist()
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": data}


def from_json(tensor):
    """The name and the array of a tensor in the protocol's JSON."""
    dtype = DATATYPES[tensor["datatype"]][0]
    return tensor["name"], np.array(tensor["data"], dtype).reshape(tensor["shape"])


def save_cases(model_path, cases_path, cases):
    """Writes requests and ONNX Runtime's answers, one case a line. `cases`: name to inputs."""
    running = session(model_path)
    lines = []
    for name, inputs in cases.items():
        tensors = {
            "request": {"inputs": [to_json(key, value) for key, value in inputs.items()]},
            "response": {
                "outputs": [to_json(key, value) for key, value in run(running, inputs).items()]
            },
        }
        case = {"name": name, **tensors}
        lines.append(json.dumps(case, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    cases_path.write_text('{"cases": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def publish(script, model, cases, metrics):
    """Writes model.onnx and cases.json beside `script` and the metrics into its card.

    `metrics` gets the finished model as a function from inputs to outputs, both by name.
    """
    folder = Path(script).resolve().parent
    save(model, folder / "model.onnx")
    save_cases(folder / "model.onnx", folder / "cases.json", cases)
    rows = metrics(partial(run, session(folder / "model.onnx")))
    save_metrics(folder / "card.md", rows)
    save_headline(folder.parent / "README.md", folder.name, rows[0])


def save_metrics(card, rows):
    """Replaces what stands between the card's markers by a table of `rows`."""
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("scikit-learn", "numpy", "jax", "onnxruntime")
    )
    table = "\n".join(
        ["| Held-out metric | Value | 95 % interval |", "|---|---|---|"]
        + [f"| {name} | {value} | {interval} |" for name, value, interval in rows]
        + ["", f"Seed {SEED}, Python {platform.python_version()}, {libraries}.", ""]
    )
    before, after = "<!-- metrics: written by train.py -->\n", "<!-- end of metrics -->"
    replace(card, f"(?s)({re.escape(before)}).*?({re.escape(after)})", table)


def save_headline(readme, model, row):
    """Puts the first metric into the last column of the model's row."""
    name, value, _ = row
    replace(readme, rf"(?m)(^\| \[{re.escape(model)}\].*\|)[^|]*(\|$)", f" {name} {value} ")


def replace(path, pattern, new):
    """Replaces what stands between the two groups of the only match of `pattern` in a file."""
    text, found = re.subn(
        pattern, lambda match: match[1] + new + match[2], path.read_text(encoding="utf-8")
    )
    if found != 1:
        raise SystemExit(f"{path.name} has {found} places for the metrics")
    path.write_text(text, encoding="utf-8")


def proportion(name, hits):
    """A row for a share of right answers, with Wilson's interval."""
    hits = np.asarray(hits, bool)
    n, share, z = hits.size, hits.mean(), 1.959964
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return name, f"{share:.3f} ({hits.sum()} of {n})", f"{centre - half:.3f} to {centre + half:.3f}"


def bootstrap(name, statistic, *arrays, digits=3, unit="", rounds=2000):
    """A row for `statistic(*arrays)`, with the percentile interval of resampled rows."""
    rng = np.random.default_rng(SEED)
    n = len(arrays[0])
    draws = [
        statistic(*(array[rows] for array in arrays))
        for rows in (rng.integers(0, n, n) for _ in range(rounds))
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return (
        name,
        f"{statistic(*arrays):.{digits}f}{unit}",
        f"{low:.{digits}f} to {high:.{digits}f}{unit}",
    )
