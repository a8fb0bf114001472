#!/usr/bin/env bash
# Proves that a stranger's first hour works: a fresh clone of HEAD, an empty HOME, one command; then the page in a browser, the
# command line, Telegram, a new token, stop. What is looked at stands in test/campaigns/clean-clone.ts.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bash "$root/scripts/setup.sh"
cd "$root"
exec node_modules/.bin/tsx test/campaigns/clean-clone.ts
