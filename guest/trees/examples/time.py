"""Trains the two models that examples/time.rs measures, writes their attributes and
data to /tmp/trees as JSON, and times ONNX Runtime on them, with one thread.

    python3 -m venv v && v/bin/pip install onnxruntime skl2onnx onnxmltools xgboost
    v/bin/python examples/time.py && cargo run --release --example time
"""

import json
import os
import sys
import time

import numpy as np
import onnx
import onnxruntime as ort
import xgboost
from onnx import helper
from onnxmltools.convert import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as XgboostFloats
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import RandomForestClassifier

TO = "/tmp/trees"


def models():
    """Each with a name and 1,000 rows."""
    x, y = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(n_estimators=100, random_state=0).fit(x, y)
    yield "forest", sklearn(forest, 30), np.tile(x, (2, 1))[:1000]

    x, y = load_digits(return_X_y=True)
    forest = RandomForestClassifier(n_estimators=100, random_state=0).fit(x, y)
    yield "digits", sklearn(forest, 64), x[:1000]

    rng = np.random.default_rng(0)
    x = rng.normal(size=(20000, 30)).astype(np.float32)
    y = np.sin(x[:, 0] * 2) + x[:, 1] * x[:, 2] + x[:, 3:8].sum(1) * 0.3
    y += rng.normal(size=20000) * 0.3
    boosted = xgboost.XGBRegressor(n_estimators=500, max_depth=6, n_jobs=2).fit(x, y)
    yield "boosted", convert_xgboost(boosted, initial_types=[("X", XgboostFloats([None, 30]))]), x[:1000]


def sklearn(model, columns):
    options = {id(model): {"zipmap": False}}
    return convert_sklearn(model, initial_types=[("X", FloatTensorType([None, columns]))], options=options)


def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return float(str(np.float32(value)))
    return value


def measure(session, rows):
    times = []
    end = time.perf_counter() + 2
    while time.perf_counter() < end or len(times) < 20:
        start = time.perf_counter()
        session.run(None, {"X": rows})
        times.append(time.perf_counter() - start)
    return f"{min(times) * 1e6:9.1f} µs at best, {np.median(times) * 1e6:9.1f} in the middle"


os.makedirs(TO, exist_ok=True)
for name, model, x in models():
    x = x.astype(np.float32)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options)
    if "fast" not in sys.argv:
        node = model.graph.node[0]
        attributes = {each.name: plain(helper.get_attribute_value(each)) for each in node.attribute}
        scores = session.run(None, {"X": x})[-1]
        case = {
            "operator": node.op_type,
            "attributes": attributes,
            "columns": x.shape[1],
            "x": plain(x.ravel().tolist()),
            "scores": scores.ravel().tolist(),
        }
        with open(f"{TO}/{name}.json", "w") as file:
            json.dump(case, file)
    for rows in (1, 1000):
        print(f"ort {name:8} {rows:5} rows {measure(session, x[:rows])}")
