#!/bin/sh
# The whole way on one screen: run the quickstart against `otel recv` and show what arrives.
#
#     sh tools/demo.sh [OTEL QUICKSTART]     paths of the two programs; without them they are built
#
# Needs a C compiler and a POSIX shell. Exit code 0 only when all seven records arrived.
set -eu

cd "$(dirname "$0")/.."
CC=${CC:-cc}
if [ $# -eq 2 ]; then
    otel=$1 quickstart=$2
else
    otel=build/otel quickstart=build/quickstart
    mkdir -p build
    $CC -std=c99 -O2 -o "$otel" tools/otel.c tools/otel/*.c
    $CC -std=c99 -O2 -I. -o "$quickstart" examples/quickstart.c -lpthread
fi

out=build/demo.txt
mkdir -p build
# Emptied here: the shell in the background may be late, and an old address would be read.
: >"$out"
"$otel" recv --port 0 --count 7 --timeout 20 >"$out" &
receiver=$!
trap 'kill "$receiver" 2>/dev/null || :' EXIT INT TERM

tries=0
until grep -q '^listening on ' "$out"; do # its first line, flushed
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        echo "demo: the receiver did not start" >&2
        exit 1
    fi
    sleep 0.1 2>/dev/null || sleep 1
done
address=$(sed -n 's/^listening on //p' "$out")

sent=0
OTEL_EXPORTER_OTLP_ENDPOINT="http://$address" "$quickstart" || sent=$?
shown=0
if [ "$sent" -ne 0 ]; then # what did arrive is worth seeing, but nothing more will
    kill "$receiver" 2>/dev/null || :
fi
wait "$receiver" || shown=$?
trap - EXIT INT TERM
cat "$out"
if [ "$sent" -ne 0 ] || [ "$shown" -ne 0 ]; then
    echo "demo: failed: quickstart $sent, receiver $shown" >&2
    exit 1
fi
