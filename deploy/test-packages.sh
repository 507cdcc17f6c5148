#!/bin/sh
# The browser tests drive Debian's Chromium, or the one that CHROMIUM names; install it where we may.
set -eu
[ ! -x "${CHROMIUM:-/usr/bin/chromium}" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "error: the browser tests need chromium; as root: apt-get install chromium" >&2
    exit 2
fi
exec deploy/apt-install.sh chromium fonts-dejavu-core
