#!/usr/bin/env bash
# Does the README hold on a bare machine? Make a fresh Debian root that has gcc, make, python3 and
# python3-venv and nothing else, put the last commit into it, run `make demo` and `make test`.
#
#   bare_root.sh [COMMAND]   in place of the two commands, run one: bare_root.sh 'make check'
#   KEEP=1                   leave build/bare in place, to look around; the next run uses it again
#
# Needs root, debootstrap and a network; the mirror and pip's settings are this machine's. Mounts
# and processes live in namespaces of their own, so that nothing stays behind whatever happens.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD/build/bare tree=otel_lite

# The mirror this machine installs from: the first binary source of its own release.
mirror() {
    shopt -s nullglob
    cat /etc/apt/sources.lis[t] /etc/apt/sources.list.d/*.{list,sources} | awk -v suite="$suite" '
        /^URIs:/ { uri = $2 }
        /^Suites:/ { for (i = 2; i <= NF; i++) if ($i == suite) found[++n] = uri }
        $1 == "deb" { sub(/\[[^]]*\]/, ""); if ($3 == suite) found[++n] = $2 }
        END { print found[1] }'
}

# What pip and certificates look like on this machine, at the same places in the root.
copy_settings() {
    local file
    for file in /etc/resolv.conf /etc/hosts /etc/pip.conf "${PIP_CONFIG_FILE:-}" "${PIP_CERT:-}" \
        "${SSL_CERT_FILE:-}" "${REQUESTS_CA_BUNDLE:-}"; do
        if [ -f "$file" ]; then
            mkdir -p "$root$(dirname "$file")"
            cp --dereference "$file" "$root$file"
        fi
    done
    if [ ! -f "$root/etc/pip.conf" ] && [ -f "$HOME/.config/pip/pip.conf" ]; then
        cp "$HOME/.config/pip/pip.conf" "$root/etc/pip.conf"
    fi
    if [ -d "${PIP_FIND_LINKS:-/nowhere}" ]; then
        mkdir -p "$root$PIP_FIND_LINKS"
        cp -r "$PIP_FIND_LINKS/." "$root$PIP_FIND_LINKS"
    fi
}

# Run a command in the project, inside the root, with none of this machine's environment but pip's.
inside() {
    local settings
    mapfile -t settings < <(env | grep -iE '^(PIP_|SSL_CERT|REQUESTS_CA|(https?|no)_proxy)' || true)
    unshare --mount --propagation private --pid --fork --kill-child sh -c '
        root=$1 && shift
        mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" || exit 1
        exec chroot "$root" "$@"
    ' inside "$root" env -i "${settings[@]}" PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/tmp \
        sh -c "cd /$tree && $1"
}

# Files that appeared outside the tree: the project promises that there are none.
strays() {
    find "$root" -xdev -newer "$root/stamp" -type f ! -path "$root/$tree/*" ! -path "$root/tmp/*"
}

[ "$(id -u)" = 0 ] || { echo "bare_root.sh needs root"; exit 1; }
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
if [ ! -e "$root/stamp" ]; then
    rm -rf "$root"
    mkdir -p "$root"
    # gcc only recommends libc6-dev, apt installs it with gcc, debootstrap has to be told.
    debootstrap --variant=minbase --include=gcc,libc6-dev,make,python3,python3-venv \
        "$suite" "$root" $(mirror) > "$root.log" 2>&1 || { tail -n 20 "$root.log"; exit 1; }
fi
[ -n "${KEEP:-}" ] || trap 'rm -rf "$root"' EXIT
copy_settings
rm -rf "${root:?}/$tree"
mkdir "$root/$tree" # what a clone of the last commit holds, whoever owns the project's folder
git -c safe.directory="$PWD" archive HEAD | tar -x -C "$root/$tree"
touch "$root/stamp"
sleep 1

if [ $# -gt 0 ]; then
    inside "$1"
    exit
fi
passed=0 failed=0
for command in "make demo" "make test"; do
    echo "bare root: $command"
    inside "$command" 2>&1 | tee "$root.out" && status=0 || status=$?
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$root.out" | tail -n 1 || true)
    if [ -n "$counts" ]; then
        read -r more _ less _ <<< "$counts"
        passed=$((passed + more)) failed=$((failed + less))
        [ "$status" = 0 ] || [ "$less" -gt 0 ] || failed=$((failed + 1))
    elif [ "$status" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
if [ -n "$(strays)" ]; then
    echo "written outside the tree:" && strays | sed "s|^$root||" | head -n 20
    failed=$((failed + 1))
else
    passed=$((passed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
