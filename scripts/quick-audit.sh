#!/usr/bin/env bash
# The essential questions about this installation's safety, in a second or two. Changes nothing. Works before and after
# installing, with and without a running gateway. Exits 0 when nothing critical was found, else 1.
set -euo pipefail
# shellcheck source=scripts/audit-lines.sh
. "$(dirname "${BASH_SOURCE[0]}")/audit-lines.sh"

asked=0
program --quick || asked=$?
if [ "$asked" = 2 ]; then
  note "Moltbot is not built here yet (bash scripts/start-moltbot.sh does it): only files and ports are looked at."
  files_by_shell
  ports_by_shell "$(gateway_port)"
fi
containers
finish
