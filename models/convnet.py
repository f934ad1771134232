"""What the convolutional networks share: layers, training, and their way into ONNX.

Images are [batch, height, width, channel] in training, [batch, channel, height, width] in ONNX.
"""

import common  # noqa: F401 - first: it sets the number of threads

import jax
import jax.numpy as jnp
import numpy as np
import optax


def init(rng, *shapes):
    """Weights after He, and zeros as biases, for kernels [height, width, in, out] or [in, out]."""
    return [
        {
            "weight": rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32),
            "bias": np.zeros(shape[-1], np.float32),
        }
        for shape in shapes
    ]


def convolve(value, layer):
    """A convolution that keeps height and width."""
    product = jax.lax.conv_general_dilated(
        value, layer["weight"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return product + layer["bias"]


def max_pool(value):
    return jax.lax.reduce_window(value, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def train(parameters, loss, batches, steps, rate):
    """Adam with a cosine schedule; `loss(parameters, *batch)`."""
    optimiser = optax.adam(optax.cosine_decay_schedule(rate, steps))

    @jax.jit
    def step(parameters, state, batch):
        gradient = jax.grad(loss)(parameters, *batch)
        updates, state = optimiser.update(gradient, state)
        return optax.apply_updates(parameters, updates), state

    state = optimiser.init(parameters)
    for _ in range(steps):
        parameters, state = step(parameters, state, next(batches))
    return jax.tree.map(np.asarray, parameters)


def add_convolution(graph, value, layer, name):
    """`convolve` as a node."""
    weights = graph.constant(f"{name}.weight", layer["weight"].transpose(3, 2, 0, 1))
    bias = graph.constant(f"{name}.bias", layer["bias"])
    return graph.node("Conv", [value, weights, bias], name, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
