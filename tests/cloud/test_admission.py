"""Frames that are intact and would yet stop the engine stay outside."""

from dataclasses import replace

import numpy as np
import pytest

from cloud.admission import NotAdmittedError, admitted
from ecgcore.wire.frame import Frame
from tests.cloud.frames import frame, message


def test_a_frame_comes_in_with_its_gateway() -> None:
    gateway, found = admitted(*message(frame(73, gap=10), "gw2"))
    assert (gateway, found.start, found.end) == ("gw2", 63, 146)


@pytest.mark.parametrize(
    ("unusable", "reason"),
    [
        (replace(frame(0), fs_mhz=99_999), "rate of 99.999 Hz"),
        (replace(frame(0), fs_mhz=1_000_001), "rate of"),
        (replace(frame(9), adc=np.empty((1, 0), np.int32)), "neither samples nor a gap"),
        (replace(frame(0), utc_ns=-1), "times"),
        (replace(frame(0), utc_ns=2**62), "times"),
        (replace(frame(0), arrival_ns=2**63 - 1), "times"),
        (replace(frame(0), device_time_ns=-(2**63)), "times"),
        (replace(frame(0), device_span_ns=2**64 - 1), "times"),
    ],
)
def test_what_no_stage_can_take_is_refused(unusable: Frame, reason: str) -> None:
    with pytest.raises(NotAdmittedError, match=reason):
        admitted(*message(unusable))
