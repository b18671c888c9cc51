#!/bin/sh
# Lays out ONNX Runtime for NVIDIA GPUs: libraries into TO/native, and classes that differ from ours into TO.
# Usage: ort-gpu.sh JAVA_HOME 12|13 FOLDER_OF_JARS TO
set -eu
jar="$1/bin/jar"
cuda=$2
from=$3
to=$4
native="$to/native"

natives_of() { # JAR FOLDER_IN_IT: its libraries, into a folder of their own
    rm -rf "$from/open"
    mkdir -p "$from/open"
    (cd "$from/open" && "$jar" xf "$1" "$2")
}

cd "$from"
from=$(pwd -P)
case "$cuda" in
12)
    # The version of our own classes.
    natives_of "$from"/onnxruntime_gpu-*.jar ai/onnxruntime/native/linux-x64
    mv "$from"/open/ai/onnxruntime/native/linux-x64/*.so "$native/"
    ;;
13)
    # Built by JavaCPP's presets; the bridge to Java is Microsoft's, of the same version, and so are the classes.
    natives_of "$from"/onnxruntime-*-linux-x86_64-gpu.jar org/bytedeco/onnxruntime/linux-x86_64-gpu
    for name in libonnxruntime.so.1 libonnxruntime_providers_cuda.so libonnxruntime_providers_shared.so; do
        mv "$from/open/org/bytedeco/onnxruntime/linux-x86_64-gpu/$name" "$native/"
    done
    ln -s libonnxruntime.so.1 "$native/libonnxruntime.so"
    natives_of "$from"/onnxruntime_gpu-*.jar ai/onnxruntime/native/linux-x64/libonnxruntime4j_jni.so
    mv "$from/open/ai/onnxruntime/native/linux-x64/libonnxruntime4j_jni.so" "$native/"
    for classes in "$from"/onnxruntime-*.jar; do
        case "$classes" in *linux-x86_64-gpu.jar) ;; *) mv "$classes" "$to/" ;; esac
    done
    ;;
esac
for name in libonnxruntime.so libonnxruntime4j_jni.so libonnxruntime_providers_cuda.so libonnxruntime_providers_shared.so; do
    [ -f "$native/$name" ] || { printf 'missing: %s\n' "$name" >&2; exit 1; }
done
