"""Exports estimators of scikit-learn with skl2onnx and asks them for their own answers."""

import zoo  # first: it sets the number of threads

import numpy as np
from sklearn.base import is_regressor
from skl2onnx import to_onnx
from zoo import OPSET, Sample, entry


def answer(estimator, output, values):
    """What the estimator says for one of the outputs that skl2onnx makes; None if nothing."""
    if "decision_" in output:
        return None
    if "label" in output:
        return estimator.predict(values)
    if "prob" in output:
        names = ["predict_proba", "decision_function"]
        name = next((name for name in names if hasattr(estimator, name)), None)
        return getattr(estimator, name)(values) if name else None
    if output == "scores":
        names = ["decision_function", "score_samples", "transform"]
        name = next(name for name in names if hasattr(estimator, name))
        return getattr(estimator, name)(values)
    if hasattr(estimator, "transform") and not is_regressor(estimator):
        found = estimator.transform(values)
        return found.toarray() if hasattr(found, "toarray") else found
    return estimator.predict(values)


def references(estimator, model, values, raw_scores=False):
    found, names = {}, [output.name for output in model.graph.output]
    by_class = len(names) > 2 and not any("prob" in name for name in names)
    for name in names:
        if raw_scores and name != names[0]:
            theirs = estimator.decision_function(values)
        elif not by_class:
            theirs = answer(estimator, name, values)
        elif name == names[0]:
            theirs = estimator.predict(values)
        else:  # zipmap="columns": an output for each class
            theirs = estimator.predict_proba(values)[:, names.index(name) - 1]
        if theirs is None:
            continue
        # For several targets, there is an array for each.
        found[name] = np.stack(theirs) if isinstance(theirs, list) else theirs
    return found


def export(estimator, example, opset=OPSET, **options):
    """`opset` None is what skl2onnx takes if it is not told: the lowest that will do."""
    return to_onnx(
        estimator,
        example,
        target_opset=opset,
        options={id(estimator): options} if options else None,
    )


def fitted(estimator, values, target, asked, opset=OPSET, **options):
    """Fits, exports and asks."""
    estimator.fit(values, target)
    model = export(estimator, values[:1], opset, **options)
    raw_scores = options.get("raw_scores", False)
    return Sample(model, {"X": asked}, references(estimator, model, asked, raw_scores))


def register(name, what, data, build, opset=OPSET, refused=False, note="", **options):
    """Registers the estimator that `build` returns, fitted on `data`."""

    @entry(name, what, refused, note)
    def run():
        return fitted(build(), *data(), opset, **options)


def retyped(data, dtype):
    """The same data with values of another type: skl2onnx takes the example's for the input's."""

    def other():
        values, target, asked = data()
        return values.astype(dtype), target, asked.astype(dtype)

    return other


def double(data):
    return retyped(data, np.float64)


def binary(data):
    """A task of several classes as one of two: the first class or not."""

    def two():
        values, target, asked = data()
        return values, (target == target.min()).astype(np.int64), asked

    return two


def named(data, *names):
    """The same data with strings as classes."""

    def strings():
        values, target, asked = data()
        return values, np.array(names, dtype=object)[target], asked

    return strings
