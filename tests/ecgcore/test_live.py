"""Windows of a live stream: what they measure, and the laws."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.average import average_beat
from ecgcore.average_signal import AverageSignal
from ecgcore.averaged import measure_average
from ecgcore.events import (
    BeatClassified,
    Event,
    Measurement,
    NullReason,
    RhythmLabel,
    WindowClosed,
    WindowKind,
)
from ecgcore.hrv_table import measure_hrv
from ecgcore.lead_window import measure_lead_window
from ecgcore.live import LiveConfig, LivePipeline
from ecgcore.parameters import preset
from ecgcore.types import FloatArray
from tests import checks
from tests.strategies import WAVES, ecg_of, stream_of

FS_HZ = 130.0
PATCH = preset("patch")
# Short ones, so that all laws hold for them as well.
CONFIG = LiveConfig(FS_HZ, ("CHEST",), PATCH.live_keys, PATCH.parameters, hour_s=60, day_hours=2)


def make(data: bytes | None) -> LivePipeline:
    return LivePipeline(CONFIG) if data is None else LivePipeline.restore(CONFIG, data)


def beats_s(duration_s: float, seed: int = 2) -> FloatArray:
    """Breathing at 0.25 Hz, a slow swing and some chance."""
    rng = np.random.default_rng(seed)
    n = round(duration_s / 0.8) + 2
    at = np.arange(n) * 0.8
    swing = 0.03 * np.sin(2 * np.pi * 0.25 * at) + 0.03 * np.sin(2 * np.pi * 0.1 * at)
    found = 0.5 + np.cumsum(0.8 + swing + 0.005 * rng.standard_normal(n))
    return found[found < duration_s - 0.5]


@cache
def signal(duration_s: float) -> FloatArray:
    return ecg_of(list(beats_s(duration_s)), FS_HZ, duration_s, noise_mv=0.01)


def events_of(
    ecg_mv: FloatArray, start: int = 0, gaps: Sequence[tuple[int, int]] = ()
) -> list[Event]:
    live = make(None)
    found = [e for item in stream_of(ecg_mv, FS_HZ, start, gaps) for e in live.push(item)]
    return found + live.finish()


def windows_of(events: Sequence[Event], kind: WindowKind) -> list[WindowClosed]:
    return [e for e in events if isinstance(e, WindowClosed) and e.kind is kind]


def by_key(window: WindowClosed) -> dict[str, Measurement]:
    return {each.key: each for each in window.measurements}


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return events_of(signal(620.0))


def test_a_window_is_what_the_same_stretch_measures_at_once(events: list[Event]) -> None:
    """The oracle works over the whole signal, held in full precision."""
    beats, ecg_mv = [e for e in events if isinstance(e, BeatClassified)], signal(620.0)
    for window in windows_of(events, WindowKind.S10)[:6]:
        stretch = ecg_mv[np.newaxis, window.start : window.end]
        inside = [b for b in beats if window.start <= b.sample < window.end]
        average = average_beat(stretch, window.start, FS_HZ, inside, PATCH.parameters.average)
        assert not isinstance(average, NullReason)
        expected = {
            (each.key, each.lead): each.value
            for each in measure_average(AverageSignal(average, FS_HZ, ("CHEST",)), window.sqi)
        }
        expected |= {
            (key, "CHEST"): value for key, value in measure_lead_window(stretch[0], FS_HZ).items()
        }
        checked = [m for m in window.measurements if (m.key, m.lead) in expected]
        assert len(checked) > 30
        for each in checked:
            wanted = expected[each.key, each.lead]
            if each.value is None:
                assert wanted is None or each.null_reason is wanted
            else:
                assert each.value == pytest.approx(wanted, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("kind", [WindowKind.S60, WindowKind.S300])
def test_variability_is_that_of_the_windows_intervals(
    events: list[Event], kind: WindowKind
) -> None:
    window = windows_of(events, kind)[-1]
    beats = [e for e in events if isinstance(e, BeatClassified)]
    inside = [b for b in beats if window.start <= b.sample < window.end]
    expected = {
        each.key: each
        for each in measure_hrv(
            np.array([b.rr_ms for b in inside], float),
            beat_ms=np.array([b.beat.time_ms for b in inside]),
            duration_s=(window.end - window.start) / FS_HZ,
            config=PATCH.parameters.hrv,
            sqi=window.sqi,
        )
    }
    checked = [each for each in window.measurements if each.key in expected]
    assert {"sdnn", "rmssd", "sd1", "hf"} <= {each.key for each in checked}
    assert [each for each in checked if each.key != "rmssd"] == [
        expected[each.key] for each in checked if each.key != "rmssd"
    ]


def test_a_key_stands_in_every_window_that_is_long_enough_for_it(events: list[Event]) -> None:
    ten, sixty, five = (
        by_key(windows_of(events, kind)[-1])
        for kind in (WindowKind.S10, WindowKind.S60, WindowKind.S300)
    )
    assert ten["qtc_bazett"].value is not None
    assert ten["f_dom"].value is not None
    assert (ten["t_form"].text, ten["qrs_polarity"].text) == ("upright", "positive")
    assert ten["p_present"].value == 1.0
    assert "lf" not in sixty
    assert sixty["sd1"].value is not None
    assert five["lf"].value == pytest.approx(0.5 * 30.0**2, rel=0.3)
    assert five["lf_hf"].value is not None
    assert five["hr_mean"].value == pytest.approx(75.0, abs=1.0)
    assert five["noise_rms"].value == pytest.approx(10.0, abs=4.0)
    for window in (ten, sixty, five):
        slow, mean, fast, span, longest, shortest, ventricles = (
            window[key].value or 0.0
            for key in ("hr_min", "hr_mean", "hr_max", "rr_range", "rr_max", "rr_min", "vent_rate")
        )
        assert 60.0 < slow <= fast < 95.0
        assert slow < mean < fast or window is ten
        assert span == pytest.approx(longest - shortest)
        assert ventricles == pytest.approx(mean)
        assert window["hr_inst"].value == pytest.approx(mean, rel=0.05)
        assert set(window) <= set(PATCH.live_keys)


def test_windows_of_five_minutes_are_whole_ones_of_the_counter(events: list[Event]) -> None:
    length = round(300 * FS_HZ)
    assert [(w.start, w.end) for w in windows_of(events, WindowKind.S300)] == [
        (0, length),
        (length, 2 * length),
    ]
    first = windows_of(events, WindowKind.S300)[0]
    minutes = windows_of(events, WindowKind.S60)[:5]
    assert first.n_beats == sum(each.n_beats for each in minutes)
    assert first.sqi == pytest.approx(np.mean([each.sqi for each in minutes]))
    assert (first.start_ms, first.end_ms) == pytest.approx((0.0, 300e3), abs=10.0)


def test_windows_of_an_hour_and_of_a_day_are_whole_ones_too(events: list[Event]) -> None:
    minutes, hours = (windows_of(events, kind) for kind in (WindowKind.S60, WindowKind.H1))
    assert [(w.start, w.end, w.n_beats) for w in hours] == [
        (w.start, w.end, w.n_beats) for w in minutes
    ]
    assert len(hours) == 10
    for hour, minute in zip(hours, minutes, strict=True):
        for key in ("hr_mean", "hr_min", "hr_max", "rr_range", "qrs_count"):
            # Whole microseconds.
            assert by_key(hour)[key].value == pytest.approx(by_key(minute)[key].value, rel=1e-5)
    days = windows_of(events, WindowKind.H24)
    assert [(w.start, w.end) for w in days] == [
        (one.start, other.end) for one, other in zip(hours[::2], hours[1::2], strict=True)
    ]
    assert [w.n_beats for w in days] == [
        one.n_beats + other.n_beats for one, other in zip(hours[::2], hours[1::2], strict=True)
    ]
    for window in (*hours, *days):
        found = by_key(window)
        assert (found["pvc_count"].value, found["rhythm_class"].text) == (0.0, "sinus_rhythm")
        assert set(found) <= set(PATCH.live_keys)


def test_a_gap_at_its_end_closes_a_window_late_and_counts_as_missing() -> None:
    length = round(300 * FS_HZ)
    gap = (round(200 * FS_HZ), round(310 * FS_HZ))
    events = events_of(signal(400.0), gaps=[gap])
    (window,) = windows_of(events, WindowKind.S300)
    assert (window.start, window.end) == (0, length)
    assert window.coverage == pytest.approx(200 / 300, abs=0.01)
    assert events.index(window) > max(
        events.index(e) for e in windows_of(events, WindowKind.S60) if e.end <= length
    )


def test_noise_has_no_representative_beat() -> None:
    noise_mv = 0.3 * np.random.default_rng(1).standard_normal(round(40 * FS_HZ))
    for window in windows_of(events_of(noise_mv), WindowKind.S10):
        assert by_key(window)["qrs_pp"].null_reason is NullReason.LOW_SQI
        assert by_key(window)["qt_int"].null_reason is NullReason.LOW_SQI


def test_fibrillation_has_no_variability() -> None:
    rng = np.random.default_rng(3)
    at_s = np.cumsum(rng.uniform(0.35, 1.1, 280))
    ecg_mv = ecg_of(list(at_s), FS_HZ, 190.0, noise_mv=0.01)
    (height_mv, place_s, width_s), times_s = WAVES[0], np.arange(ecg_mv.size) / FS_HZ
    for beat_s in at_s:
        ecg_mv -= height_mv * np.exp(-0.5 * ((times_s - beat_s - place_s) / width_s) ** 2)
    events = events_of(ecg_mv)
    labels = {getattr(e, "label", None) for e in events}
    assert RhythmLabel.AFIB in labels
    found = by_key(windows_of(events, WindowKind.S60)[-1])
    assert found["sd1"].null_reason is NullReason.AF
    assert found["sdnn"].null_reason is NullReason.AF


ITEMS = stream_of(signal(620.0), FS_HZ, 0, gaps=[(20_000, 20_500), (50_000, 56_000)])


def test_restore_is_invisible() -> None:
    checks.check_restore_is_invisible(make, ITEMS[:400], range(0, ITEMS[400].start, 2917))


@settings(max_examples=4, deadline=None)
@given(cuts=st.lists(st.integers(0, ITEMS[-1].end), max_size=40))
def test_chunking_is_invisible(cuts: list[int]) -> None:
    checks.check_chunking_is_invisible(make, ITEMS, cuts)


def test_memory_is_bounded() -> None:
    checks.check_memory_is_bounded(make, ITEMS, n_rounds=4)
    checks.check_input_is_not_kept(make, ITEMS[:60])
