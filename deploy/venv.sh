#!/bin/sh
# Make .venv and install everything into it. Debian splits venv off Python; fetch it where we may.
set -eu
python=${1:-python3}
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" -ne 0 ]; then
        echo "error: $python has no venv; as root: apt-get install $package" >&2
        exit 2
    fi
    deploy/apt-install.sh "$package"
fi
# pip comes last into a new environment: without it the making was interrupted.
[ -x .venv/bin/pip ] || "$python" -m venv .venv
echo "packages: installing into .venv, a minute or two"
.venv/bin/python -m pip install -q --disable-pip-version-check -e '.[gateway,cloud,sim,evaluate,dev]'
# Compiled once here, so that the first engine neither waits for it nor keeps the compiler's memory.
.venv/bin/python -c '
from ecgcore.live import warm_up
from ecgcore.parameters import preset
warm_up(130.0, preset("patch").live_keys)'
