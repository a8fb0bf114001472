#!/usr/bin/env bash
# Makes a fresh clone runnable: installs the packages and builds, each only when something changed. Prints only what it does.
set -euo pipefail
# Nothing made here is private, and what runs as somebody else reads it; whoever calls this may keep everything else to themselves.
umask 022
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '%s\n' "$*" >&2; }
fail() { say "✗ $1"; say "  $2"; exit 1; }

command -v node >/dev/null 2>&1 || fail "Node.js is not installed." "Install Node 20.19 or newer (https://nodejs.org), then run this again."
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
  || fail "Node $(node --version) is too old." "Install Node 20.19 or newer, then run this again."
command -v npm >/dev/null 2>&1 || fail "npm is not installed." "It comes with Node.js; install that again, then run this again."

# One setup at a time: two at once would take each other's packages away.
exec 9>"$root/.setup.lock"
if command -v flock >/dev/null 2>&1; then flock 9; fi

lock_sum=$(cksum <package-lock.json)
if [ ! -f node_modules/.installed ] || [ "$(cat node_modules/.installed)" != "$lock_sum" ]; then
  say "Installing packages (about half a minute) …"
  # Not `npm ci`: it refuses a lockfile that leaves out optional parts for other systems. Versions are the lockfile's all the same.
  npm install --no-save --no-audit --no-fund --loglevel=error >&2 || fail "The packages could not be installed." "Check the network, then run this again."
  printf '%s\n' "$lock_sum" >node_modules/.installed
fi

# Commands of the assistant run isolated or not at all. Root can have it at once; others are told by the gateway what to install.
if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && ! command -v bwrap >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then
  say "Installing bubblewrap, which isolates commands …"
  export DEBIAN_FRONTEND=noninteractive
  # A new machine knows no packages yet.
  { apt-get install -y -qq bubblewrap || { apt-get -qq update && apt-get install -y -qq bubblewrap; }; } >/dev/null 2>&1 \
    || say "  It could not be installed; commands stay off until: apt-get install -y bubblewrap"
fi

sources="contract models tools checks gateway cli ui channels scripts/build.mjs package.json"
# shellcheck disable=SC2086
if [ ! -f dist/.built ] || [ -n "$(find $sources -name node_modules -prune -o -type f -newer dist/.built -print -quit)" ]; then
  say "Building …"
  mkdir -p dist
  touch dist/.building
  node scripts/build.mjs >&2 || fail "The build failed." "The messages above say where."
  mv dist/.building dist/.built
fi
