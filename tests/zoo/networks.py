"""Neural networks, exported by PyTorch with both of its exporters, halved and quantised.

They are trained for seconds: the reference is what PyTorch says, not the truth. PyTorch is imported
only where it is needed, so that the other models can be made without it.
"""

import zoo  # first: it sets the number of threads

import functools
import io
import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
from zoo import Sample, digits, entry

CLASSES = 10
WORDS, LENGTH = 40, 12  # of the sequences


@functools.cache
def torch():
    import torch

    logging.getLogger("torch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    return torch


def layers():
    return torch().nn


# Data.


def images():
    values, target, asked = digits()
    shape = (-1, 1, 8, 8)
    return values.reshape(shape) / 16, target, asked.reshape(shape) / 16


def sequences(rows, salt):
    """Sequences of word numbers; the class is which of four words came last."""
    draw = zoo.rng(salt)
    words = draw.integers(0, WORDS, (rows, LENGTH))
    words[np.arange(rows), draw.integers(0, LENGTH, rows)] = draw.integers(0, 4, rows)
    last = [next((word for word in row[::-1] if word < 4), 0) for row in words]
    return words, np.array(last)


def series():
    """Pieces of waves of three kinds, on two channels."""
    draw = zoo.rng(70)
    rows = 400 + zoo.POOL
    kind, phase = draw.integers(0, 3, rows), draw.random((rows, 1)) * 6
    time = np.arange(24)[None] * (0.2 + 0.15 * kind[:, None]) + phase
    values = np.stack([np.sin(time), np.cos(time)], axis=1) + 0.2 * draw.normal(size=(rows, 2, 24))
    values = values.round(3).astype(np.float32)
    return values[:400], kind[:400], values[400:]


def mixed_rows():
    """Numbers and codes of categories, as two inputs."""
    draw = zoo.rng(71)
    rows = 500 + zoo.POOL
    numbers = draw.normal(size=(rows, 6)).round(3).astype(np.float32)
    codes = draw.integers(0, [5, 9, 3], (rows, 3))
    target = (numbers[:, 0] + (codes[:, 0] > 2) - (codes[:, 1] == 4) > 0.3).astype(np.int64)
    return (numbers[:500], codes[:500]), target[:500], (numbers[500:], codes[500:])


# Training and export.


def tensors(values):
    values = values if isinstance(values, tuple) else (values,)
    return tuple(torch().from_numpy(np.ascontiguousarray(value)) for value in values)


def trained(network, values, target, epochs=8, loss=None):
    """A few rounds of Adam; the network is left ready for use."""
    values, target = tensors(values), tensors(target)[0]
    loss = loss or torch().nn.functional.cross_entropy
    optimiser = torch().optim.Adam(network.parameters(), 0.01)
    for _ in range(epochs):
        for rows in torch().randperm(len(target)).split(64):
            optimiser.zero_grad()
            loss(network(*(value[rows] for value in values)), target[rows]).backward()
            optimiser.step()
    return network.eval()


def reference(network, inputs, outputs):
    with torch().no_grad():
        found = network(*tensors(tuple(inputs.values())))
    found = found if isinstance(found, tuple) else (found,)
    return {name: value.numpy() for name, value in zip(outputs, found, strict=True)}


def dynamo(network, inputs, outputs=("logits",), axes=None, **options):
    """The exporter that is PyTorch's default. `axes`: names of an input's axes that vary."""
    example = tensors(tuple(value[:3] for value in inputs.values()))
    axes = axes or {0: "batch"}
    program = torch().onnx.export(
        network,
        example,
        dynamo=True,
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_shapes=tuple(axes for _ in inputs),
        verbose=False,
        **options,
    )
    model = program.model_proto
    for node in [*model.graph.node, *(node for f in model.functions for node in f.node)]:
        # Stack traces hold the paths of this machine.
        kept = [prop for prop in node.metadata_props if "stack_trace" not in prop.key]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    return Sample(model, inputs, reference(network, inputs, outputs))


def torchscript(network, inputs, outputs=("logits",), axes=None, **options):
    """The older exporter, of which most files are that one meets."""
    file = io.BytesIO()
    axes = axes or {0: "batch"}
    torch().onnx.export(
        network,
        tensors(tuple(value[:3] for value in inputs.values())),
        file,
        dynamo=False,
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_axes={name: axes for name in inputs} | {name: {0: "batch"} for name in outputs},
        **options,
    )
    model = onnx.load_from_string(file.getvalue())
    return Sample(model, inputs, reference(network, inputs, outputs))


def seeded():
    torch().manual_seed(zoo.common.SEED)


# The networks. Functions, not classes at the top: PyTorch may be missing.


@functools.cache
def cnn():
    nn = layers()
    seeded()
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(64, CLASSES),
    )
    values, target, asked = images()
    return trained(network, values, target), {"image": asked}


@functools.cache
def residual():
    """Depthwise convolutions, squeeze and excitation, SiLU and hard swish, as in small CNNs."""
    nn = layers()

    class Block(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.depth = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
            self.point = nn.Conv2d(channels, channels, 1, bias=False)
            self.norms = nn.ModuleList([nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)])
            self.squeeze = nn.Linear(channels, 4)
            self.excite = nn.Linear(4, channels)
            self.swish = nn.Hardswish()

        def forward(self, x):
            y = self.swish(self.norms[0](self.depth(x)))
            weights = self.squeeze(y.mean(dim=(2, 3))).relu()
            y = y * self.excite(weights).sigmoid()[:, :, None, None]
            return x + self.norms[1](self.point(y))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(1, 12, 3, stride=2, padding=1)
            self.blocks = nn.Sequential(Block(12), Block(12))
            self.head = nn.Linear(12, CLASSES)

        def forward(self, x):
            x = self.blocks(nn.functional.silu(self.stem(x)))
            x = nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)
            probability = self.head(x).softmax(dim=-1)
            return probability, probability.argmax(dim=-1)

    seeded()
    values, target, asked = images()

    def loss(found, truth):
        return nn.functional.nll_loss((found[0] + 1e-7).log(), truth)

    return trained(Net(), values, target, 6, loss), {"image": asked}


@functools.cache
def autoencoder():
    nn = layers()
    seeded()
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.GELU(),
        nn.InstanceNorm2d(8, affine=True),
        nn.Conv2d(8, 4, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.GroupNorm(2, 4),
        nn.ELU(),
        nn.ConvTranspose2d(4, 4, 2, stride=2),
        nn.PReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 1, 3, padding=1, padding_mode="reflect"),
        nn.Sigmoid(),
    )
    values, _, asked = images()
    loss = nn.functional.mse_loss
    return trained(network, values, values, 3, loss), {"image": asked}


@functools.cache
def recurrent(kind):
    """An embedding, a recurrent network in both directions, the mean over time."""
    nn = layers()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(WORDS, 12)
            self.cell = getattr(nn, kind)(12, 16, batch_first=True, bidirectional=kind == "LSTM")
            self.head = nn.Linear(32 if kind == "LSTM" else 16, 4)

        def forward(self, words):
            states, _ = self.cell(self.embedding(words))
            return self.head(states[:, -1] + states.mean(dim=1))

    seeded()
    values, target = sequences(600, 72)
    return trained(Net(), values, target), {"words": sequences(zoo.POOL, 73)[0]}


@functools.cache
def transformer(pooled=True):
    """Embeddings of words and places, blocks of attention, LayerNorm and GELU."""
    nn = layers()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(WORDS, 32)
            self.places = nn.Embedding(32, 32)
            self.blocks = nn.ModuleList(
                nn.TransformerEncoderLayer(
                    32, 4, 64, activation="gelu", batch_first=True, norm_first=True
                )
                for _ in range(2)
            )
            self.norm = nn.LayerNorm(32)
            self.head = nn.Linear(32, 4)

        def forward(self, words):
            places = torch().arange(words.shape[1], device=words.device)
            x = self.words(words) + self.places(places)
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x).mean(dim=1))

    seeded()
    values, target = sequences(600, 74)
    return trained(Net(), values, target, 6), {"words": sequences(zoo.POOL, 75)[0]}


@functools.cache
def attention():
    """Attention as one writes it by hand: masked, over words that may be padding (0)."""
    nn = layers()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(WORDS, 24, padding_idx=0)
            self.qkv = nn.Linear(24, 72)
            self.norm = nn.LayerNorm(24)
            self.head = nn.Linear(24, 4)

        def forward(self, words):
            x = self.embedding(words)
            batch, length, width = x.shape
            parts = self.qkv(x).view(batch, length, 3, 2, width // 2).permute(2, 0, 3, 1, 4)
            mask = (words != 0)[:, None, None, :]
            x2 = nn.functional.scaled_dot_product_attention(*parts.unbind(0), attn_mask=mask)
            x = self.norm(x + x2.transpose(1, 2).reshape(batch, length, width))
            hidden = x.masked_fill((words == 0)[..., None], float("-inf"))
            return self.head(hidden.amax(dim=1))

    seeded()

    def padded(words):
        words = words.copy()
        words[:, 6:][zoo.rng(76).random((len(words), 6)) < 0.4] = 0
        words[:, 0] = np.maximum(words[:, 0], 1)
        return words

    values, target = sequences(600, 77)
    asked = padded(sequences(zoo.POOL, 78)[0])
    return trained(Net(), padded(values), target, 4), {"words": asked}


@functools.cache
def temporal():
    """Convolutions over time, dilated."""
    nn = layers()
    seeded()
    network = nn.Sequential(
        nn.Conv1d(2, 8, 3, padding=1),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Conv1d(8, 8, 3, padding=2, dilation=2),
        nn.Tanh(),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
        nn.LogSoftmax(-1),
    )
    values, target, asked = series()
    return trained(network, values, target), {"series": asked}


@functools.cache
def tabular():
    """Embeddings of categories beside numbers, as in networks for tables."""
    nn = layers()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embeddings = nn.ModuleList(nn.Embedding(n, 3) for n in (5, 9, 3))
            self.body = nn.Sequential(
                nn.BatchNorm1d(15), nn.Linear(15, 24), nn.SELU(), nn.Dropout(0.2), nn.Linear(24, 1)
            )

        def forward(self, numbers, codes):
            parts = [layer(codes[:, k]) for k, layer in enumerate(self.embeddings)]
            return self.body(torch().cat([numbers, *parts], dim=1)).squeeze(-1).sigmoid()

    def loss(found, truth):
        return nn.functional.binary_cross_entropy(found, truth.float())

    seeded()
    values, target, asked = mixed_rows()
    return trained(Net(), values, target, 8, loss), dict(
        zip(["numbers", "codes"], asked, strict=True)
    )


def register(name, what, network, export, refused=False, **options):
    @entry(name, what, refused)
    def run():
        return export(*network(), **options)


TWO = ("probability", "label")
TEXT = {0: "batch", 1: "length"}

register("torch_cnn", "CNN: Conv, BatchNorm, ReLU, pooling, Linear", cnn, dynamo)
register(
    "torch_cnn_script",
    "the same by the older exporter, opset 17",
    cnn,
    torchscript,
    opset_version=17,
)
register(
    "torch_cnn_script_11",
    "the same by the older exporter, opset 11, not folded",
    cnn,
    torchscript,
    opset_version=11,
    do_constant_folding=False,
)
register(
    "torch_residual",
    "CNN: depthwise, squeeze and excitation, residual, two outputs",
    residual,
    dynamo,
    outputs=TWO,
)
register(
    "torch_residual_script", "the same by the older exporter", residual, torchscript, outputs=TWO
)
register(
    "torch_autoencoder",
    "autoencoder: norms, upsampling, transposed convolution",
    autoencoder,
    dynamo,
    outputs=("image2",),
)
register(
    "torch_autoencoder_script",
    "the same by the older exporter",
    autoencoder,
    torchscript,
    outputs=("image2",),
)
register(
    "torch_lstm", "Embedding, LSTM in both directions, Linear", lambda: recurrent("LSTM"), dynamo
)
register(
    "torch_lstm_script",
    "the same by the older exporter, any length",
    lambda: recurrent("LSTM"),
    torchscript,
    axes=TEXT,
)
register(
    "torch_gru_script",
    "Embedding, GRU, Linear, by the older exporter",
    lambda: recurrent("GRU"),
    torchscript,
    axes=TEXT,
)
register(
    "torch_rnn_script",
    "Embedding, RNN, Linear, by the older exporter",
    lambda: recurrent("RNN"),
    torchscript,
    axes=TEXT,
)
register(
    "torch_transformer",
    "transformer: attention, LayerNorm, GELU, any length",
    transformer,
    dynamo,
    axes=TEXT,
)
register(
    "torch_transformer_18", "the same, opset 18", transformer, dynamo, axes=TEXT, opset_version=18
)
register(
    "torch_transformer_23", "the same, opset 23", transformer, dynamo, axes=TEXT, opset_version=23
)
register(
    "torch_transformer_script",
    "the same by the older exporter",
    transformer,
    torchscript,
    axes=TEXT,
)
register(
    "torch_attention",
    "masked attention by scaled_dot_product_attention",
    attention,
    dynamo,
    axes=TEXT,
)
register(
    "torch_attention_23",
    "masked attention by scaled_dot_product_attention, opset 23",
    attention,
    dynamo,
    refused=True,
    axes=TEXT,
    opset_version=23,
)
register(
    "torch_attention_script", "the same by the older exporter", attention, torchscript, axes=TEXT
)
register("torch_temporal", "dilated convolutions over time", temporal, dynamo)
register(
    "torch_tabular",
    "embeddings of categories, numbers; two inputs",
    tabular,
    dynamo,
    outputs=("probability",),
)
register(
    "torch_tabular_script",
    "the same by the older exporter",
    tabular,
    torchscript,
    outputs=("probability",),
)


# Halved and quantised.


def halved(sample, **options):
    from onnxconverter_common import float16

    sample.model = float16.convert_float_to_float16(sample.model, **options)
    sample.loose = True
    return sample


@entry(
    "torch_cnn_fp16",
    "torch_cnn_script with float16 by onnxconverter-common",
    note="Numbers have 11 bits.",
)
def torch_cnn_fp16():
    sample = halved(torchscript(*cnn(), opset_version=17))
    sample.inputs = {name: value.astype(np.float16) for name, value in sample.inputs.items()}
    return sample


@entry(
    "torch_cnn_fp16_inside",
    "the same, inputs and outputs left in float32",
    note="Numbers have 11 bits.",
)
def torch_cnn_fp16_inside():
    return halved(torchscript(*cnn(), opset_version=17), keep_io_types=True)


STATIC = "Quantised in advance: numbers are rounded to at most 256 steps."
DYNAMIC = (
    "Quantised as it runs: the steps depend on the largest number in the whole request, and a "
    "rounding that falls differently moves the answers by a step, a hundredth or so."
)

# Weights have 7 bits wherever they are signed: with 8, ONNX Runtime's products saturate on
# processors without VNNI, and its answers would be those of the machine that made them.


def quantised(sample, quantise, prepare=True):
    """Runs a quantiser of ONNX Runtime, which works on files."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        onnx.save(sample.model, before)
        if prepare:
            quant_pre_process(str(before), str(before))
        quantise(str(before), str(after))
        sample.model = onnx.load(after)
    return sample


def statically(quant_format, **options):
    """Quantised with a part of the training images.

    Requests are moved off the grid of 17 grey levels, of which some would fall between two steps.
    """
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Images(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(np.split(images()[0][:256], 4))

        def get_next(self):
            batch = next(self.rest, None)
            return None if batch is None else {"image": batch}

    def quantise(before, after):
        quantize_static(before, after, Images(), quant_format=quant_format, **options)

    network, inputs = cnn()
    values = np.tile(inputs["image"], (3, 1, 1, 1))
    values = (values + zoo.rng(79).uniform(0, 0.05, values.shape)).round(3)
    inputs = {"image": values.astype(np.float32)}
    return quantised(torchscript(network, inputs, opset_version=17), quantise)


def dynamically(sample):
    from onnxruntime.quantization import quantize_dynamic

    def quantise(before, after):
        quantize_dynamic(before, after, reduce_range=True)

    sample.loose = True
    return quantised(sample, quantise, prepare=False)


@entry("torch_cnn_qdq", "torch_cnn_script, quantize_static: QDQ, int8, reduce_range", note=STATIC)
def torch_cnn_qdq():
    from onnxruntime.quantization import QuantFormat

    return statically(QuantFormat.QDQ, reduce_range=True)


@entry("torch_cnn_qdq_channel", "the same, per channel, uint8 activations", note=STATIC)
def torch_cnn_qdq_channel():
    from onnxruntime.quantization import QuantFormat, QuantType

    types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    return statically(QuantFormat.QDQ, per_channel=True, reduce_range=True, **types)


@entry("torch_cnn_qoperator", "the same, operators of integers (QOperator), uint8", note=STATIC)
def torch_cnn_qoperator():
    from onnxruntime.quantization import QuantFormat, QuantType

    types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8}
    return statically(QuantFormat.QOperator, **types)


@entry(
    "torch_transformer_dynamic",
    "torch_transformer_script, quantize_dynamic, reduce_range",
    note=DYNAMIC,
)
def torch_transformer_dynamic():
    return dynamically(torchscript(*transformer(), axes=TEXT))


@entry("torch_lstm_dynamic", "torch_lstm_script, quantize_dynamic, reduce_range", note=DYNAMIC)
def torch_lstm_dynamic():
    return dynamically(torchscript(*recurrent("LSTM"), axes=TEXT))
