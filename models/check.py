"""Checks models and fixtures: well-formed ONNX, manifests that agree, cases that reproduce."""

import common  # first: it sets the number of threads

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import onnx

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 1 << 20  # bytes of a model
FIXTURE = {"absolute": 1e-6, "relative": 1e-5}


def check_cases(model, cases, absolute, relative):
    """Compares ONNX Runtime's answers with the recorded ones; returns number and worst error."""
    running, worst = common.session(model), 0.0
    recorded = json.loads(cases.read_text(encoding="utf-8"))["cases"]
    for case in recorded:
        inputs = dict(map(common.from_json, case["request"]["inputs"]))
        expected = dict(map(common.from_json, case["response"]["outputs"]))
        actual = common.run(running, inputs)
        assert list(actual) == list(expected), f"{case['name']}: outputs differ"
        for name, value in expected.items():
            assert actual[name].shape == value.shape, f"{case['name']}: shape of {name}"
            assert actual[name].dtype == value.dtype, f"{case['name']}: datatype of {name}"
            if value.dtype.kind in "Ob":
                assert (actual[name] == value).all(), f"{case['name']}: {name}"
                continue
            got, want = actual[name].astype(np.float64), value.astype(np.float64)
            assert np.allclose(got, want, relative, absolute), f"{case['name']}: {name}"
            worst = max(worst, np.abs(got - want).max(initial=0.0))
    return len(recorded), worst


def check_model(folder):
    """Checks a folder of `models`."""
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    path = folder / "model.onnx"
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert manifest["name"] == folder.name == model.graph.name
    assert {node.domain for node in model.graph.node} == {""}
    assert path.stat().st_size < LIMIT
    for key, values in (("inputs", model.graph.input), ("outputs", model.graph.output)):
        for spec, value in zip(manifest[key], values, strict=True):
            tensor = value.type.tensor_type
            shape = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
            assert spec["name"] == value.name
            assert common.DATATYPES[spec["datatype"]][1] == tensor.elem_type
            assert spec["shape"] == shape
    reference = manifest["reference"]
    tolerance = {key: reference[key] for key in FIXTURE}
    return check_cases(path, folder / reference["cases"], **tolerance)


def check_fixture(path):
    """Checks a file of `tests/fixtures` that has cases."""
    model = path.with_name(path.name.removesuffix(".cases.json") + ".onnx")
    onnx.checker.check_model(str(model), full_check=True)
    return check_cases(model, path, **FIXTURE)


def main():
    todo = [(path.parent, check_model) for path in ROOT.glob("models/*/manifest.toml")]
    todo += [(path, check_fixture) for path in ROOT.glob("tests/fixtures/*.cases.json")]
    failed = False
    for path, check in sorted(todo, key=lambda entry: entry[0]):
        name = path.relative_to(ROOT)
        try:
            cases, worst = check(path)
            print(f"{name}: {cases} cases, worst error {worst:.1e}")
        except (AssertionError, ValueError, onnx.checker.ValidationError) as error:
            failed = True
            print(f"{name}: {error}", file=sys.stderr)
    sys.exit(failed)


if __name__ == "__main__":
    main()
