#!/usr/bin/env bash
# Installs SoftHSM2 (Debian's package) and pkcs11js (npm, beside the other leavings of the benchmarks) and makes a
# token. For the benchmarks alone; run it again to start anew. Afterwards `npm run bench` measures beside it.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
home="${STRONGROOM_BENCH_CACHE:-$root/node_modules/.cache/strongroom-bench}/softhsm"
pin=1234

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
command -v softhsm2-util > /dev/null || as_root apt-get install -y --no-install-recommends softhsm2
library="$(find /usr/lib /usr/local/lib -name libsofthsm2.so -print -quit)"
if [ -z "$library" ]; then
  echo 'libsofthsm2.so was not found below /usr/lib or /usr/local/lib' >&2
  exit 1
fi

rm -rf "$home"
mkdir -p "$home/tokens"
echo '{ "private": true }' > "$home/package.json"
npm install --prefix "$home" --no-audit --no-fund pkcs11js@2

cat > "$home/softhsm2.conf" << CONF
directories.tokendir = $home/tokens
objectstore.backend = file
log.level = ERROR
CONF
SOFTHSM2_CONF="$home/softhsm2.conf" softhsm2-util --init-token --free --label bench --pin "$pin" --so-pin "$pin"
printf '{ "library": "%s", "configuration": "%s", "pin": "%s" }\n' \
  "$library" "$home/softhsm2.conf" "$pin" > "$home/settings.json"
echo "SoftHSM2 is ready in $home"
