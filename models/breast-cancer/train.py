"""Trains a multilayer perceptron to tell malignant from benign breast masses."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import common  # first: it sets the number of threads

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

MALIGNANT, BENIGN = 0, 1


def build(scaler, network):
    graph = common.Graph("breast-cancer")
    value = graph.standardise(graph.input("features", "FP32", ["batch", 30]), scaler)
    *hidden, (weights, bias) = zip(network.coefs_, network.intercepts_)
    for index, parameters in enumerate(hidden):
        value = graph.node(
            "Relu", [graph.dense(value, *parameters, f"dense_{index}")], f"relu_{index}"
        )
    # One logit for benign becomes two that differ by it, so that both probabilities are exact.
    logits = graph.dense(
        value, np.hstack([-weights, weights]) / 2, np.hstack([-bias, bias]) / 2, "logits"
    )
    graph.classify(logits, 2)
    return graph.build()


def main():
    data = load_breast_cancer()
    features = data.data.astype(np.float32)
    rows_train, rows_test = train_test_split(
        np.arange(len(features)), test_size=0.25, stratify=data.target, random_state=common.SEED
    )
    scaler = StandardScaler().fit(features[rows_train].astype(np.float64))
    network = MLPClassifier(
        (32, 16), solver="lbfgs", alpha=3.0, max_iter=2000, random_state=common.SEED
    ).fit(scaler.transform(features[rows_train]), data.target[rows_train])

    held_out, truth = features[rows_test], data.target[rows_test]

    def sample(wanted):
        """The first held-out row of a class."""
        row = rows_test[np.flatnonzero(truth == wanted)[0]]
        return f"held-out sample {row}, truth: {data.target_names[wanted]}", features[[row]]

    cases = {
        **dict([sample(MALIGNANT), sample(BENIGN)]),
        "eight held-out samples": held_out[-8:],
        "mean of the training part": scaler.mean_[None].astype(np.float32),
        "all zeros": np.zeros((1, 30), np.float32),
    }

    def metrics(predict):
        answers = predict({"features": held_out})
        right = answers["label"] == truth
        return [
            common.proportion("Accuracy", right),
            common.proportion("Sensitivity (malignant found)", right[truth == MALIGNANT]),
            common.proportion("Specificity (benign found)", right[truth == BENIGN]),
            common.bootstrap("ROC AUC", roc_auc_score, truth, answers["probability"][:, BENIGN]),
        ]

    cases = {name: {"features": value} for name, value in cases.items()}
    common.publish(__file__, build(scaler, network), cases, metrics)


if __name__ == "__main__":
    main()
