"""Trains a small network to predict the progression of diabetes, with a conformal interval."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import common  # first: it sets the number of threads

import math

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PATIENT = 4  # the first columns; the others are the serum
CALIBRATION, TEST = 100, 110
MISSES = 0.1  # share of intervals that may miss


def fit(features, target):
    network = MLPRegressor(
        hidden_layer_sizes=(16,),
        activation="tanh",
        solver="lbfgs",
        alpha=10.0,
        max_iter=2000,
        random_state=common.SEED,
    )
    scaled = TransformedTargetRegressor(network, transformer=StandardScaler())
    return make_pipeline(StandardScaler(), scaled).fit(features, target)


def build(pipeline, radius):
    scaler, target = pipeline[0], pipeline[1].transformer_
    (weights_in, weights_out), (bias_in, bias_out) = (
        pipeline[1].regressor_.coefs_,
        pipeline[1].regressor_.intercepts_,
    )
    graph = common.Graph("diabetes")
    patient = graph.input("patient", "FP32", ["batch", PATIENT])
    serum = graph.input("serum", "FP32", ["batch", 10 - PATIENT])
    value = graph.node("Concat", [patient, serum], "features", axis=1)
    value = graph.standardise(value, scaler)
    value = graph.node("Tanh", [graph.dense(value, weights_in, bias_in, "hidden")], "tanh")
    # The target's scale is folded into the last layer.
    point = graph.dense(
        value, weights_out * target.scale_, bias_out * target.scale_ + target.mean_, "point"
    )
    graph.node("Reshape", [point, graph.constant("flat", np.array([-1]))], "progression")
    graph.output("progression", "FP32", ["batch"])
    radii = graph.constant("radii", np.array([[-radius, radius]]))
    graph.node("Add", [point, radii], "interval")
    graph.output("interval", "FP32", ["batch", 2])
    return graph.build()


def main():
    data = load_diabetes(scaled=False)
    features, target = data.data.astype(np.float32), data.target
    rows, rows_test = train_test_split(
        np.arange(len(features)), test_size=TEST, random_state=common.SEED
    )
    rows_train, rows_calibration = train_test_split(
        rows, test_size=CALIBRATION, random_state=common.SEED
    )
    pipeline = fit(features[rows_train].astype(np.float64), target[rows_train])

    # Split conformal prediction: the radius is an order statistic of the residuals.
    residuals = np.abs(target - pipeline.predict(features))[rows_calibration]
    radius = np.sort(residuals)[math.ceil((CALIBRATION + 1) * (1 - MISSES)) - 1]

    def request(rows):
        return {"patient": rows[:, :PATIENT], "serum": rows[:, PATIENT:]}

    cases = {
        f"held-out sample {row}, truth: {target[row]:g}": request(features[[row]])
        for row in rows_test[:2]
    }
    cases["five held-out samples"] = request(features[rows_test[-5:]])
    cases["mean of the training part"] = request(pipeline[0].mean_[None].astype(np.float32))
    cases["all zeros"] = request(np.zeros((1, 10), np.float32))

    def metrics(predict):
        answers = predict(request(features[rows_test]))
        truth, interval = target[rows_test], answers["interval"]
        point = answers["progression"].astype(np.float64)
        covered = (interval[:, 0] <= truth) & (truth <= interval[:, 1])
        return [
            common.bootstrap("Mean absolute error", np.mean, np.abs(truth - point), digits=1),
            common.bootstrap("R²", r2_score, truth, point, digits=2),
            common.proportion("Coverage of the 90 % interval", covered),
            ("Width of the interval", f"{2 * radius:.1f}", "constant"),
        ]

    common.publish(__file__, build(pipeline, radius), cases, metrics)


if __name__ == "__main__":
    main()
