#!/usr/bin/env bash
# Turns scorer.js, or another file, into a component of the contract, with
# QuickJS inside. Usage: build.sh TOOLS_DIR OUTPUT.wasm [SOURCE.js [OPTION...]]
# The tool is installed into TOOLS_DIR by npm, as package-lock.json pins it.
# With the option --stub-wasi nothing is imported, and nothing need be granted:
# then asking for the time, printing and the like end the call.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
tools="$1" output="$2" source="${3:-$here/scorer.js}"
shift "$(($# < 3 ? $# : 3))"

command -v npm >/dev/null || {
    echo "npm is needed to build guests in JavaScript; install Node.js with npm (Debian: nodejs npm)" >&2
    exit 1
}
if ! cmp -s "$here/package-lock.json" "$tools/installed.json"; then
    mkdir -p "$tools"
    cp "$here/package.json" "$here/package-lock.json" "$tools/"
    (cd "$tools" && npm ci --no-audit --no-fund --silent)
    cp "$here/package-lock.json" "$tools/installed.json"
fi
rm -rf "$tools/wit"
cp -r "$here/wit" "$tools/wit"
cp "$here/../../../wit/model.wit" "$tools/wit/deps/"
"$tools/node_modules/.bin/componentize-qjs" --sync --opt-size \
    --wit "$tools/wit" --world printing --js "$source" --output "$output" "$@" >/dev/null
