#!/usr/bin/env bash
# Starts Moltbot: sets everything up, starts the gateway, waits until it is ready and says what to do next.
# Safe to run again at any time. See --help.
set -euo pipefail
umask 077
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${MOLTBOT_STATE_DIR:-${CLAWDBOT_STATE_DIR:-$HOME/.moltbot}}

say() { printf '%s\n' "$*"; }
fail() { printf '✗ %s\n  %s\n' "$1" "$2" >&2; exit 1; }
usage() {
  cat <<TXT
Usage: bash scripts/start-moltbot.sh [--foreground] [--port N] [--bind WHERE] [--no-browser]

  --foreground   stay in this terminal and show the log (Ctrl-C stops the gateway)
  --port N       listen on port N instead of gateway.port (18789)
  --bind WHERE   loopback (default), lan, tailnet, auto or custom
  --no-browser   do not open the page
TXT
}

foreground=no browser=yes port='' bind=''
while [ $# -gt 0 ]; do
  case $1 in
    --foreground) foreground=yes ;;
    --no-browser) browser=no ;;
    --port) [ $# -ge 2 ] || fail "--port needs a number." "For example: --port 19000"; port=$2; shift ;;
    --port=*) port=${1#*=} ;;
    --bind) [ $# -ge 2 ] || fail "--bind needs a word." "For example: --bind loopback"; bind=$2; shift ;;
    --bind=*) bind=${1#*=} ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; fail "There is no option $1." "See above." ;;
  esac
  shift
done
case $port in
  '') ;;
  *[!0-9]*|??????*) fail "--port $port is not a port." "Use a number from 1 to 65535." ;;
  *) [ "$port" -ge 1 ] && [ "$port" -le 65535 ] || fail "--port $port is not a port." "Use a number from 1 to 65535." ;;
esac
case $bind in ''|loopback|lan|tailnet|auto|custom) ;; *) fail "--bind $bind is not known." "Use loopback, lan, tailnet, auto or custom." ;; esac

bash "$root/scripts/setup.sh"

mkdir -p "$state/credentials" "$state/sessions" "$state/logs"
if [ ! -e "$state/secrets.env" ]; then
  cat >"$state/secrets.env" <<'TXT'
# Secrets for Moltbot, one NAME="value" a line. Read (never run) by the gateway at its start. Keep this file to yourself.
# A key for one of these makes a real model answer:
#ANTHROPIC_API_KEY=""
#OPENAI_API_KEY=""
#GOOGLE_API_KEY=""
# A bot from @BotFather joins Telegram:
#TELEGRAM_BOT_TOKEN=""
TXT
fi
bash "$root/scripts/secure-permissions.sh" --quiet

# The gateway gets what it needs of this environment and nothing else; secrets.env it reads by itself.
keep=()
while IFS= read -r name; do
  case $name in
    HOME|PATH|USER|LOGNAME|LANG|LC_*|TZ|TERM|NO_COLOR|FORCE_COLOR|XDG_*|DBUS_SESSION_BUS_ADDRESS|TMPDIR|NODE_EXTRA_CA_CERTS|HTTP_PROXY|HTTPS_PROXY|NO_PROXY|http_proxy|https_proxy|no_proxy) ;;
    MOLTBOT_*|CLAWDBOT_*|OPENCLAW_*|*_API_KEY|*_BOT_TOKEN|*_APP_TOKEN|ANTHROPIC_OAUTH_TOKEN|HF_TOKEN) ;;
    *) continue ;;
  esac
  keep+=("$name=${!name}")
done < <(compgen -e)

arguments=(gateway run)
[ -z "$port" ] || arguments+=(--port "$port")
[ -z "$bind" ] || arguments+=(--bind "$bind")
node=$(command -v node)

if [ "$foreground" = yes ]; then
  cd "$root"
  exec env -i "${keep[@]}" "$node" "$root/bin/moltbot" "${arguments[@]}"
fi

# Where it listens: the flag, else what the configuration says.
if [ -z "$port" ]; then port=$(cd "$root" && node "$root/bin/moltbot" config get gateway.port 2>/dev/null || true); fi
case $port in ''|*[!0-9]*) port=18789 ;; esac
# In the clear or encrypted, whichever the gateway speaks; nothing secret is sent, so the certificate is not looked at. Prints the scheme.
ready() { scheme=$(node -e '
  const ask = (scheme, otherwise) => {
    const request = require(`node:${scheme}`).get({ host: "127.0.0.1", port: Number(process.argv[1]), path: "/readyz", timeout: 2000, rejectUnauthorized: false }, (response) => {
      process.stdout.write(scheme)
      process.exit(response.statusCode === 200 ? 0 : 1)
    })
    request.on("error", otherwise); request.on("timeout", () => process.exit(1))
  }
  ask("http", () => ask("https", () => process.exit(1)))' "$port"); }

if ready; then
  # Another person's, or one of another state folder: its page and its token are not ours to offer.
  grep -Eqs "\"port\": *$port[^0-9]" "$state/running.json" || fail "Another gateway already listens on port $port; it is not the one of $state." "Start this one on another port: --port 19000"
  say "Moltbot is already running on port $port."
else
  start_log="$state/logs/start.log"
  : >"$start_log"
  cd "$root"
  # A session of its own: closing this terminal does not end the gateway.
  if command -v setsid >/dev/null 2>&1; then
    setsid env -i "${keep[@]}" MOLTBOT_QUIET=1 "$node" "$root/bin/moltbot" "${arguments[@]}" >>"$start_log" 2>&1 </dev/null 9>&- &
  else
    nohup env -i "${keep[@]}" MOLTBOT_QUIET=1 "$node" "$root/bin/moltbot" "${arguments[@]}" >>"$start_log" 2>&1 </dev/null 9>&- &
  fi
  pid=$!
  waited=0
  until ready; do
    if ! kill -0 "$pid" 2>/dev/null; then
      cat "$start_log" >&2
      fail "The gateway did not start." "The lines above say why; more is in $state/logs/gateway.log"
    fi
    waited=$((waited + 1))
    [ "$waited" -lt 120 ] || fail "The gateway is not ready after a minute." "See $state/logs/gateway.log"
    sleep 0.25
  done
  say "Moltbot is running on port $port."
fi

page="$scheme://localhost:$port/"
say ""
# A link opens once, for one browser, within ten minutes; the token itself stays in its file. Nobody reads a link in a log.
link='' opened=no
if [ -t 1 ]; then link=$(cd "$root" && "$node" "$root/bin/moltbot" login link 2>/dev/null | head -n 1 || true); fi
case $link in http://*|https://*) ;; *) link='' ;; esac
if [ "$browser" = yes ] && [ -n "$link" ]; then
  if [ "$(uname)" = Darwin ] && command -v open >/dev/null 2>&1; then open "$link" >/dev/null 2>&1 && opened=yes
  elif [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null 2>&1; then xdg-open "$link" >/dev/null 2>&1 && opened=yes; fi || true
fi
if [ "$opened" = yes ]; then say "  Open    the page opens in your browser; again: $root/bin/moltbot dashboard"
elif [ -n "$link" ]; then say "  Open    $link   (once, within ten minutes; another: $root/bin/moltbot dashboard)"
else say "  Open    $page   ($root/bin/moltbot dashboard signs you in)"; fi
say "  Talk    $root/bin/moltbot chat"
say "  Model   $root/bin/moltbot onboard      add a model key, Telegram and more"
say "  Look    $root/bin/moltbot status       log: $state/logs/gateway.log"
say "  Stop    $root/bin/moltbot gateway stop"
