"""Neural networks of Keras on TensorFlow, exported with tf2onnx as Keras does it.

TensorFlow is imported only where it is needed.
"""

import zoo  # first: it sets the number of threads

import functools
import os
import tempfile
from pathlib import Path

import networks
import numpy as np
import onnx
from zoo import Sample, entry


@functools.cache
def keras():
    os.environ.update(CUDA_VISIBLE_DEVICES="", TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow")
    import keras
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    tensorflow.config.experimental.enable_op_determinism()
    return keras


def start():
    """Layers for a new network; names and random numbers do not depend on what was made before."""
    import tf2onnx

    keras().backend.clear_session()
    keras().utils.set_random_seed(zoo.common.SEED)
    tf2onnx.utils.INTERNAL_NAME = 1
    return keras().layers


def trained(network, values, target, loss="sparse_categorical_crossentropy", epochs=5):
    network.compile("adam", loss)
    network.fit(values, target, batch_size=64, epochs=epochs, verbose=0)
    return network


def export(network, inputs, by_keras=True):
    if by_keras:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            network.export(str(path), format="onnx", verbose=False)
            model = onnx.load(path)
    else:
        import tf2onnx

        model, _ = tf2onnx.convert.from_keras(network)
    values = list(inputs.values())
    found = network.predict(values if len(values) > 1 else values[0], verbose=0)
    # Keras numbers its names on; what counts are the places.
    names = [value.name for value in model.graph.input]
    if len(names) > len(values):
        raise ValueError(f"constants become inputs of the graph: {names[len(values) :]}")
    inputs = dict(zip(names, values, strict=True))
    return Sample(model, inputs, {model.graph.output[0].name: found})


def images():
    """Pixels last, as TensorFlow has them."""
    values, target, asked = networks.images()
    return np.moveaxis(values, 1, -1), target, np.moveaxis(asked, 1, -1)


def words():
    values, target = networks.sequences(600, 80)
    asked, _ = networks.sequences(zoo.POOL, 81)
    return values.astype(np.int32), target, asked.astype(np.int32)


@entry("keras_cnn", "CNN: Conv2D, BatchNormalization, pooling, Dense")
def keras_cnn():
    make = start()
    values, target, asked = images()
    layers = [
        make.Input((8, 8, 1), name="image"),
        make.Conv2D(8, 3, padding="same"),
        make.BatchNormalization(),
        make.ReLU(),
        make.MaxPooling2D(),
        make.Conv2D(12, 3, padding="valid", activation="elu"),
        make.Flatten(),
        make.Dropout(0.1),
        make.Dense(10, activation="softmax"),
    ]
    network = trained(keras().Sequential(layers), values, target)
    return export(network, {"image": asked})


@entry("keras_separable", "CNN: SeparableConv2D, strides, transposed, global pooling")
def keras_separable():
    make = start()
    values, target, asked = images()
    layers = [
        make.Input((8, 8, 1), name="image"),
        make.SeparableConv2D(8, 3, padding="same", depth_multiplier=4, activation="swish"),
        make.Conv2D(8, 3, strides=2, padding="same", activation="relu6"),
        make.Conv2DTranspose(4, 2, strides=2),
        make.UpSampling2D(2, interpolation="bilinear"),
        make.AveragePooling2D(2),
        make.LeakyReLU(),
        make.GlobalAveragePooling2D(),
        make.Dense(10, activation="softmax"),
    ]
    network = trained(keras().Sequential(layers), values, target, epochs=3)
    return export(network, {"image": asked})


def recurrent(cell, **embedding):
    make = start()
    values, target, asked = words()
    layers = [
        make.Input((networks.LENGTH,), dtype="int32", name="words"),
        make.Embedding(networks.WORDS, 12, **embedding),
        cell(make),
        make.Dense(4, activation="softmax"),
    ]
    return export(trained(keras().Sequential(layers), values, target), {"words": asked})


@entry("keras_lstm", "Embedding, Bidirectional LSTM, Dense")
def keras_lstm():
    return recurrent(lambda make: make.Bidirectional(make.LSTM(12)))


@entry("keras_gru", "Embedding, GRU, Dense")
def keras_gru():
    return recurrent(lambda make: make.GRU(16))


@entry("keras_lstm_masked", "Embedding with mask_zero, LSTM, Dense")
def keras_lstm_masked():
    return recurrent(lambda make: make.LSTM(12), mask_zero=True)


def transformer(activation):
    make = start()
    values, target, asked = words()
    given = make.Input((networks.LENGTH,), dtype="int32", name="words")
    x = make.Embedding(networks.WORDS, 24)(given)
    x = make.LayerNormalization()(x + make.MultiHeadAttention(2, 12)(x, x))
    x = make.LayerNormalization()(x + make.Dense(24)(make.Dense(48, activation=activation)(x)))
    x = make.GlobalAveragePooling1D()(x)
    network = keras().Model(given, make.Dense(4, activation="softmax")(x))
    return export(trained(network, values, target), {"words": asked})


@entry("keras_transformer", "MultiHeadAttention, LayerNormalization, ReLU")
def keras_transformer():
    return transformer("relu")


@entry(
    "keras_transformer_gelu", "Keras: MultiHeadAttention, LayerNormalization, GELU", refused=True
)
def keras_transformer_gelu():
    return transformer("gelu")


def tabular(by_keras):
    make = start()
    (values, codes), target, (asked, _) = networks.mixed_rows()
    normalise = make.Normalization()
    normalise.adapt(values[:, :4])
    left = make.Input((4,), name="left")
    right = make.Input((2,), name="right")
    x = make.Concatenate()([normalise(left), right])
    x = make.Dense(16, activation="selu")(x)
    network = keras().Model([left, right], make.Dense(1, activation="sigmoid")(x))
    trained(network, [values[:, :4], values[:, 4:]], target, "binary_crossentropy")
    return export(network, {"left": asked[:, :4], "right": asked[:, 4:]}, by_keras)


@entry("keras_tabular", "Normalization, Dense, two inputs, by tf2onnx itself")
def keras_tabular():
    return tabular(False)


@entry("keras_tabular_export", "Keras: Normalization by model.export", refused=True)
def keras_tabular_export():
    return tabular(True)
