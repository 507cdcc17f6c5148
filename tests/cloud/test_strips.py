"""The strip message, byte by byte as docs/api.md says."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.strips import strip_message
from ecgcore.errors import FrameError
from ecgcore.types import FloatArray, FrameFlag, GapReason
from ecgcore.wire.frame import Frame
from tests.cloud.frames import START_NS, frame


def counts(of: Frame, values: list[int]) -> Frame:
    return replace(of, adc=np.array([values], np.int32))


def shown_mv(message: bytes) -> FloatArray:
    lsb_pv = int(struct.unpack_from("<I", message, 36)[0])
    return np.frombuffer(message, "<i2", offset=48).astype(float) * (lsb_pv * 1e-9)


def test_every_field_stands_where_the_page_reads_it() -> None:
    of = replace(counts(frame(1000, gap=7), [1, -2, 3]), lead_off=1, flags=FrameFlag.SATURATED)
    head = bytes.fromhex(
        "01" "01" "01" "03"  # strip, version 1, radio loss, lead off and saturated
        "03000000" "07000000" "03000000"  # stream 3, boot 7, 3 samples
        "e803000000000000" "0700000000000000"  # counter 1000, 7 missing before
        "d0fb0100" "40420f00"  # 130 000 mHz, 1 000 000 pV
    )  # fmt: skip
    utc = struct.pack("<q", START_NS + 1000 * 7_692_308)
    samples = bytes.fromhex("0100feff0300")
    assert strip_message(of, stream=3) == head + utc + samples


def test_a_frame_that_only_names_a_gap_is_a_strip_without_samples() -> None:
    of = replace(frame(500, n=0, gap=130), gap_reason=GapReason.LINK_LOST)
    message = strip_message(of, 1)
    assert len(message) == 48
    assert message[2] == GapReason.LINK_LOST


def test_the_first_lead_is_shown() -> None:
    of = replace(frame(0, 2), adc=np.array([[1, 2], [30, 40]], np.int32), lead_mask=3)
    assert np.frombuffer(strip_message(of, 1), "<i2", offset=48).tolist() == [1, 2]


@given(st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=50))
def test_the_voltage_stays_whatever_the_counts(values: list[int]) -> None:
    of = counts(frame(0), values)
    message = strip_message(of, 1)
    truth_mv = np.array(values) * (of.lsb_pv * 1e-9)
    lsb_mv = struct.unpack_from("<I", message, 36)[0] * 1e-9
    assert np.abs(shown_mv(message) - truth_mv).max() <= lsb_mv / 2 + 1e-9
    if max(map(abs, values)) <= 32_767:
        assert lsb_mv == of.lsb_pv * 1e-9


def test_an_lsb_that_cannot_be_raised_is_refused() -> None:
    of = replace(counts(frame(0), [2**23 - 1]), lsb_pv=2**32 - 1)
    with pytest.raises(FrameError, match="beyond what a strip shows"):
        strip_message(of, 1)
