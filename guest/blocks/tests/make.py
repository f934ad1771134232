"""Makes cases.json: blocks, what goes into them, and what SciPy, NumPy, ONNX Runtime,
Pillow, tokenizers and librosa make of it. Makes sounds/, too: short WAV files.

    python3 -m venv /tmp/blocks-venv
    /tmp/blocks-venv/bin/pip install -r requirements.txt
    /tmp/blocks-venv/bin/python make.py

Pictures and tokenizers are those of the tests of guest/picture and guest/text.
Answers are computed in double precision and rounded once, as the blocks do it.
"""

import json
import pathlib

import librosa
import numpy as np
import onnx
import onnxruntime
import scipy.special
import soundfile
import tokenizers
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
PICTURES = HERE.parent.parent / "picture/tests/pictures"
TOKENIZERS = HERE.parent.parent / "text/tests/tokenizers"
NAMES = {"float16": "FP16", "float32": "FP32", "float64": "FP64", "int64": "INT64",
         "int32": "INT32", "uint8": "UINT8", "bool": "BOOL"}
CASES = []
rng = np.random.default_rng(7)


def number(value):
    if value.dtype.kind != "f":
        return value.item()
    # The shortest that reads as the same, in whichever precision.
    return float(str(value)) if np.isfinite(value) else str(value)


def tensor(name, array, spec=None):
    """An array, or nested lists of texts; spec where it is not the shape with an open batch."""
    array = np.asarray(array)
    texts = array.dtype.kind in "UO"
    shape = list(array.shape)
    return {
        "name": name,
        "datatype": "BYTES" if texts else NAMES[array.dtype.name],
        "shape": shape,
        "spec": spec or ([-1] + shape[1:] if shape else []),
        "data": [str(text) if texts else number(text) for text in array.ravel()],
    }


def case(name, block, tensors, expected, inputs=(), doubtful=(), side="after"):
    CASES.append({
        "name": name, "side": side, "block": block, "inputs": list(inputs),
        "tensors": tensors, "expected": expected, "doubtful": list(doubtful)})


def each_precision(name, shape, make):
    """The same numbers in all precisions; large ones among them."""
    numbers = (rng.normal(size=shape) * 4).round(3)
    for dtype in (np.float16, np.float32, np.float64):
        array = numbers.astype(dtype)
        make(f"{name} {NAMES[np.dtype(dtype).name]}", array, array.astype(np.float64), dtype)


ODD = np.array([[np.nan, 1, 2], [np.inf, 1, 2], [-np.inf, 1, 2], [-np.inf] * 3, [np.inf, np.inf, 0],
                [1000, 1001, -1000], [0, 0, 0], [-0.0, 0.0, -1], [3e38, -3e38, 3e38]], np.float32)
EMPTY = np.zeros((0, 3), np.float32)


def same_shape(block, function, **options):
    def make(name, array, exact, dtype):
        result = function(exact).astype(dtype)
        case(name, {"block": block, **options}, [tensor("x", array)], [tensor("x", result)])
    each_precision(f"{block} {options}", (2, 3, 5), make)
    with np.errstate(all="ignore"):
        for name, array in (("odd", ODD), ("empty", EMPTY)):
            # They have three columns and two dimensions.
            if isinstance(options.get("std"), list) or options.get("axis", -1) not in (-1, 1):
                continue
            result = function(array.astype(np.float64)).astype(np.float32)
            case(f"{block} {options} {name}", {"block": block, **options, "output": "y"},
                 [tensor("x", array), tensor("other", [[1], [2]])],
                 [tensor("y", result), tensor("other", [[1], [2]])])


def normalised(axis):
    # torch.nn.functional.normalize
    def normalise(x):
        return x / np.maximum(np.sqrt((x * x).sum(axis, keepdims=True)), 1e-12)
    return normalise


for axis in (-1, 1, 0, -2):
    same_shape("softmax", lambda x: scipy.special.softmax(x, axis), axis=axis)
    same_shape("l2-normalise", normalised(axis), axis=axis)
same_shape("softmax", lambda x: scipy.special.softmax(x, -1))
same_shape("sigmoid", scipy.special.expit)
same_shape("scale", lambda x: x * 12.5 - 3, factor=12.5, offset=-3)
same_shape("scale", lambda x: x * 12.5, factor=12.5)
same_shape("scale", lambda x: x - 3, offset=-3)
same_shape("scale", lambda x: x * np.array([1, 2, 3, 4, 0.5]) + 7, mean=7, std=[1, 2, 3, 4, 0.5])
same_shape("scale", np.exp, inverse="log")
same_shape("scale", np.expm1, inverse="log1p")
with np.errstate(all="ignore"):
    case("scale of odd numbers", {"block": "scale", "mean": [7, 8, 9], "std": [1, 2, 3]},
         [tensor("x", ODD)], [tensor("x", (ODD * np.float64([1, 2, 3]) + [7, 8, 9]).astype(np.float32))])
single = np.float32(2.5)
case("sigmoid of a single number", {"block": "sigmoid"}, [tensor("x", single)],
     [tensor("x", scipy.special.expit(single.astype(np.float64)).astype(np.float32))])

LABELS = ["cat", "dog", "bird", "né", ""]


def argmax(name, array, exact, dtype):
    case(name, {"block": "argmax"}, [tensor("x", array)], [tensor("x", exact.argmax(-1))])
    case(name + " kept", {"block": "argmax", "axis": 1, "output": "best", "keep": True},
         [tensor("x", array)], [tensor("x", array), tensor("best", exact.argmax(1))])
    case(name + " labels", {"block": "argmax", "labels": LABELS, "output": "label"},
         [tensor("x", array)], [tensor("label", np.array(LABELS)[exact.argmax(-1)])])


each_precision("argmax", (2, 3, 5), argmax)
case("argmax of odd numbers", {"block": "argmax"}, [tensor("x", ODD)], [tensor("x", ODD.argmax(-1))],
     doubtful=[0])
case("argmax across a batch", {"block": "argmax", "axis": 0}, [tensor("x", ODD[5:8])],
     [tensor("x", ODD[5:8].argmax(0), [3])])
case("argmax of nothing", {"block": "argmax"}, [tensor("x", EMPTY)],
     [tensor("x", np.zeros(0, np.int64))])


def top(exact, k):
    # Stable, NaN first: of the reversed ascending order with NaN last.
    order = np.argsort(np.where(np.isnan(exact), -np.inf, -exact), -1, kind="stable")
    nan_first = np.argsort(~np.isnan(np.take_along_axis(exact, order, -1)), -1, kind="stable")
    return np.take_along_axis(order, nan_first, -1)[..., :k]


def top_k(name, array, exact, dtype):
    best = top(exact, 3)
    scores = tensor("scores", np.take_along_axis(array, best, -1))
    case(name, {"block": "top-k", "k": 3}, [tensor("x", array)], [tensor("indices", best), scores])
    case(name + " labels", {"block": "top-k", "k": 3, "labels": LABELS}, [tensor("x", array)],
         [tensor("labels", np.array(LABELS)[best]), scores])
    names = {"indices": "which", "labels": "names", "scores": "x"}
    case(name + " all", {"block": "top-k", "k": 3, "labels": LABELS, "outputs": names},
         [tensor("x", array)],
         [tensor("names", np.array(LABELS)[best]), tensor("which", best), {**scores, "name": "x"}])


each_precision("top-k", (2, 3, 5), top_k)
for name, array, k in (("odd", ODD, 2), ("odd", ODD, 3), ("nothing", EMPTY, 2),
                       ("ties", np.float32([[1, 2, 2, 1, 2]]), 4),
                       ("many", rng.normal(size=(2, 120)).round(1).astype(np.float32), 50)):
    best = top(array.astype(np.float64), k)
    case(f"top-k of {name} {k}", {"block": "top-k", "k": k}, [tensor("x", array)],
         [tensor("indices", best), tensor("scores", np.take_along_axis(array, best, -1))],
         doubtful=[0] if name == "odd" else [])


def threshold(name, array, exact, dtype):
    limits = np.array([0.5, -1, 0, 2, 0.1])
    for limit, stated in ((0.7, 0.7), (limits, limits.tolist())):
        reached = array >= np.asarray(limit).astype(dtype)
        case(f"{name} {stated}", {"block": "threshold", "threshold": stated}, [tensor("x", array)],
             [tensor("x", reached)])
        case(f"{name} {stated} labels",
             {"block": "threshold", "threshold": stated, "labels": LABELS, "output": "found"},
             [tensor("x", array)], [tensor("found", np.where(reached, np.array(LABELS), ""))])


each_precision("threshold", (2, 2, 5), threshold)
EXACTLY = np.float32([0.7, 0.69999, 0.70001, np.nan, np.inf, -np.inf])
case("threshold reached exactly", {"block": "threshold", "threshold": 0.7}, [tensor("x", EXACTLY)],
     [tensor("x", EXACTLY >= np.float32(0.7))], doubtful=[3])
for shape in ((6,), (6, 1)):
    named = np.where(EXACTLY >= np.float32(0.7), "yes", "no").reshape(shape)
    case(f"threshold of a single class {shape}",
         {"block": "threshold", "threshold": 0.7, "labels": ["no", "yes"]},
         [tensor("x", EXACTLY.reshape(shape))], [tensor("x", named)], doubtful=[3])
case("threshold of nothing", {"block": "threshold", "threshold": 0.7}, [tensor("x", EMPTY)],
     [tensor("x", EMPTY > 0)])


def pooled(tokens, mask):
    # sentence_transformers.models.Pooling, mean of tokens
    mask = np.broadcast_to(mask[..., None].astype(np.float64), tokens.shape)
    return (tokens * mask).sum(1) / np.maximum(mask.sum(1), 1e-9)


def mean_pooling(name, array, exact, dtype):
    for kind in (np.int64, np.int32, np.float32, np.bool_, np.uint8):
        mask = (np.arange(4) < np.array([[4], [2], [0]])).astype(kind)
        case(f"{name} {np.dtype(kind).name}",
             {"block": "mean-pooling", "input": "x", "output": "embedding"},
             [tensor("x", array, [-1, -1, 5]), tensor("pooler", array[:, 0])],
             [tensor("embedding", pooled(exact, mask).astype(dtype)), tensor("pooler", array[:, 0])],
             [tensor("attention_mask", mask, [-1, -1])])


each_precision("mean-pooling", (3, 4, 5), mean_pooling)
tokens, mask = rng.normal(size=(2, 3, 2)).astype(np.float32), np.array([[1, 1, 0], [1, 1, 1]])
expected = pooled(tokens.astype(np.float64), mask).astype(np.float32)
tokens[0, 2] = [np.nan, np.inf]
case("mean-pooling with a NaN for padding", {"block": "mean-pooling", "mask": "m"},
     [tensor("x", tokens)], [tensor("x", expected)], [tensor("m", mask)])
weights = np.float32([[0.5, 2, 0], [1, 0.25, 3]])
tokens = np.nan_to_num(tokens, posinf=1)
case("mean-pooling with weights", {"block": "mean-pooling", "mask": "m"}, [tensor("x", tokens)],
     [tensor("x", pooled(tokens.astype(np.float64), weights).astype(np.float32))],
     [tensor("m", weights)])
case("mean-pooling of no rows", {"block": "mean-pooling"}, [tensor("x", tokens[:0])],
     [tensor("x", np.zeros((0, 2), np.float32))],
     [tensor("attention_mask", np.zeros((0, 3), np.int64))])
case("mean-pooling of no tokens", {"block": "mean-pooling"},
     [tensor("x", np.zeros((2, 0, 3), np.float32), [-1, -1, 3])],
     [tensor("x", np.zeros((2, 3), np.float32))],
     [tensor("attention_mask", np.zeros((2, 0), np.int64), [-1, -1])])


def suppressed(boxes, scores, iou, score, centre):
    """ONNX Runtime's NonMaxSuppression of a picture: boxes [A, 4], scores [C, A]."""
    values = [onnx.helper.make_tensor_value_info(name, kind, None) for name, kind in
              (("boxes", 1), ("scores", 1), ("most", 7), ("iou", 1), ("score", 1))]
    node = onnx.helper.make_node("NonMaxSuppression", [value.name for value in values], ["kept"],
                                 center_point_box=int(centre))
    graph = onnx.helper.make_graph([node], "nms", values,
                                   [onnx.helper.make_tensor_value_info("kept", 7, None)])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 11)],
                                   ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {
        "boxes": boxes[None].astype(np.float32), "scores": scores[None].astype(np.float32),
        "most": np.int64([10000]), "iou": np.float32([iou]), "score": np.float32([score])})[0][:, 1:]


def detections(boxes, scores, form, iou, score, most, multi, across):
    """Of a picture: corners, scores and classes, best first."""
    best = scores.argmax(0)
    if across:
        kept = suppressed(boxes, scores.max(0)[None], iou, score, form == "cxcywh")
        kept[:, 0] = best[kept[:, 1]]
    else:
        alone = np.where(np.arange(len(scores))[:, None] == best, scores, 0)
        kept = suppressed(boxes, scores if multi else alone, iou, score, form == "cxcywh")
    classes, anchors = kept.T
    order = np.argsort(-scores[classes, anchors], kind="stable")[:most]
    classes, anchors = classes[order], anchors[order]
    found = boxes[anchors].astype(np.float64)
    if form == "cxcywh":
        corners = np.concatenate([found[:, :2] - found[:, 2:] / 2, found[:, :2] + found[:, 2:] / 2], 1)
    elif form == "xywh":
        corners = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:]], 1)
    else:
        corners = found
    return corners, scores[classes, anchors], classes


def boxes_case(name, *, dtype=np.float32, pictures=2, anchors=36, classes=3, form="cxcywh",
               layout=None, apart=False, objectness=False, multi=False, across=False, iou=0.45,
               score=0.25, most=300, labels=None, first=False, spread=30):
    boxes = np.concatenate([rng.uniform(0, spread, (pictures, anchors, 2)),
                            rng.uniform(10, 30, (pictures, anchors, 2))], -1).round(1)
    if form == "xyxy":
        boxes[..., 2:] += boxes[..., :2]
    # No two are equal, since ONNX Runtime's order of those is its own.
    scores = rng.permutation(np.linspace(0.001, 0.999, pictures * classes * anchors)).round(4)
    scores = scores.reshape(pictures, classes, anchors).astype(dtype)
    objects = rng.uniform(0.3, 1, (pictures, 1, anchors)).round(3).astype(dtype)
    boxes = boxes.astype(dtype)
    # The first picture has the least.
    scores[:1] /= 2
    final = (scores * objects).astype(dtype) if objectness else scores
    found = []
    for plane, marks in zip(boxes, final):
        # ONNX Runtime knows centres and corners only.
        given, given_form = plane, form
        if form == "xywh":
            given, given_form = np.concatenate([plane[:, :2], plane[:, :2] + plane[:, 2:]], 1), "xyxy"
        found.append(detections(given, marks, given_form, iou, score, most, multi, across))
    width = max([len(marks) for _, marks, _ in found], default=0)
    corners = np.zeros((pictures, width, 4), dtype)
    marks = np.zeros((pictures, width), dtype)
    kinds = np.full((pictures, width), -1)
    counts = np.zeros(pictures, np.int64)
    for at, (its_corners, its_marks, its_kinds) in enumerate(found):
        counts[at] = len(its_marks)
        corners[at, :counts[at]] = its_corners
        marks[at, :counts[at]] = its_marks
        kinds[at, :counts[at]] = its_kinds
    # There is something to suppress, and to pad.
    full = pictures == 2 and iou < 1 and anchors > 20
    all_of_them = anchors * pictures * (classes if multi else 1)
    assert not full or all_of_them > sum(counts) > max(counts) > 0, name
    block = {"block": "boxes", "format": form, "iou_threshold": iou, "score_threshold": score,
             "max_boxes": most, "multi_label": multi, "across_classes": across,
             "objectness": objectness}
    if layout:
        block["layout"] = layout
    turned = (lambda x: x.transpose(0, 2, 1)) if first else (lambda x: x)
    plane = boxes.transpose(0, 2, 1)
    rest = np.concatenate([objects, scores], 1) if objectness else scores
    if apart:
        block |= {"input": "b", "scores": "scores"}
        tensors = [tensor("b", turned(plane)), tensor("other", [[1]]), tensor("scores", turned(rest))]
    else:
        tensors = [tensor("raw", turned(np.concatenate([plane, rest], 1)))]
    shown = kinds.astype(np.int64)
    expected = [tensor("boxes", corners, [-1, -1, 4]), tensor("scores", marks, [-1, -1]),
                tensor("classes", shown, [-1, -1]), tensor("count", counts)]
    if labels:
        block["labels"] = labels
        texts = np.array(labels + [""])[kinds]
        expected[2] = tensor("labels", texts, [-1, -1])
    if apart:
        expected.append(tensor("other", [[1]]))
    case(f"boxes {name}", block, tensors, expected)


boxes_case("as YOLO gives them")
boxes_case("of half precision", dtype=np.float16, anchors=40)
boxes_case("of double precision", dtype=np.float64, anchors=40)
boxes_case("anchors first", first=True)
boxes_case("anchors first, told", first=True, anchors=5, spread=100, layout="anchors_first", classes=3)
boxes_case("by their corners", form="xyxy")
boxes_case("by corner and size", form="xywh")
boxes_case("apart from their scores", apart=True)
boxes_case("apart, anchors first", apart=True, first=True, labels=["a", "b", "c"])
boxes_case("apart with objectness", apart=True, objectness=True)
boxes_case("with objectness", objectness=True)
boxes_case("of several classes", multi=True)
boxes_case("across classes", across=True)
boxes_case("with labels", labels=["cat", "dog", "né"])
boxes_case("at most 4", most=4)
boxes_case("of one class", classes=1)
boxes_case("with another threshold", iou=0.2, score=0.4)
boxes_case("all of them", iou=1.0, score=0.0, anchors=30)
boxes_case("none", score=0.999999, pictures=1, anchors=20)
boxes_case("of one picture", pictures=1)
boxes_case("of no picture", pictures=0)


MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def oriented(file):
    return ImageOps.exif_transpose(Image.open(PICTURES / file)).convert("RGB")


def pictures(name, files, steps, make, spec=None, **options):
    result = np.stack([make(file) for file in files])
    case(f"picture {name}", {"block": "picture", "steps": steps, **options},
         [{"name": options.get("input", "image"), "files": files, "spec": (spec or [-1])[:1]}],
         [tensor("pixel_values", result, spec)], side="before")


def usual(file):
    pixels = np.asarray(oriented(file).resize((9, 7), Image.Resampling.BILINEAR))
    return ((pixels.astype(np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1)


FILES = ["exif-6.jpg", "97x61-420.jpg", "filtered.png"]
USUAL = [{"orient": {}}, {"resize": {"width": 9, "height": 7, "filter": "bilinear"}},
         {"tensor": {"mean": MEAN.tolist(), "std": STD.tolist()}}]
pictures("as most models want it", FILES, USUAL, usual)
pictures("of open size", FILES[:1], USUAL, usual, [-1, 3, -1, -1], input="file", output="pixel_values")
pictures("of half precision", FILES, USUAL, lambda file: usual(file).astype(np.float16))
pictures("as it is", FILES, [{"orient": {}}, {"resize": {"width": 5, "height": 4, "filter": "bicubic"}}],
         lambda file: np.asarray(oriented(file).resize((5, 4), Image.Resampling.BICUBIC)))
pictures("of one size each", ["17x31-420.jpg"], [], lambda file: np.asarray(oriented(file)),
         [1, -1, -1, 3])
pictures("of gray", FILES,
         [{"decode": {"mode": "L"}}, {"resize": {"width": 5, "height": 4, "filter": "bicubic"}},
          {"tensor": {"scale": 1.0}}],
         lambda file: np.float32(Image.open(PICTURES / file).convert("L").resize(
             (5, 4), Image.Resampling.BICUBIC))[None])


def texts(name, file, rows, dtype=np.int64, pair=None, length=None, mask=True, types=True, spec=None,
          fixed=None, **options):
    tokenizer = tokenizers.Tokenizer.from_file(str(TOKENIZERS / f"{file}.json"))
    if length:
        tokenizer.enable_truncation(length)
    padding = tokenizer.padding or {}
    pad = next((token for token in ("[PAD]", "<pad>") if tokenizer.token_to_id(token) is not None), None)
    pad = padding.get("pad_token", pad)
    if fixed:
        tokenizer.enable_padding(pad_id=tokenizer.token_to_id(pad), pad_token=pad, length=fixed,
                                 direction=padding.get("direction", "right"))
    elif not padding:
        tokenizer.enable_padding(pad_id=tokenizer.token_to_id(pad), pad_token=pad)
    encoded = tokenizer.encode_batch(list(zip(rows, pair)) if pair else rows)
    spec = spec or [-1, fixed or -1]
    expected = [tensor("input_ids", np.array([row.ids for row in encoded], dtype), spec)]
    if mask:
        row = np.array([row.attention_mask for row in encoded], dtype)
        expected.append(tensor("attention_mask", row, spec))
    if types:
        row = np.array([row.type_ids for row in encoded], dtype)
        expected.append(tensor("token_type_ids", row, spec))
    block = {"block": "text", "file": f"{file}.json", **options}
    given = [tensor("text", rows)]
    if pair:
        block["pair"] = "text_pair"
        given.append(tensor("text_pair", pair))
    if length and length != fixed:
        block["max_length"] = length
    case(f"text {name}", block, given, expected, side="before")


ROWS = ["Hello, lighthouse!", "", "the quick brown fox jumps over the lazy dog né 漢字", "light"]
OTHERS = ["a second text", "quick", "", "the lighthouse keeper's fox, and all the rest of it"]
texts("of BERT", "bert", ROWS, length=12)
texts("of 32 bits without types", "bert", ROWS, np.int32, length=12, types=False)
texts("of ids alone", "bert", ROWS, length=64, mask=False, types=False)
texts("in pairs", "bert", ROWS, length=24, pair=OTHERS)
texts("of fixed length", "bert", ROWS, length=16, fixed=16)
texts("of fixed length where the file says another", "bert_cased", ROWS, length=10, fixed=10)
texts("as the file says", "bert_cased", ROWS)
texts("padded at the left", "roberta", ROWS, length=20)
texts("of any length", "roberta", ROWS, truncation="none")

SOUNDS = HERE / "sounds"


def sound_file(name, rate, seconds, channels, subtype, form="WAV"):
    times = np.arange(int(rate * seconds)) / rate
    left = 0.5 * np.sin(2 * np.pi * 440 * times * (1 + times)) + 0.1 * rng.normal(size=len(times))
    right = 0.3 * np.sign(np.sin(2 * np.pi * 1500 * times))
    samples = np.stack([left, right, left * right][:channels], 1).clip(-1, 1)
    SOUNDS.mkdir(exist_ok=True)
    soundfile.write(SOUNDS / name, samples, rate, subtype=subtype, format=form)


sound_file("pcm8.wav", 8000, 0.03, 1, "PCM_U8")
sound_file("pcm16.wav", 16000, 0.03, 1, "PCM_16")
sound_file("stereo16.wav", 44100, 0.015, 2, "PCM_16")
sound_file("pcm24.wav", 22050, 0.015, 1, "PCM_24")
sound_file("pcm32.wav", 16000, 0.015, 3, "PCM_32", "WAVEX")
sound_file("float32.wav", 48000, 0.015, 1, "FLOAT")
sound_file("float64.wav", 11025, 0.015, 2, "DOUBLE")
(SOUNDS / "streamed.wav").write_bytes(
    (SOUNDS / "pcm16.wav").read_bytes().replace(b"data" + (960).to_bytes(4, "little"), b"data" + b"\xff" * 4))


def samples_of(file, rate, length):
    """As librosa.load gives them, each step in double precision and then rounded."""
    samples, its_rate = soundfile.read(SOUNDS / file.replace("streamed", "pcm16"), dtype="float64", always_2d=True)
    samples = samples.mean(1).astype(np.float32).astype(np.float64)
    if its_rate != rate:
        samples = librosa.resample(samples, orig_sr=its_rate, target_sr=rate, res_type="polyphase")
    if length:
        samples = librosa.util.fix_length(samples, size=length)
    return samples.astype(np.float32).astype(np.float64)


def sounds(name, files, rate, make=lambda samples: samples, dtype=np.float32, spec=None, samples=None, **options):
    rows = np.stack([make(samples_of(file, rate, samples)) for file in files]).astype(dtype)
    block = {"block": "sound", "rate": rate, **options}
    if samples and not (spec or [])[1:] == [samples]:
        block["samples"] = samples
    case(f"sound {name}", block, [{"name": "sound", "files": files, "spec": (spec or [-1])[:1]}],
         [tensor("x", rows, spec)], side="before")


def mel(rate, log="db", top=80.0, floor=1e-10, **options):
    def make(samples):
        power = librosa.feature.melspectrogram(y=samples, sr=rate, **options)
        if log == "db":
            return librosa.power_to_db(power, amin=floor, top_db=top)
        return power if log is None else getattr(np, log)(np.maximum(power, floor))
    return make


ALL = ["pcm8.wav", "pcm16.wav", "stereo16.wav", "pcm24.wav", "pcm32.wav", "float32.wav", "float64.wav",
       "streamed.wav"]
for file in ALL:
    its_rate = soundfile.info(SOUNDS / file.replace("streamed", "pcm16")).samplerate
    sounds(f"of {file}", [file], its_rate, spec=[-1, -1])
sounds("at another rate", ALL, 16000, samples=300)
sounds("at a lower rate", ALL, 7999, samples=120, spec=[-1, 120])
sounds("of half precision", ALL[:3], 16000, samples=300, dtype=np.float16)
sounds("as long as it is", ["stereo16.wav"], 16000, spec=[-1, -1])
sounds("as librosa has it", ["stereo16.wav", "pcm24.wav"], 22050, mel(22050), spec=[-1, 128, -1],
       mel={}, samples=1000)
sounds("of few bands", ALL[:4], 16000, mel(16000, n_fft=400, hop_length=160, n_mels=20), samples=800,
       mel={"fft": 400, "hop": 160, "bands": 20})
sounds("bands last", ALL[:2], 16000,
       lambda samples: mel(16000, n_fft=400, hop_length=160, n_mels=20)(samples).T, samples=800,
       mel={"fft": 400, "hop": 160, "bands": 20}, layout="bands_last", spec=[-1, -1, 20])
sounds("with a channel", ALL[:2], 16000,
       lambda samples: mel(16000, n_fft=400, hop_length=160, n_mels=20)(samples)[None], samples=800,
       mel={"fft": 400, "hop": 160, "bands": 20})
sounds("by HTK", ALL[:2], 16000,
       mel(16000, "log", n_fft=512, hop_length=160, win_length=401, n_mels=24, htk=True, norm=None,
           fmin=60, fmax=7600, floor=1e-5), samples=800,
       mel={"fft": 512, "hop": 160, "window": 401, "bands": 24, "scale": "htk", "norm": "none",
            "low": 60, "high": 7600, "log": "ln", "floor": 1e-5})
sounds("of amplitudes", ALL[:2], 16000,
       mel(16000, None, n_fft=255, hop_length=100, n_mels=12, power=1.0, center=False), samples=800,
       mel={"fft": 255, "hop": 100, "bands": 12, "power": 1.0, "centre": False, "log": "none"})


def whisper(samples):
    # transformers.WhisperFeatureExtractor
    power = librosa.feature.melspectrogram(y=samples, sr=16000, n_fft=400, hop_length=160, n_mels=16,
                                           pad_mode="reflect")[:, :-1]
    log = np.log10(np.maximum(power, 1e-10))
    return (np.maximum(log, log.max() - 8) + 4) / 4


sounds("as Whisper wants it", ALL[:2], 16000, whisper, samples=1600, spec=[-1, 16, 10],
       mel={"fft": 400, "hop": 160, "bands": 16, "pad": "reflect", "log": "log10", "range": 8.0,
            "factor": 0.25, "offset": 1.0})

lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in CASES)
(HERE / "cases.json").write_text(f"[\n{lines}\n]\n")
print(len(CASES), "cases")
