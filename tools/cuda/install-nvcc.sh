#!/usr/bin/env bash
# Fetches NVIDIA's CUDA compiler (nvcc and NVRTC 13.0) with pip into extras/cuda, where the build finds it.
# The compiler is NVIDIA's, under its licence; nothing of it is packed into Quantreel. Linux on x86-64 or arm64, Python 3 with pip.
set -euo pipefail
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
target="$home/extras/cuda"
packages=(nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-runtime==13.0.96
    nvidia-cuda-nvrtc==13.0.88)

if [[ "$(cat "$target/.installed" 2>/dev/null)" == "${packages[*]}" ]]; then
    echo "The CUDA compiler is in extras/cuda already."
    exit 0
fi
python3 -m pip --version >/dev/null 2>&1 || {
    echo "install-nvcc: needs Python 3 with pip (Debian: apt install python3-pip)" >&2
    exit 1
}
rm -rf "$target"
mkdir -p "$target"
python3 -m pip install --quiet --no-deps --no-compile --disable-pip-version-check --only-binary=:all: \
    --target "$target" "${packages[@]}"
chmod +x "$target"/nvidia/cu13/bin/* "$target"/nvidia/cu13/nvvm/bin/* 2>/dev/null || true
# Of the libraries only NVRTC is used: the kernels are loaded by the driver.
find "$target/nvidia/cu13/lib" -type f ! -name 'libnvrtc.so.*' ! -name 'libnvrtc-builtins.so.*' -delete
"$target/nvidia/cu13/bin/nvcc" --version | tail -n 2 | head -n 1
printf '%s' "${packages[*]}" >"$target/.installed"
echo "Installed in extras/cuda; deleting that folder takes it away again."
