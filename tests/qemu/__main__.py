"""``python -m tests.qemu [PYTEST-ARGUMENT ...]``: prepare, boot, test, tell."""

import sys
import time
from pathlib import Path

from tests.qemu.machine import run_tests
from tests.qemu.packages import UnfitMachine, unpack_packages

_REPOSITORY = Path(__file__).resolve().parents[2]
_FOLDER = _REPOSITORY / ".venv" / "qemu"
_LIMIT_S = 900.0
# What speaks of the radio and bears a slow machine; all would take four times as long.
_SESSION, _BLUEZ = "tests/gateway/test_session.py", "tests/simulators/bluez/test_bluez.py"
_TESTS = (
    f"{_SESSION}::test_a_lost_notification_is_an_exact_gap",
    f"{_SESSION}::test_repeated_and_unreadable_notifications_are_counted_and_the_link_kept[bluetoothd]",
    f"{_SESSION}::test_a_stream_that_stays_silent_costs_the_link[bluetoothd]",
    f"{_SESSION}::test_electrodes_off_are_not_said_of_the_next_link[bluetoothd]",
    f"{_BLUEZ}::test_services_reads_and_refusals_are_the_straps[bluetoothd]",
    f"{_BLUEZ}::test_every_sample_sent_is_heard_once_and_in_order[bluetoothd-socket]",
    f"{_BLUEZ}::test_link_loss_is_told_and_the_strap_comes_back_with_a_gap[bluetoothd]",
    f"{_BLUEZ}::test_pairing_lasts_over_links_until_the_device_is_removed[bluetoothd]",
    f"{_BLUEZ}::test_without_an_agent_nobody_is_paired[bluetoothd]",
    f"{_BLUEZ}::test_a_value_read_is_shown_to_who_is_notified",
    f"{_BLUEZ}::test_who_leaves_the_bus_leaves_the_link[bluetoothd]",
)
_OPTIONS = (
    *("-p", "no:cacheprovider", "--junitxml=/run/results/junit.xml"),
    *("--level", "bluetoothd", "--level", "bluetoothd-socket", "-o", "timeout=300"),
    *("-v", "--durations=5"),
)


def main() -> int:
    """Give pytest's exit code; 2 if this machine cannot run the guest."""
    started_s = time.monotonic()
    folder = _FOLDER.resolve()
    try:
        root = unpack_packages(folder)
        color = "yes" if sys.stdout.isatty() else "no"
        arguments = [*_OPTIONS, f"--color={color}", *(sys.argv[1:] or _TESTS)]
        print("guest: booting; the first test comes after a minute or so", flush=True)
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
