"""Lets PyTorch's package of PyPI start without the CUDA libraries that it is linked to, several GB.

Puts stand-ins for them beside PyTorch's own libraries: every function says that there is no device.
A build of PyTorch for CPUs, where there is one at hand, makes this superfluous. Needs gcc and
binutils.
"""

import importlib.util
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

NVIDIA = re.compile(r"lib(cu|nv|nccl)\w*\.so")


def main():
    folder = Path(importlib.util.find_spec("torch").origin).parent / "lib"
    defined, missing, needed = set(), defaultdict(set), set()
    for path in folder.glob("*.so*"):
        if NVIDIA.match(path.name):  # a stand-in from a former run
            continue
        for line in output("nm", "-D", path):
            kind, symbol = line.split()[-2:]
            name, _, version = symbol.partition("@")
            if kind in "Uw":
                missing[name].add(version.lstrip("@"))
            else:
                defined.add(name)
        for line in output("readelf", "-d", path):
            found = re.search(r"NEEDED.*\[(.*)\]", line)
            if found and NVIDIA.match(found[1]):
                needed.add(found[1])
    # A symbol's version tells its library; those without any may be in whichever is always there.
    runtime = next(library for library in needed if library.startswith("libcudart"))
    functions = defaultdict(set)
    for name in missing.keys() - defined:
        for version in missing[name]:
            library = "libnvshmem_host.so.3" if version == "NVSHMEM" else version or runtime
            if library in needed and (version or re.match("_*(cu|nccl|nvrtc|nvtx|nvsh)", name)):
                functions[library].add(name)
    for library in sorted(needed):
        stand_in(folder / library, sorted(functions[library]))
        print(f"{library}: {len(functions[library])} functions")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def stand_in(path, names):
    version = "NVSHMEM" if "nvshmem" in path.name else path.name
    with tempfile.TemporaryDirectory() as folder:
        source, versions = Path(folder) / "source.c", Path(folder) / "versions"
        no_device = "\n".join(f"long {name}(void) {{ return 100; }}" for name in names)
        source.write_text(no_device or "int nothing;")
        versions.write_text(f"{version} {{ global: *; }};")
        flags = ["-shared", "-fPIC", "-w", f"-Wl,-soname,{path.name}"]
        flags.append(f"-Wl,--version-script={versions}")
        subprocess.run(["gcc", *flags, "-o", path, source], check=True)


if __name__ == "__main__":
    main()
