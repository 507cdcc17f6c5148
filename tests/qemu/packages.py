"""Debian's packages, unpacked into a folder: nothing on this machine changes."""

import os
import shutil
import subprocess
from pathlib import Path

_PACKAGES = ("bluez", "busybox-static", "dbus-daemon", "linux-image-amd64", "qemu-system-x86")
_ARCHITECTURE = "amd64"


class UnfitMachine(Exception):
    """Why this machine cannot run the guest."""


def unpack_packages(folder: Path) -> Path:
    """Download and unpack what the guest is made of, unless it is there; give the root folder.

    Raises
    ------
    UnfitMachine
        If this is no Debian on x86-64, or the packages cannot be had.
    """
    root, done = folder / "root", folder / "packages"
    if done.exists() and done.read_text() == " ".join(_PACKAGES):
        return root
    _require_debian()
    print(f"packages: downloading {', '.join(_PACKAGES)}, about 100 MB", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True)
    _run("apt-get", "update", "-qq")
    # Named packages come even if they are installed here; of what they need, what is missing.
    _run(
        *("apt-get", "install", "-qq", "--yes", "--reinstall", "--download-only"),
        "--no-install-recommends",
        *("-o", f"Dir::Cache::archives={archives}"),
        *_PACKAGES,
    )
    for archive in sorted(archives.glob("*.deb")):
        _run("dpkg-deb", "--extract", str(archive), str(root))
    shutil.rmtree(archives)
    done.write_text(" ".join(_PACKAGES))
    return root


def _require_debian() -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            msg = f"there is no {program}: the guest is made of Debian's packages"
            raise UnfitMachine(msg)
    architecture = _run("dpkg", "--print-architecture").strip()
    if architecture != _ARCHITECTURE:
        msg = f"this is {architecture}: the guest is made for {_ARCHITECTURE}"
        raise UnfitMachine(msg)
    if os.geteuid() != 0:
        msg = "apt-get downloads for root only: run this as root"
        raise UnfitMachine(msg)


def _run(*command: str) -> str:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    if done.returncode != 0:
        msg = f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}"
        raise UnfitMachine(msg)
    return done.stdout
