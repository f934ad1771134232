"""Trains a fully convolutional network to take Gaussian noise out of photographs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import common  # first: it sets the number of threads
import convnet

import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_sample_images

EDGE = 480  # columns to the left are for training, those to the right are held out
MARGIN = 16  # columns before the edge that nobody uses
SIGMA_LOW, SIGMA_HIGH = 10, 40
LAYERS, CHANNELS = 5, 24
STEPS, BATCH, PATCH, RATE = 3000, 16, 32, 3e-3
TILE = 32
SCALE = 1 / 255


def residual(parameters, image):
    """The noise in `image`, which holds values of 0 to 1."""
    value = image - 0.5
    for layer in parameters[:-1]:
        value = jnp.maximum(convnet.convolve(value, layer), 0)
    return convnet.convolve(value, parameters[-1])


def loss(parameters, noisy, clean):
    return jnp.mean((noisy - residual(parameters, noisy) - clean) ** 2)


def add_noise(rng, image, sigma):
    """A noisy photograph, in whole numbers as a camera would write it."""
    return np.clip(np.rint(image + rng.normal(0, 1, image.shape) * sigma), 0, 255)


def batches(rng, photographs):
    """Random patches, mirrored and turned, under noise of random strength."""
    while True:
        clean = []
        for _ in range(BATCH):
            photograph = photographs[rng.integers(len(photographs))]
            y, x = (rng.integers(extent - PATCH + 1) for extent in photograph.shape[:2])
            patch = np.rot90(photograph[y : y + PATCH, x : x + PATCH], rng.integers(4))
            clean.append(patch[:, ::-1] if rng.integers(2) else patch)
        clean = np.stack(clean).astype(np.float32)
        noisy = add_noise(rng, clean, rng.uniform(SIGMA_LOW, SIGMA_HIGH, (BATCH, 1, 1, 1)))
        yield noisy.astype(np.float32) * SCALE, clean * SCALE


def build(parameters):
    graph = common.Graph("denoise")
    shape = ["batch", "height", "width", 3]
    image = graph.node("Cast", [graph.input("image", "UINT8", shape)], "numbers", to=1)
    image = graph.node("Transpose", [image], "planes", perm=[0, 3, 1, 2])
    image = graph.node("Mul", [image, graph.constant("factor", np.float64(SCALE))], "scaled")
    value = graph.node("Sub", [image, graph.constant("middle", np.float64(0.5))], "centred")
    for index, layer in enumerate(parameters):
        value = convnet.add_convolution(graph, value, layer, f"conv_{index}")
        if index < len(parameters) - 1:
            value = graph.node("Relu", [value], f"relu_{index}")
    value = graph.node("Sub", [image, value], "clean")
    value = graph.node("Mul", [value, graph.constant("white", np.float64(255))], "unscaled")
    value = graph.node("Round", [value], "rounded")
    limits = [graph.constant("low", np.float64(0)), graph.constant("high", np.float64(255))]
    value = graph.node("Clip", [value, *limits], "clipped")
    value = graph.node("Transpose", [value], "pixels", perm=[0, 2, 3, 1])
    graph.node("Cast", [value], "image_denoised", to=2)
    graph.output("image_denoised", "UINT8", shape)
    return graph.build()


def tiles(image):
    """Mean over each tile, row by row, as the tiles are resampled for the intervals."""
    rows, columns = (extent // TILE for extent in image.shape[:2])
    cut = image[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE, -1)
    return cut.mean(axis=(1, 3, 4)).ravel()


def psnr(errors):
    return 10 * np.log10(255**2 / np.mean(errors))


def psnr_gain(before, after):
    return psnr(after) - psnr(before)


def main():
    photographs = load_sample_images().images
    rng = np.random.default_rng(common.SEED)
    widths = [3, *[CHANNELS] * (LAYERS - 1), 3]
    shapes = [(3, 3, before, after) for before, after in zip(widths, widths[1:])]
    parameters = convnet.train(
        convnet.init(rng, *shapes),
        loss,
        batches(rng, [photograph[:, : EDGE - MARGIN] for photograph in photographs]),
        STEPS,
        RATE,
    )

    held_out = [photograph[:, EDGE:].astype(np.float32) for photograph in photographs]
    noisy = {
        sigma: [add_noise(rng, image, sigma).astype(np.uint8) for image in held_out]
        for sigma in (25, 15, 35)
    }
    china, flower = noisy[25]
    cases = {
        "held-out crop of china.jpg under noise of sigma 25, truth: the clean photograph": (
            china[None, 160:192, 64:96]
        ),
        "held-out crop of flower.jpg, 64 by 48": flower[None, 128:192, 16:64],
        "two held-out crops, 8 by 12": np.stack([china[:8, :12], flower[:8, :12]]),
        "a single pixel": china[None, :1, :1],
        "all zeros": np.zeros((1, 8, 8, 3), np.uint8),
    }
    cases = {name: {"image": value} for name, value in cases.items()}

    def metrics(predict):
        rows = []
        for sigma, images in noisy.items():
            before, after = [], []
            for clean, image in zip(held_out, images):
                denoised = predict({"image": image[None]})["image_denoised"][0]
                before.append(tiles((image - clean) ** 2))
                after.append(tiles((denoised - clean) ** 2))
            before, after = np.concatenate(before), np.concatenate(after)
            for name, statistic, errors in (
                ("PSNR gained", psnr_gain, [before, after]),
                ("PSNR of noisy", psnr, [before]),
                ("PSNR of denoised", psnr, [after]),
            ):
                rows.append(
                    common.bootstrap(
                        f"{name} at sigma {sigma}", statistic, *errors, digits=2, unit=" dB"
                    )
                )
        return rows

    common.publish(__file__, build(parameters), cases, metrics)


if __name__ == "__main__":
    main()
