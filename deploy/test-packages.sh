#!/bin/sh
# The browser tests drive Debian's Chromium; install it where we may.
set -eu
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "error: the browser tests need chromium; as root: apt-get install chromium" >&2
    exit 2
fi
apt-get update -q && apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core
