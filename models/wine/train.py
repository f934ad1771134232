"""Trains a linear model to tell three cultivars apart by the analysis of their wine."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import common  # first: it sets the number of threads

import numpy as np
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def build(scaler, linear):
    graph = common.Graph("wine")
    value = graph.standardise(graph.input("features", "FP32", ["batch", 13]), scaler)
    graph.classify(graph.dense(value, linear.coef_.T, linear.intercept_, "logits"), 3)
    return graph.build()


def main():
    data = load_wine()
    features = data.data.astype(np.float32)
    rows_train, rows_test = train_test_split(
        np.arange(len(features)), test_size=0.3, stratify=data.target, random_state=common.SEED
    )
    scaler = StandardScaler().fit(features[rows_train].astype(np.float64))
    linear = LogisticRegression(C=1.0).fit(
        scaler.transform(features[rows_train]), data.target[rows_train]
    )

    held_out, truth = features[rows_test], data.target[rows_test]
    cases = {
        f"held-out sample {row}, truth: {data.target_names[data.target[row]]}": features[[row]]
        for row in (rows_test[np.flatnonzero(truth == wanted)[0]] for wanted in range(3))
    }
    cases["six held-out samples"] = held_out[-6:]
    cases["all zeros"] = np.zeros((1, 13), np.float32)
    cases = {name: {"features": value} for name, value in cases.items()}

    def metrics(predict):
        answers = predict({"features": held_out})
        losses = -np.log(answers["probability"][np.arange(len(truth)), truth])
        return [
            common.proportion("Accuracy", answers["label"] == truth),
            common.bootstrap("Log loss", np.mean, losses),
        ]

    common.publish(__file__, build(scaler, linear), cases, metrics)


if __name__ == "__main__":
    main()
