#!/usr/bin/env bash
# Prints the path of nvcc, or ends with 1: $NVCC, $CUDA_HOME, $CUDA_PATH, extras/cuda of this checkout, PATH, /usr/local/cuda.
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
for nvcc in "${NVCC:-}" "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" "${CUDA_PATH:+$CUDA_PATH/bin/nvcc}" \
    "$home/extras/cuda/nvidia/cu13/bin/nvcc" "$(command -v nvcc 2>/dev/null)" /usr/local/cuda/bin/nvcc; do
    if [[ -n "$nvcc" && -x "$nvcc" ]]; then
        printf '%s\n' "$nvcc"
        exit 0
    fi
done
exit 1
