#!/bin/sh
# Builds and runs a main class of engines/benchmarks on the JDK 25 that the launcher would take, in the launcher's settings.
# Usage: engines/benchmarks/run.sh CLASS [ARGUMENTS]    for example  run.sh ForwardTable 30 1 256 w4a8 390
# JAVA_OPTIONS holds further options of the virtual machine, such as -Dquantreel.file=PATH.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
if [ $# -eq 0 ] || [ ! -f "$root/engines/benchmarks/src/main/java/dev/quantreel/benchmarks/$1.java" ]; then
    sed -n 's/^# //;2,4p' "$0" >&2
    printf 'Classes: %s\n' "$(grep -l 'void main(' "$root"/engines/benchmarks/src/main/java/dev/quantreel/benchmarks/*.java |
        sed 's:.*/::;s:\.java$::' | tr '\n' ' ')" >&2
    exit 2
fi
. "$root/tools/jdk.sh"
cd "$root"
mvn -q -Dquick -Dweb.skip -pl engines/benchmarks -am test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath
class=$1
shift
MALLOC_MMAP_THRESHOLD_=${MALLOC_MMAP_THRESHOLD_:-1048576}
export MALLOC_MMAP_THRESHOLD_
# shellcheck disable=SC2086
exec "$JAVA_HOME/bin/java" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC \
    -Xmx2g -XX:MaxDirectMemorySize=16g ${JAVA_OPTIONS:-} \
    -cp "engines/benchmarks/target/classes:engines/target/classes:$(cat engines/benchmarks/target/classpath)" \
    "dev.quantreel.benchmarks.$class" "$@"
