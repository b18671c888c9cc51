#!/bin/sh
# BGR in million weights per CPU-second beside NumPy and PyTorch searching the same rows, and its error, in one run.
# Usage: engines/benchmarks/quantization-table.sh [PYTHON]   (a Python with NumPy and PyTorch; default python3)
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
cd "$root"
mvn -q -Dquick -Dweb.skip -pl engines/benchmarks -am test-compile
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" --add-modules jdk.incubator.vector -Xmx2g -XX:MaxDirectMemorySize=4g \
    -cp engines/target/classes:engines/benchmarks/target/classes \
    dev.quantreel.benchmarks.QuantizationTable "${1:-python3}"
