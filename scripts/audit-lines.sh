# Sourced by quick-audit.sh and security-audit.sh: one line for each question, and what is asked without the built program.
# Works with bash 3.2 and 5, on Linux and macOS, and changes nothing.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${MOLTBOT_STATE_DIR:-${CLAWDBOT_STATE_DIR:-$HOME/.moltbot}}
config=${MOLTBOT_CONFIG_PATH:-${CLAWDBOT_CONFIG_PATH:-}}
if [ -z "$config" ]; then
  config=$state/moltbot.json
  if [ ! -e "$config" ] && [ -e "$state/config.json" ]; then config=$state/config.json; fi
fi
passed=0 warned=0 failed=0

pass() { passed=$((passed + 1)); printf '✅ %s\n' "$1"; }
warn() { warned=$((warned + 1)); printf '⚠ %s\n    → %s\n' "$1" "$2"; }
fail() { failed=$((failed + 1)); printf '✗ %s\n    → %s\n' "$1" "$2"; }
note() { printf 'ℹ %s\n' "$1"; }
heading() { printf '\n%s\n' "$1"; }

# Mode and owner as they are; GNU and BSD name them differently.
mode_of() { stat -c %a "$1" 2>/dev/null || stat -f %Lp "$1"; }
owner_of() { stat -c %u "$1" 2>/dev/null || stat -f %u "$1"; }

# private PATH MODE TITLE: nobody but the owner may read or change it. What is not there is no risk, and is not called a success either.
private() {
  if [ -L "$1" ]; then fail "$1 is a link" "Put the real one there."; return; fi
  if [ ! -e "$1" ]; then note "$1 is not there yet"; return; fi
  if [ "$(owner_of "$1")" != "$(id -u)" ] && [ "$(id -u)" != 0 ]; then fail "$1 belongs to somebody else" "Run: sudo chown -R $(id -un) $state"; return; fi
  case $(mode_of "$1") in
    ?00) pass "$3" ;;
    *) fail "$1 is open to others (mode $(mode_of "$1"), should be $2)" "Run: bash scripts/secure-permissions.sh" ;;
  esac
}

# Everything that needs no program of ours.
files_by_shell() {
  private "$state" 700 "Nobody else can look into the state directory"
  private "$config" 600 "Only its owner can read the configuration"
  private "$state/secrets.env" 600 "Only its owner can read secrets.env"
  private "$state/credentials" 700 "Only their owner can read the stored credentials"
  private "$state/sessions" 700 "Only their owner can read the conversations"
}

# The addresses that listen at a port, one a line; fails where the system cannot say.
listeners() {
  if command -v ss >/dev/null 2>&1; then ss -H -ltn "sport = :$1" | awk '{ print $4 }'
  elif command -v lsof >/dev/null 2>&1; then lsof -nP -iTCP:"$1" -sTCP:LISTEN -Fn 2>/dev/null | sed -n 's/^n//p' || true
  elif command -v netstat >/dev/null 2>&1; then netstat -an 2>/dev/null | awk -v port="$1" '/LISTEN/ { n = split($4, part, /[.:]/); if (part[n] == port) print $4 }'
  else return 1; fi
}

# ports PORT…: what listens there listens to this machine only.
ports_by_shell() {
  local port address addresses open=''
  for port in "$@"; do
    if ! addresses=$(listeners "$port"); then note "This system does not say who listens"; return; fi
    for address in $addresses; do
      case $address in
        127.*|'[::1]'*|::1[.:]*|localhost[.:]*|'[::ffff:127.'*) ;;
        *) open="$open $address" ;;
      esac
    done
  done
  if [ -z "$open" ]; then pass "Ports are bound to localhost"
  else fail "Other machines reach the port:$open" "Set gateway.bind to \"loopback\" and restart, or know why not."; fi
}

# The port of a running gateway, else the usual one.
gateway_port() {
  local found
  found=$(sed -n 's/.*"port":\([0-9][0-9]*\).*/\1/p' "$state/running.json" 2>/dev/null || true)
  printf '%s\n' "${found:-18789}"
}

# program FLAG…: the review by Moltbot itself. 0 it was made, 2 it could not be asked (not built, or older than this script).
program() {
  local code=0
  [ -f "$root/dist/cli.mjs" ] && command -v node >/dev/null 2>&1 || return 2
  node "$root/bin/moltbot" security audit --all "$@" || code=$?
  case $code in
    0) ;;
    1) failed=$((failed + 1)) ;;
    2) return 2 ;;
    *) fail "The review could not be made" "The lines above say why." ;;
  esac
}

# What Docker Compose makes of its files, judged as data, with every profile. Each further file is looked at on its own as well: somebody
# may start it with -f. Where there is no file there is nothing to judge.
containers() {
  local file main=''
  for file in compose.yaml compose.yml docker-compose.yaml docker-compose.yml; do
    if [ -f "$root/$file" ]; then main=$root/$file; break; fi
  done
  for file in "$root"/compose.y*ml "$root"/docker-compose.y*ml "$root"/compose.*.y*ml "$root"/docker-compose.*.y*ml; do
    [ -f "$file" ] || continue
    if [ "$file" = "$main" ]; then compose_file "$file"; else compose_file "$file" -f "$file"; fi
  done
}

# compose_file FILE [-f FILE]
compose_file() {
  local file=$1 data
  shift
  heading "Containers ($file)"
  if ! command -v docker >/dev/null 2>&1 || ! docker compose version >/dev/null 2>&1; then note "Docker Compose is not here, so its file is not in use"; return; fi
  if ! command -v node >/dev/null 2>&1; then warn "The containers could not be judged" "Install Node 20.19 or newer."; return; fi
  if ! data=$(docker compose --project-directory "$root" "$@" --profile '*' config --format json 2>/dev/null); then warn "Docker Compose cannot read $file" "Run: docker compose config"; return; fi
  while IFS='|' read -r verdict text next; do
    case $verdict in
      pass) pass "$text" ;;
      warn) warn "$text" "$next" ;;
      fail) fail "$text" "$next" ;;
    esac
  done <<TXT
$(printf '%s' "$data" | node "$root/scripts/judge-containers.mjs" || printf 'fail|The containers could not be judged|See: docker compose config')
TXT
}

# Totals, and the exit code: 1 as soon as one thing is not as it must be.
finish() {
  printf '\n'
  if [ "$failed" -gt 0 ]; then
    printf '✗ Not safe as it is: something critical stands above.\n'
    exit 1
  fi
  if [ "$warned" -gt 0 ]; then printf '✅ All critical checks passed; %s to look at.\n' "$warned"; else printf '✅ All critical checks passed\n'; fi
  exit 0
}
