"""The ledger's own test: whatever is wrong with the stored frames, it must say so."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from devices.polar_h10.driver import PolarH10Driver
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame
from simulators.scenario.plan import make_plan
from simulators.scenario.read import parse_scenario
from tests.scenarios.in_process import Host, play
from tests.scenarios.ledger import assert_ledger

TEXT = """
name = "ledger"
duration = "60 s"
[[patch]]
signal = "sample_number"
[[fault]]
kind = "loss"
at = "20 s"
for = "10 s"
probability = 0.5
[[fault]]
kind = "reboot"
at = "40 s"
for = "5 s"
"""


def played() -> Host:
    (host,) = play(make_plan(parse_scenario(TEXT, "ledger.toml")), PolarH10Driver())
    return host


def without_gap(frames: list[Frame]) -> list[Frame]:
    """Hide the first gap: what comes after it is counted as if nothing was missing."""
    at = next(k for k, frame in enumerate(frames) if frame.gap_before)
    hidden, boot = frames[at].gap_before, frames[at].boot_id
    moved = [
        replace(f, first_counter=f.first_counter - hidden) if f.boot_id == boot else f
        for f in frames[at:]
    ]
    return [*frames[:at], replace(moved[0], gap_before=0), *moved[1:]]


def otherwise(frames: list[Frame]) -> list[Frame]:
    at = next(k for k, frame in enumerate(frames) if frame.gap_before)
    return [*frames[:at], replace(frames[at], gap_reason=GapReason.GATEWAY_DOWN), *frames[at + 1 :]]


def one_boot(frames: list[Frame]) -> list[Frame]:
    return [replace(frame, boot_id=7) for frame in frames]


def test_what_is_right_passes() -> None:
    host = played()
    assert sum(frame.gap_before > 0 for frame in host.frames) > 3
    assert_ledger(host.frames, host.patch.account)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda frames: frames[:5] + frames[6:], "follows"),
        (lambda frames: frames[:-1], "clean samples lost"),
        (lambda frames: [*frames[:6], frames[5], *frames[6:]], "follows"),
        (
            lambda frames: [*frames[:5], replace(frames[5], adc=frames[5].adc + 1), *frames[6:]],
            "has",
        ),
        (without_gap, "has"),
        (otherwise, "GATEWAY_DOWN, not"),
        (one_boot, "follows"),
        (lambda frames: [*frames, *one_boot(frames[:1])], "twice"),
    ],
)
def test_what_is_wrong_is_told(spoil: Callable[[list[Frame]], list[Frame]], says: str) -> None:
    host = played()
    with pytest.raises(AssertionError, match=says):
        assert_ledger(spoil(host.frames), host.patch.account)
