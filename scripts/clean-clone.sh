#!/usr/bin/env bash
# Proves that a stranger's first minutes work: clones HEAD into an empty folder, with an empty HOME starts the gateway with the
# one command, asks the assistant something, starts again, looks at the permissions, and stops it. Uses a free port.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
place=$(mktemp -d)
home="$place/home" clone="$place/moltbot"
mkdir -m 700 "$home"
port=$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')

fail() { printf '✗ %s\n' "$1" >&2; tail -n 30 "$home/.moltbot/logs/start.log" "$home/.moltbot/logs/gateway.log" 2>/dev/null >&2 || true; exit 1; }
# A person's shell, without anything of ours in it.
clean() { env -i HOME="$home" PATH="$PATH" LANG=C.UTF-8 ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} "$@" </dev/null; }
moltbot() { clean node "$clone/bin/moltbot" "$@" --url "ws://127.0.0.1:$port"; }

# What still runs from this folder when we leave is ours and ends here.
tidy() {
  status=$?
  set +e
  [ ! -f "$clone/bin/moltbot" ] || moltbot gateway stop >/dev/null 2>&1
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    [ "$pid" = "$$" ] || case $(readlink "$process/cwd" 2>/dev/null) in "$clone"*) kill "$pid" 2>/dev/null ;; esac
  done
  case $(readlink /tmp/moltbot-gateway.log 2>/dev/null) in "$home"*) rm -f /tmp/moltbot-gateway.log ;; esac
  rm -rf "$place"
  exit "$status"
}
trap tidy EXIT

git clone --quiet --no-hardlinks "$root" "$clone"
echo "1  one command from an empty HOME, port $port"
clean bash "$clone/scripts/start-moltbot.sh" --no-browser --port "$port" || fail "The start script failed."

echo "2  the gateway answers"
node -e '
  require("node:http").get({ host: "127.0.0.1", port: Number(process.argv[1]), path: "/readyz" }, (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on("error", () => process.exit(1))' "$port" || fail "/readyz does not answer."

echo "3  the assistant answers"
answer=$(moltbot agent -m "2+2") || fail "moltbot agent failed."
printf '   %s\n' "$answer"
case $answer in *4*) ;; *) fail "2+2 was not answered with 4." ;; esac

echo "4  starting again changes nothing"
again=$(clean bash "$clone/scripts/start-moltbot.sh" --no-browser --port "$port") || fail "The second start failed."
case $again in *"already running"*) ;; *) fail "The second start did not find the first." ;; esac

echo "5  nobody else can read what it keeps"
open=$(find "$home/.moltbot" -path "$home/.moltbot/workspace*" -prune -o \( -type f -o -type d \) -perm /077 -print)
[ -z "$open" ] || fail "Readable by others: $open"

echo "6  it stops when told to"
moltbot gateway stop >/dev/null || fail "moltbot gateway stop failed."
if moltbot health >/dev/null 2>&1; then fail "It still answers."; fi
[ -z "$(cd "$clone" && git status --porcelain)" ] || fail "The clone was changed: $(cd "$clone" && git status --porcelain)"
echo "The clean clone works."
