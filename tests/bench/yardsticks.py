"""What people would use instead, timed on request: ONNX Runtime on one thread, Pillow, tokenizers.

`yardsticks.py DIRECTORY` writes models, manifests and requests there, says `ready`, then answers each
line of its input, the name of a yardstick, with the seconds that one call takes.
"""

import io
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from PIL import Image
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer, load_sample_image
from sklearn.ensemble import RandomForestClassifier
from tokenizers import Tokenizer

FOLDER = Path(__file__).resolve().parent
MODELS = FOLDER.parents[1] / "models"
TOKENIZER = FOLDER.parents[1] / "guest" / "text" / "tests" / "tokenizers" / "bert.json"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
ROUND = 0.02  # seconds that are timed at a time

ENGLISH = (
    "The lighthouse keeper wrote down the weather every morning, as his father had done, in a book "
    "whose first pages nobody could read any more. On the day of the storm he noted a falling "
    "barometer, a swell from the south-west and eleven ships that had not yet come in; then he "
    "climbed the two hundred and three steps to the lamp, trimmed it, and waited. "
)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def tensor(name, datatype, array):
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": array.ravel().tolist()}


def request(directory, name, *inputs):
    (directory / f"{name}.json").write_text(json.dumps({"inputs": inputs}))


def model(path, inputs, outputs, nodes, initializers=()):
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, path)


def trees(directory, calls, name, path, rows):
    run = session(path)
    feed = {run.get_inputs()[0].name: rows}
    request(directory, name, tensor(run.get_inputs()[0].name, "FP32", rows))
    calls[name] = lambda: run.run(None, feed)


def breast_cancer(_, calls):
    folder = MODELS / "breast-cancer"
    run = session(folder / "model.onnx")
    case = json.loads((folder / "cases.json").read_text())["cases"][0]["request"]["inputs"][0]
    feed = {case["name"]: np.array(case["data"], np.float32).reshape(case["shape"])}
    calls["breast-cancer"] = lambda: run.run(None, feed)


def forest(directory, calls):
    x, y = load_breast_cancer(return_X_y=True)
    x = x.astype(np.float32)
    fitted = RandomForestClassifier(100, random_state=0).fit(x, y)
    path = directory / "forest.onnx"
    path.write_bytes(to_onnx(fitted, x[:1], options={"zipmap": False}).SerializeToString())
    trees(directory, calls, "forest-1", path, x[:1])
    trees(directory, calls, "forest-1000", path, np.resize(x, (1000, x.shape[1])))


def boosted(directory, calls):
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType
    from xgboost import XGBClassifier

    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 30)).astype(np.float32)
    y = (x[:, :5].sum(1) + x[:, 5] * x[:, 6] + rng.normal(size=4000) > 0).astype(int)
    fitted = XGBClassifier(n_estimators=500, max_depth=6, random_state=0).fit(x, y)
    path = directory / "boosted.onnx"
    converted = convert_xgboost(fitted, initial_types=[("x", FloatTensorType([None, 30]))])
    path.write_bytes(converted.SerializeToString())
    trees(directory, calls, "boosted-1000", path, x[:1000])


def picture(directory, calls):
    """A photograph to the tensor of an ImageNet model; the model is an average, which costs next to nothing."""
    photograph = Image.fromarray(load_sample_image("china.jpg")).resize((640, 480), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    photograph.save(file, "JPEG", quality=90)
    file = file.getvalue()
    model(
        directory / "picture.onnx",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, 224, 224])],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["batch", 3, 1, 1])],
        [helper.make_node("GlobalAveragePool", ["pixels"], ["mean"])],
    )
    (directory / "picture.toml").write_text(
        'name = "picture"\nmodel = "picture.onnx"\n[[before]]\nblock = "picture"\n'
        'steps = [{resize = {width = 224, height = 224, filter = "bilinear"}}, '
        f"{{tensor = {{mean = {MEAN}, std = {STD}}}}}]\n"
    )
    (directory / "picture.bin").write_bytes(file)

    mean, std = np.array(MEAN, np.float32), np.array(STD, np.float32)

    def call():
        opened = Image.open(io.BytesIO(file)).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
        array = (np.asarray(opened, np.float32) / np.float32(255) - mean) / std
        return np.ascontiguousarray(array.transpose(2, 0, 1))[None].mean((2, 3))

    calls["picture"] = call


def text(directory, calls):
    """1 KB of English to ids; the model is a sum."""
    english = (ENGLISH * 4)[:1024]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    model(
        directory / "text.onnx",
        [ids],
        [helper.make_tensor_value_info("sum", TensorProto.INT64, ["batch"])],
        [helper.make_node("ReduceSum", ["input_ids", "axes"], ["sum"], keepdims=0)],
        [onnx.numpy_helper.from_array(np.array([1], np.int64), "axes")],
    )
    (directory / "tokenizer.json").write_bytes(TOKENIZER.read_bytes())
    (directory / "text.toml").write_text(
        'name = "text"\nmodel = "text.onnx"\n[[before]]\nblock = "text"\nfile = "tokenizer.json"\n'
        "max_length = 512\n"
    )
    (directory / "text.bin").write_text(english)
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    tokenizer.enable_truncation(512)
    calls["text"] = lambda: np.array([tokenizer.encode(english).ids]).sum(1)


def seconds(call):
    call()
    count = 0
    started = time.perf_counter()
    while True:
        call()
        count += 1
        passed = time.perf_counter() - started
        if passed >= ROUND:
            return passed / count


def main():
    directory = Path(sys.argv[1])
    calls = {}
    for prepare in [breast_cancer, forest, boosted, picture, text]:
        prepare(directory, calls)
    print("ready", flush=True)
    for line in sys.stdin:
        print(seconds(calls[line.strip()]), flush=True)


main()
