"""``python -m tests.qemu [PYTEST-ARGUMENT ...]``: prepare, boot, test, tell."""

import sys
import time
from pathlib import Path

from tests.qemu.machine import run_tests
from tests.qemu.packages import UnfitMachine, unpack_packages

_REPOSITORY = Path(__file__).resolve().parents[2]
_FOLDER = _REPOSITORY / ".venv" / "qemu"
_LIMIT_S = 900.0
_TESTS = ("tests/gateway/test_session.py", "tests/simulators/bluez")
_OPTIONS = (
    *("-p", "no:cacheprovider", "--junitxml=/run/results/junit.xml"),
    *("--level", "bluetoothd", "-o", "timeout=300"),
)


def main() -> int:
    """Give pytest's exit code; 2 if this machine cannot run the guest."""
    started_s = time.monotonic()
    folder = _FOLDER.resolve()
    try:
        root = unpack_packages(folder)
        color = "yes" if sys.stdout.isatty() else "no"
        arguments = [*_OPTIONS, f"--color={color}", *(sys.argv[1:] or _TESTS)]
        print("guest: booting Debian's kernel; the first test comes after about 40 s", flush=True)
        code = run_tests(root, folder, _REPOSITORY, arguments, _LIMIT_S)
    except UnfitMachine as error:
        print(
            f"error: the tests on the real Bluetooth daemon cannot run here: {error}",
            file=sys.stderr,
        )
        return 2
    took_s = time.monotonic() - started_s
    print(f"guest: done after {took_s:.0f} s, code {code}; logs are in {folder / 'results'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
