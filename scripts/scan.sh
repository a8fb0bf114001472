#!/usr/bin/env bash
# Runs the scanners that are installed against a gateway of your own and leaves their reports in a folder:
#   bash scripts/scan.sh http://127.0.0.1:18789 [folder]
# Scanners: slowhttptest (held connections), wapiti (web flaws), testssl or testssl.sh (TLS; only for https). What is not installed is
# said and left out. Never aim it at a gateway that is not yours.
set -eu
umask 077

url=${1:-}
out=${2:-scan-report}
case $url in
  http://* | https://*) ;;
  *) echo 'Usage: bash scripts/scan.sh <http or https address of your gateway> [folder for the reports]' >&2; exit 2 ;;
esac
mkdir -p "$out"
ran=0

have() {
  if command -v "$1" >/dev/null 2>&1; then return 0; fi
  echo "ℹ $1 is not installed and was left out."
  return 1
}

if have slowhttptest; then
  for mode in H B X; do
    echo "→ slowhttptest -$mode"
    slowhttptest "-$mode" -c 60 -r 30 -i 5 -l 20 -p 3 -u "$url/login" >"$out/slowhttptest-$mode.txt" 2>&1 || echo "  it ended with $?"
  done
  ran=$((ran + 1))
fi
if have wapiti; then
  echo '→ wapiti'
  wapiti -u "$url/" --scope folder -f txt -o "$out/wapiti.txt" --max-scan-time 300 >"$out/wapiti.log" 2>&1 || echo "  it ended with $?"
  ran=$((ran + 1))
fi
case $url in
  https://*)
    testssl=$(command -v testssl || command -v testssl.sh || true)
    if [ -n "$testssl" ]; then
      echo '→ testssl'
      "$testssl" --quiet --color 0 --logfile "$out/testssl.txt" "${url#https://}" >/dev/null 2>&1 || echo "  it ended with $?"
      ran=$((ran + 1))
    else
      echo 'ℹ testssl is not installed and was left out.'
    fi
    ;;
esac

[ "$ran" -gt 0 ] || { echo '❌ None of the scanners is installed.' >&2; exit 1; }
echo "✅ $ran of the scanners ran; their reports are in $out"
