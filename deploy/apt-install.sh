#!/bin/sh
# Install Debian packages, as root, with nothing asked and only errors said.
set -eu
export DEBIAN_FRONTEND=noninteractive
echo "packages: installing $* from Debian"
apt-get update -qq
apt-get install -qq --no-install-recommends "$@" >/dev/null
