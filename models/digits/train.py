"""Trains a convolutional network to read handwritten digits."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import common  # first: it sets the number of threads
import convnet

import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_digits

TEST = 450  # the last images
STEPS, BATCH, RATE = 3000, 64, 2e-3
DROPOUT = 0.3
SCALE = 1 / 16


def features(parameters, image):
    """The flattened output of the convolutions."""
    value = image * SCALE
    for index, layer in enumerate(parameters[:3]):
        value = jnp.maximum(convnet.convolve(value, layer), 0)
        if index > 0:
            value = convnet.max_pool(value)
    return value.reshape(len(value), -1)


def loss(parameters, image, label, kept):
    hidden = features(parameters, image) * kept / (1 - DROPOUT)
    logits = hidden @ parameters[3]["weight"] + parameters[3]["bias"]
    return optax.softmax_cross_entropy_with_integer_labels(logits, label).mean()


def batches(rng, images, labels, width):
    """Random images, shifted by at most one pixel and somewhat stretched in intensity."""
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    while True:
        rows = rng.integers(0, len(images), BATCH)
        shifts = rng.integers(0, 3, (BATCH, 2))
        batch = np.stack([padded[row, y : y + 8, x : x + 8] for row, (y, x) in zip(rows, shifts)])
        batch = np.clip(batch * rng.uniform(0.8, 1.2, (BATCH, 1, 1, 1)), 0, 16)
        kept = rng.random((BATCH, width)) >= DROPOUT
        yield batch.astype(np.float32), labels[rows], kept


def build(parameters):
    graph = common.Graph("digits")
    image = graph.input("image", "FP32", ["batch", 1, 8, 8])
    value = graph.node("Mul", [image, graph.constant("factor", np.float64(SCALE))], "scaled")
    for index, layer in enumerate(parameters[:3]):
        value = convnet.add_convolution(graph, value, layer, f"conv_{index}")
        value = graph.node("Relu", [value], f"relu_{index}")
        if index > 0:
            value = graph.node(
                "MaxPool", [value], f"pool_{index}", kernel_shape=[2, 2], strides=[2, 2]
            )
    # [height, width, channel] in training, [channel, height, width] here.
    weights = parameters[3]["weight"].reshape(2, 2, -1, 10).transpose(2, 0, 1, 3).reshape(-1, 10)
    flat = graph.node("Flatten", [value], "flat", axis=1)
    graph.classify(graph.dense(flat, weights, parameters[3]["bias"], "logits"), 10)
    return graph.build()


def main():
    data = load_digits()
    images = data.images.astype(np.float32)[..., None]
    labels = data.target.astype(np.int32)
    rng = np.random.default_rng(common.SEED)
    parameters = convnet.init(rng, (3, 3, 1, 16), (3, 3, 16, 32), (3, 3, 32, 64), (256, 10))
    parameters = convnet.train(
        parameters, loss, batches(rng, images[:-TEST], labels[:-TEST], 256), STEPS, RATE
    )

    images = images.transpose(0, 3, 1, 2)
    first = len(images) - TEST
    cases = {
        f"held-out sample {row}, truth: {labels[row]}": images[[row]] for row in (first, first + 1)
    }
    cases["three held-out samples"] = images[-3:]
    cases["a blank image"] = np.zeros((1, 1, 8, 8), np.float32)
    cases["ink everywhere"] = np.full((1, 1, 8, 8), 16, np.float32)
    cases = {name: {"image": value} for name, value in cases.items()}

    def metrics(predict):
        answers = predict({"image": images[-TEST:]})
        truth = labels[-TEST:]
        losses = -np.log(answers["probability"][np.arange(TEST), truth])
        return [
            common.proportion("Accuracy", answers["label"] == truth),
            common.bootstrap("Log loss", np.mean, losses),
        ]

    common.publish(__file__, build(parameters), cases, metrics)


if __name__ == "__main__":
    main()
