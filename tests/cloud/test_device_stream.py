"""One boot in memory: what fails in it, and what it goes on from."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from cloud.device_stream import Arrived, DeviceStream, Findings, Recalled
from ecgcore.blocks import block_digests
from ecgcore.errors import StateError
from ecgcore.parameters import preset
from ecgcore.pipeline import Pipeline
from ecgcore.types import EcgChunk, Gap, GapReason
from ecgcore.wire.frame import Frame, encode_frame
from tests.cloud.frames import frame, run


def fed(stream: DeviceStream, frames: Iterable[Frame]) -> Findings:
    findings = Findings()
    for f in frames:
        assert stream.accept(Arrived(f, encode_frame(f)), findings) is None
    stream.advance(findings)
    return findings


def recalled(stored: list[Frame], **changes: object) -> Recalled:
    given = {
        "fs_mhz": 130_000, "lsb_pv": 1_000_000, "lead_mask": 1 << 12,
        "next_counter": stored[-1].end, "through_ns": stored[-1].end_utc_ns,
        "checkpoint_counter": 0, "state": None, "frames": tuple(stored), "holes": (),
        "n_beats": 0, "n_gaps": 0, "gap_samples": 0,
    }  # fmt: skip
    return Recalled(**{**given, **changes})  # type: ignore[arg-type]


def test_a_failing_analysis_starts_anew_and_nothing_else_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    push = Pipeline.push

    def failing(self: Pipeline, item: EcgChunk | Gap) -> object:
        if item.start == 73:
            msg = "broken"
            raise ArithmeticError(msg)
        return push(self, item)

    monkeypatch.setattr(Pipeline, "push", failing)
    frames = run(40)
    stream = DeviceStream(frames[0], max_pending=2, preset=preset("patch"))
    findings = fed(stream, [*frames[:20], *frames[21:]])
    assert [str(failure) for failure in findings.failures] == ["broken"]
    assert findings.holes == [Gap(20 * 73, 73, GapReason.MISSING)]
    assert stream.order.next == frames[-1].end
    assert stream.through_ns == frames[-1].end_utc_ns
    pieces = [(f.first_counter, f.adc) for f in frames if f is not frames[20]]
    assert findings.blocks == block_digests(130_000, pieces)[:2]
    # The second failure would be the analysis standing where the first one left it.
    assert fed(stream, run(30, first=frames[-1].end)).failures == []
    assert len(findings.windows) == 1


@pytest.mark.parametrize("change", [{"fs_mhz": 250_000}, {"lsb_pv": 5}, {"lead_mask": 1}])
def test_a_frame_of_another_format_is_refused(change: dict[str, int]) -> None:
    stream = DeviceStream(frame(0), max_pending=2, preset=preset("patch"))
    fed(stream, [frame(0)])
    other = replace(frame(73), **change)  # type: ignore[arg-type]
    assert "recording" in str(stream.accept(Arrived(other, encode_frame(other)), Findings()))
    assert fed(stream, [frame(73)]).frames


def test_the_format_after_a_restart_is_the_recordings_own() -> None:
    frames = run(3)
    two_leads = replace(frame(219), lead_mask=3, adc=np.zeros((2, 73), np.int32))
    stream = DeviceStream(two_leads, max_pending=2, preset=preset("patch"))
    stream.resume(recalled(frames))
    assert stream.accept(Arrived(two_leads, encode_frame(two_leads)), Findings()) is not None
    assert fed(stream, [frame(219)]).failures == []
    assert stream.order.next == 292


@pytest.mark.parametrize(
    "damage",
    [{"frames": (frame(0), frame(146))}, {"state": b"\x00"}, {"state": b"\x92\xc4\x01a\xc4\x01b"}],
)
def test_a_damaged_store_is_told_and_the_stream_goes_on(damage: dict[str, object]) -> None:
    frames = run(3)
    stream = DeviceStream(frames[0], max_pending=2, preset=preset("patch"))
    with pytest.raises(StateError):
        stream.resume(recalled(frames, **damage))
    after = run(30, first=219)
    assert fed(stream, after).failures == []
    assert stream.order.next == after[-1].end


def test_no_number_outlives_the_signal_it_was_measured_in() -> None:
    stream = DeviceStream(frame(0), max_pending=8, preset=preset("patch"))
    assert (stream.numbers().hr_bpm, stream.numbers().hr_reason) == (None, "too_short")
    fed(stream, run(60))
    assert stream.numbers().sqi > 0
    fed(stream, [frame(60 * 73 + 3600 * 130, gap=3600 * 130)])
    after = stream.numbers()
    assert (after.hr_bpm, after.hr_reason, after.regular, after.sqi) == (None, "gap", None, 0)


def test_a_gap_named_for_evicted_frames_spares_those_that_wait() -> None:
    stream = DeviceStream(frame(0), max_pending=8, preset=preset("patch"))
    fed(stream, [frame(0), frame(146)])
    evicted = frame(500, gap=500 - 73, reason=GapReason.SPOOL_EVICTED)
    [stored] = fed(stream, [evicted]).frames
    assert stored.frame.gap() == Gap(219, 500 - 219, GapReason.SPOOL_EVICTED)
    assert fed(stream, [evicted]).resent
    fed(stream, [frame(73)])
    assert stream.order.next == 573
