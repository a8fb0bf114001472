#!/usr/bin/env bash
# Makes a new gateway token. A running gateway takes it at once and ends every session of the old one. The token is shown
# once, here, and written nowhere but into the configuration; the configuration as it was is kept as a backup (600).
set -euo pipefail
umask 077
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bash "$root/scripts/setup.sh"
exec node "$root/scripts/rotate-gateway-token.mjs"
