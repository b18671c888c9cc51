#!/bin/sh
# Million weights per CPU-second of every weight method, by row and by group, and BGR beside NumPy and PyTorch searching the
# same rows, with its error, in one run.
# Usage: engines/benchmarks/quantization-table.sh [PYTHON]   (a Python with NumPy and PyTorch; default python3)
exec "$(dirname -- "$0")/run.sh" QuantizationTable "${1:-python3}"
