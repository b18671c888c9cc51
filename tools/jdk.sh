# Finds a JDK 25 and exports it as JAVA_HOME. Sourced by the launcher and by scripts that run classes of ours; POSIX sh.

is_jdk25() {
    [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] &&
        grep -q '^JAVA_VERSION="25[."+]' "$1/release"
}

find_jdk() {
    on_path=$(command -v java 2>/dev/null) && on_path=$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")
    for candidate in "${QUANTREEL_JAVA_HOME:-}" "${JAVA_HOME:-}" "${on_path%/bin/java}" \
        /usr/lib/jvm/* /usr/java/* /opt/*jdk* "${HOME:-/nonexistent}"/.sdkman/candidates/java/* \
        "${HOME:-/nonexistent}"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        if [ -n "$candidate" ] && is_jdk25 "$candidate"; then
            printf '%s' "$candidate"
            return 0
        fi
    done
    return 1
}

JAVA_HOME=$(find_jdk) || {
    printf '%s\n' "${0##*/}: needs a JDK 25, and none was found in JAVA_HOME, on the PATH or in the usual places.
  Get one:  Debian/Ubuntu  apt install temurin-25-jdk  (adoptium.net/installation)   macOS  brew install temurin@25
            any system     sdk install java 25-tem     (sdkman.io)
  or point to one:  QUANTREEL_JAVA_HOME=/path/to/jdk-25 $0 ..." >&2
    exit 1
}
export JAVA_HOME
