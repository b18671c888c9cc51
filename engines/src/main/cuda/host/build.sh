#!/usr/bin/env bash
# Builds the host simulator: OUT/libcuda_sim.so (the driver) and one OUT/UNIT.kernels.so for each .cu file.
# What has not changed since the last call is kept. Usage: build.sh OUT [FOLDER_OF_CU_FILES ...]; CXX names the compiler.
set -euo pipefail
host="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
out="$1"
shift
folders=("$host/.." "$@")
cxx="${CXX:-g++}"
flags=(-std=c++20 -O2 -g1 -fPIC -ffp-contract=off -fno-strict-aliasing -Wall -Wextra -Wno-unknown-pragmas)
# Undefined behaviour that a GPU would fault on, or answer at will, becomes a trap.
checks=(-fsanitize=alignment,bounds-strict,shift,integer-divide-by-zero -fsanitize-undefined-trap-on-error)
mkdir -p "$out"
out="$(cd "$out" && pwd)"
exec 9>"$out/.lock"
flock 9 2>/dev/null || true

# Whether TARGET was made of what the other arguments are now; writes the key when `made` is called after it.
key=""
current() {
    local target="$1"
    shift
    key="$("$cxx" --version | head -1; echo "${flags[*]} ${checks[*]}"; cat "$@" | sha256sum)"
    [[ -f "$target" && -f "$target.key" && "$(cat "$target.key")" == "$key" ]]
}

# Compiles or links into a new file that then takes the target's place: a library in use stays as it was mapped.
make() {
    local target="$1"
    shift
    "$@" -o "$target.new"
    mv "$target.new" "$target"
    echo "$key" >"$target.key"
}

driver=("$host"/*.cpp)
if ! current "$out/libcuda_sim.so" "$host"/*.cpp "$host"/*.hpp "$host/build.sh"; then
    echo "simulator: driver"
    make "$out/libcuda_sim.so" "$cxx" "${flags[@]}" -shared -Wl,-soname,libcuda_sim.so "${driver[@]}" -ldl -lpthread
fi

wanted=" "
failed=0
for folder in "${folders[@]}"; do
    folder="$(cd "$folder" && pwd)"
    for source in "$folder"/*.cu; do
        [[ -e "$source" ]] || continue
        unit="$(basename "$source" .cu)"
        target="$out/$unit.kernels.so"
        wanted+="$unit.kernels.so "
        if current "$target" "$source" "$host"/../*.cuh "$folder"/*.cuh "$host"/*.hpp "$host/build.sh" 2>/dev/null; then
            continue
        fi
        echo "simulator: $unit"
        kernels="$("$cxx" -E -P -x c++ -std=c++20 -DQR_SIM -DQR_SIM_SCAN -I"$host/.." -I"$host" -I"$folder" "$source" | tr '\n' ' ' |
            grep -oE '__global__ +(__launch_bounds__ *\([^)]*\) *)?void +(__launch_bounds__ *\([^)]*\) *)?qr_[A-Za-z0-9_]+' |
            sed -E 's/.*(qr_[A-Za-z0-9_]+)$/\1/' | sort -u || true)"
        if [[ -z "$kernels" ]]; then
            echo "simulator: $source has no kernel named qr_..." >&2
            failed=1
            continue
        fi
        wrapper="$out/$unit.unit.cpp"
        {
            echo '#include "builtins.hpp"'
            echo "#include \"$source\""
            echo 'extern char __bss_start[] __attribute__((visibility("hidden")));'
            echo 'extern char _end[] __attribute__((visibility("hidden")));'
            echo 'namespace { const sim::Entry entries[] = {'
            for kernel in $kernels; do
                echo "    SIM_KERNEL($kernel),"
            done
            echo '}; }'
            echo 'extern "C" __attribute__((visibility("default"))) const sim::Unit qr_sim_unit = {'
            echo '    entries, sizeof entries / sizeof entries[0], __bss_start, _end};'
        } >"$wrapper"
        make "$target" "$cxx" "${flags[@]}" "${checks[@]}" -fvisibility=hidden -DQR_SIM -I"$host/.." -I"$host" -I"$folder" \
            -shared -nostartfiles "$wrapper" -L"$out" -l:libcuda_sim.so -Wl,-rpath,'$ORIGIN' || failed=1
    done
done

# A library whose source is gone would still offer its kernels.
for library in "$out"/*.kernels.so; do
    [[ -e "$library" && "$wanted" != *" $(basename "$library") "* ]] && rm -f "$library" "$library.key"
done
exit "$failed"
