#!/bin/sh
# Install the gateway as a service on Debian 12 or Raspberry Pi OS (bookworm) or later; run it again
# to update. Spool, settings and claimed patches stay as they are.
#
#   sudo deploy/gateway/install.sh            from a checkout
#   sudo deploy/gateway/install.sh --analyse  with the analysis, for the gateway's own page
set -eu
cd "$(dirname "$0")/../.."
extras=gateway
[ "${1:-}" = --analyse ] && extras=gateway,cloud
# A folder to install below, for a look at what is done: no user is made, no service started.
root=${ROOT:-}
python=${PYTHON:-python3}
if [ -z "$root" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "error: run it as root: sudo $0" >&2
        exit 2
    fi
    deploy/apt-install.sh bluez python3-venv
    getent group bluetooth >/dev/null || groupadd --system bluetooth
    id ecgomics >/dev/null 2>&1 ||
        useradd --system --home-dir /var/lib/ecgomics --shell /usr/sbin/nologin ecgomics
fi
install -d -m 755 "$root/opt/ecgomics/share" "$root/etc/systemd/system"
install -d -m 750 "$root/etc/ecgomics"
[ -x "$root/opt/ecgomics/bin/pip" ] || "$python" -m venv "$root/opt/ecgomics"
echo "packages: installing into $root/opt/ecgomics, some minutes on a Raspberry Pi"
"$root/opt/ecgomics/bin/python" -m pip install -q --disable-pip-version-check ".[$extras]"
install -m 644 docs/gateway.md docs/settings.md "$root/opt/ecgomics/share/"
install -m 644 deploy/gateway/ecgomics-gateway.service "$root/etc/systemd/system/"
[ -e "$root/etc/ecgomics/gateway.env" ] ||
    install -m 600 deploy/gateway/gateway.env "$root/etc/ecgomics/gateway.env"
[ -n "$root" ] && exit 0
chown -R root:ecgomics /etc/ecgomics
chmod 640 /etc/ecgomics/gateway.env
ln -sf /opt/ecgomics/bin/ecgomics /usr/local/bin/ecgomics
systemctl daemon-reload
systemctl enable ecgomics-gateway.service
systemctl restart ecgomics-gateway.service
cat <<'NEXT'
The gateway runs. Next:
  nano /etc/ecgomics/gateway.env             the broker's address
  ecgomics claim                             the patches in reach
  systemctl restart ecgomics-gateway         take what was changed
  ecgomics doctor                            whether all is well
  http://127.0.0.1:8077                      the gateway's own page
NEXT
