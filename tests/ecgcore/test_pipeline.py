import csv
import gzip
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgcore.errors import StateError
from ecgcore.events import (
    BeatClassified,
    BeatDetected,
    Event,
    QualityScored,
    WindowClosed,
    WindowKind,
)
from ecgcore.pipeline import Pipeline, PipelineConfig, warm_up
from ecgcore.rpeak import RPeakConfig
from ecgcore.types import EcgChunk, Gap, GapReason, SampleClock
from tests.strategies import ecg_of, stream_of

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[3] / "shared" / "data"))
FS_HZ = 130.0
CONFIG = PipelineConfig(FS_HZ)
RPEAKS_S = [0.5 + 0.777 * k for k in range(160)]
ECG_MV = ecg_of(RPEAKS_S, FS_HZ, 125.0, noise_mv=0.01)


def events_of(items: list[EcgChunk | Gap], config: PipelineConfig = CONFIG) -> list[Event]:
    pipeline = Pipeline(config)
    return [event for item in items for event in pipeline.push(item)]


def beats_of(events: list[Event]) -> list[BeatDetected]:
    return [event for event in events if isinstance(event, BeatDetected)]


def windows_of(events: list[Event], kind: WindowKind) -> list[WindowClosed]:
    return [e for e in events if isinstance(e, WindowClosed) and e.kind is kind]


def values(window: WindowClosed) -> dict[str, float | None]:
    return {measurement.key: measurement.value for measurement in window.measurements}


def test_rate_and_intervals_are_those_of_the_signal() -> None:
    events = events_of(stream_of(ECG_MV, FS_HZ, 15_600))
    rr_ms = [beat.rr_ms for beat in beats_of(events)]
    assert rr_ms[0] is None
    assert rr_ms[1:] == pytest.approx([777.0] * (len(rr_ms) - 1), abs=2.5)
    (minute, _) = windows_of(events, WindowKind.S60)
    assert (minute.coverage, minute.sqi) == (1.0, 1.0)
    assert values(minute)["hr_mean"] == pytest.approx(60 / 0.777, abs=0.05)
    assert values(minute)["rr_median"] == pytest.approx(777.0, abs=1.0)
    assert values(minute)["rmssd"] < 2.0  # type: ignore[operator]  # None fails as well


def test_intervals_follow_the_device_clock_not_the_nominal_rate() -> None:
    slow = [
        replace(item, clock=SampleClock(0, 0, 1.01e9 / FS_HZ))
        for item in stream_of(ECG_MV, FS_HZ)
        if isinstance(item, EcgChunk)
    ]
    rr_ms = [beat.rr_ms for beat in beats_of(events_of([*slow])) if beat.rr_ms is not None]
    assert np.median(rr_ms) == pytest.approx(1.01 * 777.0, abs=0.5)


def test_a_gap_passes_through_and_no_interval_crosses_it() -> None:
    gap = (40 * 130 + 7, 47 * 130)
    events = events_of(stream_of(ECG_MV, FS_HZ, 0, gaps=[gap]))
    assert [e for e in events if isinstance(e, Gap)] == [
        Gap(gap[0], gap[1] - gap[0], GapReason.RADIO_LOSS)
    ]
    beats = beats_of(events)
    first_after = next(beat for beat in beats if beat.sample >= gap[1])
    assert first_after.rr_ms is None
    rr_ms = [beat.rr_ms for beat in beats if beat.rr_ms is not None]
    # A dropped packet makes no pause.
    assert max(rr_ms) < 780.0
    assert [w.coverage for w in windows_of(events, WindowKind.S10)][4] == pytest.approx(
        0.3, abs=0.01
    )
    (minute, _) = windows_of(events, WindowKind.S60)
    assert values(minute)["rmssd"] < 2.0  # type: ignore[operator]  # None fails as well


def test_beats_in_unusable_signal_have_no_interval() -> None:
    ecg_mv = ECG_MV.copy()
    # Ten seconds in which the electrode moves: steps of some millivolts.
    ecg_mv[30 * 130 : 40 * 130] += np.repeat(np.tile([8.0, -8.0], 20), 33)[: 10 * 130]
    events = events_of(stream_of(ecg_mv, FS_HZ))
    bad = [e for e in events if isinstance(e, QualityScored) and e.sqi < 0.5]
    assert {event.start // 130 for event in bad} == set(range(30, 40))
    inside = [beat for beat in beats_of(events) if 31 * 130 < beat.sample < 39 * 130]
    assert all(beat.rr_ms is None and beat.confidence < 0.5 for beat in inside)
    window = windows_of(events, WindowKind.S10)[3]
    assert values(window)["hr_mean"] is None
    assert values(windows_of(events, WindowKind.S10)[5])["hr_mean"] == pytest.approx(77.2, abs=0.2)


def test_electrodes_off_give_no_rate_instead_of_zero() -> None:
    events = events_of(stream_of(np.zeros(5000), FS_HZ))
    assert beats_of(events) == []
    assert {values(w)["hr_mean"] for w in windows_of(events, WindowKind.S10)} == {None}


def test_beats_are_found_in_the_first_lead_and_waves_in_all() -> None:
    chunk = EcgChunk(0, np.vstack((ECG_MV, 100 - ECG_MV)), SampleClock(0, 0, 1e9 / FS_HZ))
    one = EcgChunk(0, chunk.ecg_mv[:1], chunk.clock)
    both = events_of([chunk], PipelineConfig(FS_HZ, n_leads=2))
    assert beats_of(both) == beats_of(events_of([one]))
    classified = [event for event in both if isinstance(event, BeatClassified)]
    assert {len(beat.lead_waves) for beat in classified} == {2}


def test_every_beat_is_classified_once_in_order_and_in_time() -> None:
    pipeline, pending = Pipeline(CONFIG), list[BeatDetected]()
    latest = 0
    for item in stream_of(ECG_MV, FS_HZ, 0, gaps=[(40 * 130 + 7, 47 * 130)]):
        for event in pipeline.push(item):
            if isinstance(event, BeatDetected):
                pending.append(event)
            elif isinstance(event, BeatClassified):
                assert event.beat == pending.pop(0)
                latest = max(latest, item.end - event.sample)
    assert [e.beat for e in pipeline.finish() if isinstance(e, BeatClassified)] == pending
    assert latest <= 13 * 130


def test_the_quality_is_the_best_lead_s() -> None:
    off = np.vstack((ECG_MV, np.zeros_like(ECG_MV)))
    events = events_of(
        [EcgChunk(0, off, SampleClock(0, 0, 1e9 / FS_HZ))], replace(CONFIG, n_leads=2)
    )
    assert min(e.sqi for e in events if isinstance(e, QualityScored)) > 0.9


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2e4])
def test_what_is_no_voltage_is_refused_by_its_place_and_changes_nothing(bad: float) -> None:
    pipeline = Pipeline(CONFIG)
    ecg_mv = ECG_MV[None, :73].copy()
    ecg_mv[0, 50] = bad
    before = pipeline.dump()
    with pytest.raises(ValueError, match="chunk at 100: samples that are no number or beyond"):
        pipeline.push(EcgChunk(100, ecg_mv, SampleClock(100, 0, 1e9 / FS_HZ)))
    assert pipeline.dump() == before


def test_an_empty_chunk_changes_nothing() -> None:
    pipeline = Pipeline(CONFIG)
    clock = SampleClock(0, 0, 1e9 / FS_HZ)
    pipeline.push(EcgChunk(0, ECG_MV[None, :73], clock))
    before = pipeline.dump()
    assert pipeline.push(EcgChunk(73, np.empty((1, 0)), clock)) == []
    assert pipeline.dump() == before


def test_what_does_not_follow_is_refused_and_changes_nothing() -> None:
    pipeline = Pipeline(CONFIG)
    assert pipeline.cursor is None
    chunk = EcgChunk(100, ECG_MV[None, :73], SampleClock(100, 0, 1e9 / FS_HZ))
    pipeline.push(chunk)
    before = pipeline.dump()
    with pytest.raises(ValueError, match="item starts at 100, 173 is next"):
        pipeline.push(chunk)
    with pytest.raises(ValueError, match="2 leads, 1 are expected"):
        pipeline.push(EcgChunk(173, np.zeros((2, 5)), chunk.clock))
    assert pipeline.dump() == before
    assert pipeline.cursor == 173


def test_a_stream_may_begin_with_a_gap() -> None:
    pipeline = Pipeline(CONFIG)
    gap = Gap(0, 2**40, GapReason.LINK_LOST)
    assert pipeline.push(gap) == [gap]
    assert pipeline.cursor == 2**40


@pytest.mark.parametrize(
    "other",
    [
        PipelineConfig(131.0),
        PipelineConfig(FS_HZ, rail_mv=20.0),
        PipelineConfig(FS_HZ, rpeak=RPeakConfig(threshold=0.31)),
    ],
)
def test_a_state_of_other_parameters_is_refused(other: PipelineConfig) -> None:
    pipeline = Pipeline(CONFIG)
    events = pipeline.push(EcgChunk(0, ECG_MV[None, :500], SampleClock(0, 0, 1e9 / FS_HZ)))
    assert events
    assert other.digest != CONFIG.digest
    with pytest.raises(StateError, match="cannot be used by"):
        Pipeline.restore(other, pipeline.dump())


def test_a_state_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Pipeline(CONFIG).dump()
    monkeypatch.setattr("ecgcore.pipeline.ALGORITHM_VERSION", "older")
    with pytest.raises(StateError, match="pipeline/older"):
        Pipeline.restore(CONFIG, data)


@pytest.mark.parametrize("fs_hz", [99.0, 1001.0])
def test_rates_outside_the_range_are_refused(fs_hz: float) -> None:
    with pytest.raises(ValueError, match="100 to 1000 are supported"):
        Pipeline(PipelineConfig(fs_hz))


def test_warming_up_leaves_nothing_to_compile() -> None:
    """What numba compiles later would stall the engine for seconds."""
    warm_up(CONFIG)
    from ecgcore import beat_class, beat_intervals, beat_shapes, delineate, noise, qrs, quality

    kernels = [
        value
        for module in (beat_class, beat_intervals, beat_shapes, delineate, noise, qrs, quality)
        for value in vars(module).values()
        if hasattr(value, "signatures")
    ]
    before = [len(kernel.signatures) for kernel in kernels]
    events_of(stream_of(ECG_MV, FS_HZ, 7, gaps=[(1000, 1100)]))
    assert [len(kernel.signatures) for kernel in kernels] == before
    assert sum(before) >= 8


@pytest.mark.parametrize("module", ["ecgcore", "ecgcore.wire.frame", "ecgcore.state"])
def test_the_light_parts_load_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print({{'numba', 'scipy', 'wfdb'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_intervals_of_a_real_strap_are_those_it_measured_itself() -> None:
    """Ten minutes of a Polar H10 and the intervals its own firmware found in the same signal."""
    with gzip.open(DATA / "polar_h10" / "polar_h10_detectPVC.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    strap_ms = np.array([float(row["rr"]) for row in rows if row["rr"]])
    samples = [(float(row["time"]), float(row["ecg"])) for row in rows if row["ecg"]]
    times_ns, ecg_mv = np.array(samples).T
    clock = SampleClock(0, 0, float(times_ns[-1] - times_ns[0]) / (times_ns.size - 1))
    beats = beats_of(events_of([EcgChunk(0, ecg_mv[None], clock)]))
    rr_ms = np.array([np.nan if beat.rr_ms is None else beat.rr_ms for beat in beats])
    # The strap's list starts a few beats away from its ECG; the right offset is the best one.
    error_ms = min(
        float(np.nanmedian(np.abs(rr_ms[i : i + 300] - strap_ms[j : j + 300])))
        for i in range(12)
        for j in range(12)
    )
    assert error_ms <= 1.1
    assert abs(len(beats) - strap_ms.size) <= 8
