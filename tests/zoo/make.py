"""Makes the zoo: models as data scientists export them, with ONNX Runtime's answers.

`make.py [name ...]` remakes all or the named ones, `--list` tells their names, `--check` compares
the recorded answers with new ones. Without PyTorch or TensorFlow only their networks fail.
"""

import os
import sys

if os.environ.get("PYTHONHASHSEED") != "0":  # the exporters write attributes in a set's order
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0"})

import zoo  # first: it sets the number of threads

import argparse
import traceback

import preprocessing
import sklearn_models
import text
import boosting
import networks
import keras_networks

# The order of the table, which is that of the imports.
MODULES = preprocessing, sklearn_models, text, boosting, networks, keras_networks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--trace", action="store_true", help="show where an export fails")
    arguments = parser.parse_args()
    if arguments.list:
        for name, found in zoo.ENTRIES.items():
            print(f"{name}: {found.what}{' (cannot be exported)' if found.refused else ''}")
        return
    names = arguments.names or [name for name, found in zoo.ENTRIES.items() if not found.refused]
    failed = []
    for name in names:
        try:
            if arguments.check:
                print(f"{name}: worst error {zoo.check(name):.1e}", flush=True)
            else:
                print(f"{name}: {zoo.make(name)}", flush=True)
        except Exception as error:  # one model's failure is no reason not to make the others
            failed.append(name)
            print(f"{name}: {zoo.reason(error)}", file=sys.stderr, flush=True)
            if arguments.trace:
                traceback.print_exc()
    if not arguments.check:
        zoo.write_readme()
    size = sum(path.stat().st_size for path in zoo.FOLDER.rglob("*") if path.is_file())
    print(f"{len(names) - len(failed)} models, {size / 1e6:.1f} MB in the folder")
    if size > zoo.TOTAL:
        failed.append("size")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
