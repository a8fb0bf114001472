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

changed=0 left=0
# The agent's own files in workspace/ keep the executable bits they have; nobody else gets in, since the folder above is 700.
while IFS= read -r -d '' path; do
  # What the gateway took away meanwhile, or turned into a link, is not ours to touch.
  if [ -L "$path" ] || ! have=$(stat -c '%a %h' "$path" 2>/dev/null || stat -f '%Lp %l' "$path" 2>/dev/null); then continue; fi
  names=${have#* } have=${have% *}
  if [ -d "$path" ]; then want=700; else want=600; fi
  if [ "$have" = "$want" ]; then continue; fi
  if [ ! -d "$path" ] && [ "$names" -gt 1 ]; then
    # A second name may lie anywhere: its modes are somebody else's business.
    printf '✗ %q has a second name elsewhere and was left as it is (mode %s). Replace it by a copy of its own.\n' "$path" "$have" >&2
    left=$((left + 1))
  elif chmod "$want" "$path" 2>/dev/null; then
    printf '  %q: %s → %s\n' "$path" "$have" "$want"
    changed=$((changed + 1))
  elif [ -e "$path" ]; then
    printf '✗ %q belongs to somebody else and was left as it is (mode %s).\n' "$path" "$have" >&2
    left=$((left + 1))
  fi
done < <(find -P "$state" \( -path "$state/workspace*" -prune -o -path "$state/people" -prune \) -o \( -type d -o -type f \) -print0 2>/dev/null; find -P "$state" -maxdepth 1 -type d \( -name 'workspace*' -o -name people \) -print0)

owner=$(stat -c %U "$state" 2>/dev/null || stat -f %Su "$state")
if [ "$owner" != "$(id -un)" ]; then
  echo "✗ $state belongs to $owner, not to you. Mend it with: sudo chown -R $(id -un) $state" >&2
  exit 1
fi
if [ "$left" -gt 0 ]; then exit 1; fi
if [ "$changed" -gt 0 ]; then echo "Changed $changed permissions."; elif [ "$quiet" = no ]; then echo "All permissions already secure"; fi
