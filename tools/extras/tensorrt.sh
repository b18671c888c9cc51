#!/bin/sh
# Lays out NVIDIA's libraries for TensorRT, whole and as they are. Usage: tensorrt.sh JAVA_HOME FOLDER_OF_JARS TO
set -eu
jar="$1/bin/jar"
from=$(CDPATH='' cd -- "$2" && pwd -P)
to=$3

open="$from/open"
for archive in "$from"/*.jar; do
    rm -rf "$open"
    mkdir -p "$open"
    (cd "$open" && "$jar" xf "$archive" org/bytedeco)
    find "$open" -name 'lib*.so*' -type f | while read -r library; do
        case "$(basename "$library")" in
        libnvinfer.so.* | libnvinfer_builder_resource* | libnvonnxparser.so.* | libcudart.so.* | libnvrtc*.so.*)
            mv "$library" "$to/"
            ;;
        esac
    done
done
rm -rf "$open"
for name in libnvinfer.so.10 libnvonnxparser.so.10 libcudart.so.13 libnvrtc.so.13; do
    [ -f "$to/$name" ] || { printf 'missing: %s\n' "$name" >&2; exit 1; }
done
