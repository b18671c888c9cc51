#!/bin/sh
# Starts the built server on a free port over a scratch folder and lets a real Chromium go through the canvas.
# Exit code: that of the journey, or 3 when there is no Chromium. Usage: journey.sh HOME JAVA_HOME
set -u
home=$1
java=$2/bin/java
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$chromium" ] || exit 3

scratch=$(mktemp -d) || exit 1
server=''
cleanup() {
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
"$java" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -Djava.awt.headless=true \
    -Dquantreel.home="$home" -Xmx2g -cp "$home/node-server/target/classes:$home/node-server/target/lib/*" \
    dev.quantreel.server.config.Main serve --port "$port" --base-directory "$scratch" >"$scratch/server.log" 2>&1 &
server=$!
tries=0
until node -e "fetch('http://127.0.0.1:$port/system_stats').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"; do
    tries=$((tries + 1))
    if [ $tries -gt 60 ] || ! kill -0 "$server" 2>/dev/null; then
        echo "The server did not start:" >&2
        tail -n 20 "$scratch/server.log" >&2
        exit 1
    fi
    sleep 1
done
cd "$home/web" && QUANTREEL_URL="http://127.0.0.1:$port" CHROMIUM="$chromium" npm run --silent journey
