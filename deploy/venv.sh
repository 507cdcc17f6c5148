#!/bin/sh
# Make .venv and install everything into it. Debian splits venv off Python; fetch it where we may.
set -eu
python=${1:-python3}
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [ "$(id -u)" -ne 0 ]; then
        echo "error: $python has no venv; as root: apt-get install python$version-venv" >&2
        exit 2
    fi
    apt-get update -q && apt-get install -y -q --no-install-recommends "python$version-venv"
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install -q --disable-pip-version-check -e '.[gateway,cloud,sim,dev]'
