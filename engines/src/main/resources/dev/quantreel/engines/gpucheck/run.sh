#!/bin/sh
# Checks on this machine what Quantreel claims of NVIDIA GPUs. Needs no network, no JDK and no CUDA toolkit: the driver
# does; where python3 has torch, it gives the baselines. Options: --only ID,ID  --dry-run  --out FOLDER  --seconds N
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P) || exit 1

# CUDA's libraries as pip has them; ONNX Runtime looks for them.
if command -v python3 >/dev/null 2>&1; then
    found=$(python3 -c 'import nvidia,os
print(":".join(sorted(r for p in nvidia.__path__ for r, d, f in os.walk(p) if any(".so" in x for x in f))))' 2>/dev/null)
    [ -z "$found" ] || export LD_LIBRARY_PATH="$found${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

# ONNX Runtime for CUDA, where its own bundle was unpacked over this one.
natives=''
[ -f "$here/ort/native/libonnxruntime.so" ] && natives="-Donnxruntime.native.path=$here/ort/native"

exec "$here/jre/bin/java" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC \
    ${natives:+"$natives"} -cp "$here/ort/*:$here/app/*" dev.quantreel.engines.gpucheck.GpuCheckMain \
    --models "$here/models" --script "$here/baseline.py" --out "${OUT:-$PWD/gpu-check}" "$@"
