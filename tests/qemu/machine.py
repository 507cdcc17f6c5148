"""The emulated machine: one boot, one run of tests, its results."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from tests.qemu.image import build_ram_disk, kernel

_HERE = Path(__file__).parent
_MEMORY_MB = 1024
_PROCESSORS = 2


def run_tests(
    root: Path, folder: Path, repository: Path, arguments: list[str], limit_s: float
) -> int:
    """Boot, run pytest with `arguments` in the guest, show what it prints.

    Returns
    -------
    int
        The exit code of pytest; 3, as for its internal errors, if the guest did not get there.
    """
    results = folder / "results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    for name in ("bus.conf", "bluetoothd.conf"):
        shutil.copy(_HERE / name, results)
    (results / "session.sh").write_text(_session(root, repository, arguments))
    try:
        subprocess.run(
            _command(root, build_ram_disk(root, folder), results),
            env={**os.environ, "LD_LIBRARY_PATH": _libraries(root)},
            stdin=subprocess.DEVNULL,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"guest: not done after {limit_s:g} s", flush=True)
    code = results / "code"
    return int(code.read_text()) if code.exists() else 3


def _session(root: Path, repository: Path, arguments: list[str]) -> str:
    names = {
        "DEBIAN": str(root),
        "REPOSITORY": str(repository),
        # The emulator's processor is some twenty times slower than the one under it.
        "ENVIRONMENT": "ECGOMICS_TEST_PATIENCE=6 OMP_NUM_THREADS=1",
    }
    given = "".join(f"{name}={shlex.quote(value)}\n" for name, value in names.items())
    return f"set -- {shlex.join(arguments)}\n{given}{(_HERE / 'session.sh').read_text()}"


def _command(root: Path, ram_disk: Path, results: Path) -> list[str]:
    return [
        str(root / "usr" / "bin" / "qemu-system-x86_64"),
        *(
            "-L",
            str(root / "usr" / "share" / "seabios"),
            "-L",
            str(root / "usr" / "share" / "qemu"),
        ),
        # Not KVM: where a test machine is itself a guest, it may be offered and not work.
        *("-accel", "tcg", "-cpu", "max", "-smp", str(_PROCESSORS), "-m", str(_MEMORY_MB)),
        *("-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"),
        *("-kernel", str(kernel(root)), "-initrd", str(ram_disk)),
        # The kernel's tests of its ciphers can take minutes on an emulated processor.
        *("-append", "console=ttyS0 quiet panic=-1 cryptomgr.notests"),
        *_lend(Path("/"), "host", is_read_only=True),
        *_lend(results, "results", is_read_only=False),
    ]


def _lend(folder: Path, tag: str, *, is_read_only: bool) -> list[str]:
    options = f"local,path={folder},mount_tag={tag},security_model=none,multidevs=remap"
    return ["-virtfs", options + (",readonly=on" if is_read_only else "")]


def _libraries(root: Path) -> str:
    return ":".join(str(root / path / "x86_64-linux-gnu") for path in ("usr/lib", "lib"))
