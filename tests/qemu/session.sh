#!/bin/sh
# What the guest does: D-Bus, bluetoothd, tests. The host puts the upper-case names and the
# arguments of pytest before this.
set -eu
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/tmp PYTHONDONTWRITEBYTECODE=1
libraries="$DEBIAN/usr/lib/x86_64-linux-gnu:$DEBIAN/lib/x86_64-linux-gnu"
# Debian's /var/run is a link to /run; in containers it may be a folder.
rm -rf /var/run /var/lib/bluetooth
ln -s /run /var/run
mkdir -p /run/dbus /var/lib/bluetooth
dbus_daemon=$(command -v dbus-daemon || echo "$DEBIAN/usr/bin/dbus-daemon")
LD_LIBRARY_PATH=$libraries "$dbus_daemon" --config-file=/run/results/bus.conf --fork
# bluetoothd 5.66 sometimes ends when an adapter is pulled out, as each test does at its end.
while true; do
    LD_LIBRARY_PATH=$libraries "$DEBIAN/usr/libexec/bluetooth/bluetoothd" -n -E \
        --configfile=/run/results/bluetoothd.conf \
        --noplugin='vcp,bap,mcp,a2dp,avrcp,sap,hostname,input' || true
    echo "bluetoothd: ended, started again"
    sleep 0.2
done >/run/results/bluetoothd.log 2>&1 &
# Bleak asks for the version of BlueZ.
ln -s "$DEBIAN/usr/bin/bluetoothctl" /usr/local/bin/bluetoothctl 2>/dev/null || true
cd "$REPOSITORY"
code=0
export PYTHONPATH=$REPOSITORY
env $ENVIRONMENT .venv/bin/python -m pytest "$@" || code=$?
dmesg >/run/results/dmesg.log
echo "$code" >/run/results/code
