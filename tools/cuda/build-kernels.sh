#!/usr/bin/env bash
# Compiles engines/src/main/cuda/*.cu into OUT/resources/dev/quantreel/engines/runtime/cuda/kernel/UNIT.fatbin: machine code for
# the chips below and PTX for newer ones. Objects and the compiler's reports (registers, spills) stay in OUT/objects.
# What has not changed is kept. Without nvcc it does nothing: the sources are packed anyway, and NVRTC compiles them on the GPU's
# machine. Usage: build-kernels.sh OUT
set -euo pipefail
shopt -s nullglob
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
sources="$home/engines/src/main/cuda"
out="$1"
chips=(80 86 89 90a 100 120a)

nvcc="$("$home/tools/cuda/find-nvcc.sh")" || {
    echo "No nvcc: kernels are compiled by NVRTC where they run. tools/cuda/install-nvcc.sh fetches it."
    exit 0
}
mkdir -p "$out/objects" "$out/resources/dev/quantreel/engines/runtime/cuda/kernel"
out="$(cd "$out" && pwd)"
exec 9>"$out/.lock"
flock 9 2>/dev/null || true
resources="$out/resources/dev/quantreel/engines/runtime/cuda/kernel"
flags=(-std=c++17 -O3 --fmad=false -Xptxas -v,-warn-spills -I "$sources")
# An older compiler knows fewer chips.
known="$("$nvcc" --list-gpu-code | tr '\n' ' ') "
all=("${chips[@]}")
chips=()
for chip in "${all[@]}"; do
    [[ "$known" == *"sm_${chip%a} "* ]] && chips+=("$chip")
done
[[ -n "${CXX:-}" ]] && flags+=(-ccbin "$CXX")
version="$("$nvcc" --version | tail -n 1)"

# A source and the headers that it includes, directly or not.
files_of() {
    local file include
    for file in "$@"; do
        [[ -f "$file" && "$seen" != *" $file "* ]] || continue
        seen+="$file "
        while read -r include; do
            files_of "$sources/$include"
        done < <(sed -n 's/^ *#include "\([^"]*\)".*/\1/p' "$file")
    done
}

key_of() {
    local seen=" "
    files_of "$1"
    # shellcheck disable=SC2086
    { echo "$version ${flags[*]} ${chips[*]}"; cat $seen; } | sha256sum
}

# One object: `sm` names machine code, `compute` PTX. The report is what ptxas says; it is kept beside the object.
compile() {
    local source="$1" chip="$2" object="$3"
    if [[ "$chip" == compute_* ]]; then
        "$nvcc" -ptx -arch="$chip" "${flags[@]}" "$source" -o "$object" >"$object.log" 2>&1
    else
        "$nvcc" -cubin -arch="$chip" "${flags[@]}" "$source" -o "$object" >"$object.log" 2>&1
    fi || {
        echo "$(basename "$source") does not compile for $chip:" >&2
        cat "$object.log" >&2
        return 1
    }
}

running=0
parallel="${QR_CUDA_JOBS:-$(nproc)}"
failed=0
stale=()
wanted=" "
for source in "$sources"/*.cu; do
    unit="$(basename "$source" .cu)"
    wanted+="$unit.fatbin "
    key="$(key_of "$source")"
    if [[ -f "$resources/$unit.fatbin" && "$(cat "$out/objects/$unit.key" 2>/dev/null)" == "$key" ]]; then
        continue
    fi
    stale+=("$unit")
    rm -f "$out/objects/$unit".*
    for chip in "${chips[@]/#/sm_}" compute_80; do
        extension=cubin
        [[ "$chip" == compute_* ]] && extension=ptx
        if ((running >= parallel)); then
            wait -n || failed=1
            running=$((running - 1))
        fi
        compile "$source" "$chip" "$out/objects/$unit.$chip.$extension" &
        running=$((running + 1))
    done
done
while ((running > 0)); do
    wait -n || failed=1
    running=$((running - 1))
done
((failed)) && exit 1

for unit in "${stale[@]}"; do
    images=("--image3=kind=ptx,sm=80,file=$out/objects/$unit.compute_80.ptx")
    for chip in "${chips[@]}"; do
        images+=("--image3=kind=elf,sm=$chip,file=$out/objects/$unit.sm_$chip.cubin")
    done
    "$(dirname "$nvcc")/fatbinary" -64 --compress-all --create="$resources/$unit.fatbin" "${images[@]}"
    key_of "$sources/$unit.cu" >"$out/objects/$unit.key"
done
for fatbin in "$resources"/*.fatbin; do
    [[ -e "$fatbin" && "$wanted" != *" $(basename "$fatbin") "* ]] && rm -f "$fatbin"
done
((${#stale[@]} == 0)) || echo "Compiled with nvcc: ${stale[*]}"
