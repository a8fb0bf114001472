#!/usr/bin/env bash
# Everything the review knows: the installation, what listens, containers, and secrets that were committed by mistake.
# Changes nothing. Works before and after installing, with and without a running gateway. Exits 0 when nothing critical was found, else 1.
set -euo pipefail
# shellcheck source=scripts/audit-lines.sh
. "$(dirname "${BASH_SOURCE[0]}")/audit-lines.sh"

heading "Installation ($state)"
asked=0
program --deep || asked=$?
if [ "$asked" = 2 ]; then
  note "Moltbot is not built here yet: configuration, people and networks are not looked at. Build it with: bash scripts/start-moltbot.sh"
  files_by_shell
fi

heading "Ports"
ports_by_shell "$(gateway_port)" 18790

containers

heading "Version control"
if command -v git >/dev/null 2>&1 && git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  # By name in git's own list, not by looking into files.
  tracked=$(git -C "$root" ls-files -- ':(icase)*secrets.env' ':(icase)*.env' ':(icase)*credentials/*.json' ':(icase)*vault.key' ':(icase)*.pem' 'moltbot.json' | tr '\n' ' ')
  if [ -z "$tracked" ]; then pass "No secrets are under version control"
  else fail "Under version control: $tracked" "Run: git rm --cached FILE, and replace every secret in it."; fi
  # What was taken out again is still in every clone.
  once=$(git -C "$root" log --all --diff-filter=A --name-only --format= -- ':(icase)*secrets.env' ':(icase)*vault.key' ':(icase)*credentials/*.json' 2>/dev/null | sort -u | tr '\n' ' ')
  if [ -n "$once" ] && [ -z "$tracked" ]; then fail "In the history of version control: $once" "Replace every secret that was ever in it; taking it out of the history is not enough."; fi
  unignored=''
  for name in secrets.env .env; do git -C "$root" check-ignore -q "$name" || unignored="$unignored $name"; done
  if [ -z "$unignored" ]; then pass "Files for secrets would not be committed by mistake"
  else warn "Git does not ignore:$unignored" "Add them to .gitignore."; fi
else
  note "This is no git checkout"
fi
finish
