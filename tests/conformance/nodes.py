"""Writes the node tests that the onnx package generates, one directory each.

Usage: python nodes.py DIRECTORY

A directory holds `model.onnx`, `tolerance` (relative, absolute) and for each
data set `input_SET_INDEX.pb` and `output_SET_INDEX.pb`. Tests whose graph takes
or gives anything but tensors (sequences, maps, optionals) are left out, as no
request can carry these.
"""

import sys
import warnings
from pathlib import Path

from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases


def main() -> None:
    root = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    written = 0
    for case in collect_testcases(None):
        graph = case.model.graph
        if any(not value.type.HasField("tensor_type") for value in [*graph.input, *graph.output]):
            continue
        directory = root / case.name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "model.onnx").write_bytes(case.model.SerializeToString())
        (directory / "tolerance").write_text(f"{case.rtol} {case.atol}")
        for number, (inputs, outputs) in enumerate(case.data_sets):
            for kind, values, infos in (
                ("input", inputs, graph.input),
                ("output", outputs, graph.output),
            ):
                for index, (value, info) in enumerate(zip(values, infos)):
                    if not isinstance(value, TensorProto):
                        value = numpy_helper.from_array(value, info.name)
                    path = directory / f"{kind}_{number}_{index}.pb"
                    path.write_bytes(value.SerializeToString())
        written += 1
    print(f"{written} tests in {root}")


if __name__ == "__main__":
    main()
