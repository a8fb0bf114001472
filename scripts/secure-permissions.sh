#!/usr/bin/env bash
# Keeps Moltbot's state to its owner: folders 700, files 600. Reports what it changed. --quiet: only changes are reported.
set -euo pipefail
state=${MOLTBOT_STATE_DIR:-${CLAWDBOT_STATE_DIR:-$HOME/.moltbot}}
quiet=no
[ "${1:-}" != --quiet ] || quiet=yes

if [ ! -d "$state" ]; then
  [ "$quiet" = yes ] || echo "There is no $state yet: nothing to secure. Start with: bash scripts/start-moltbot.sh"
  exit 0
fi
if [ -L "$state" ]; then echo "✗ $state is a link; it must be a folder of its own." >&2; exit 1; fi

changed=0
# The agent's own files in workspace/ keep the executable bits they have; nobody else gets in, since the folder above is 700.
while IFS= read -r -d '' path; do
  if [ -d "$path" ]; then want=700; else want=600; fi
  have=$(stat -c %a "$path" 2>/dev/null || stat -f %Lp "$path")
  if [ "$have" != "$want" ]; then
    chmod "$want" "$path"
    echo "  $path: $have → $want"
    changed=$((changed + 1))
  fi
done < <(find -P "$state" \( -path "$state/workspace*" -prune -o -path "$state/people" -prune \) -o \( -type d -o -type f \) -print0; find -P "$state" -maxdepth 1 -type d \( -name 'workspace*' -o -name people \) -print0)

owner=$(stat -c %U "$state" 2>/dev/null || stat -f %Su "$state")
if [ "$owner" != "$(id -un)" ]; then
  echo "✗ $state belongs to $owner, not to you. Mend it with: sudo chown -R $(id -un) $state" >&2
  exit 1
fi
if [ "$changed" -gt 0 ]; then echo "Changed $changed permissions."; elif [ "$quiet" = no ]; then echo "All permissions already secure"; fi
