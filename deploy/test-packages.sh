#!/bin/sh
# The browser tests drive Debian's Chromium, or the one that CHROMIUM names; the broker that speaks
# MQTT 5 is Debian's Mosquitto; the stand-in for BlueZ needs a message bus. Install them where we may.
set -eu
missing=""
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing="chromium fonts-dejavu-core"
# The Node inside Playwright starts only with libatomic.
.venv/bin/playwright --version >/dev/null 2>&1 || missing="$missing libatomic1"
[ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
command -v dbus-daemon >/dev/null || missing="$missing dbus-daemon"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "error: the tests need more; as root: apt-get install" $missing >&2
    exit 2
fi
exec deploy/apt-install.sh $missing
