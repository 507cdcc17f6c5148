from ecgcore.events import (
    BeatClassified,
    BeatDetected,
    BeatLabel,
    BeatWaves,
    QualityReason,
    WindowClosed,
    WindowKind,
)
from ecgcore.intervals import BeatIntervals
from ecgcore.quality import SecondScored
from ecgcore.windows import TimedSecond, WindowConfig, WindowMeter

FS_HZ = 100
BEFORE = 50_000_000


def second(k: int, sqi: float = 1.0, start: int = 0, end: int = 100) -> TimedSecond:
    """Give second k of the counter, or [start, end) of it; the device's clock has 10.01 ms."""
    first, last = 100 * k + start, 100 * k + end
    reasons = () if sqi >= 0.5 else (QualityReason.MOTION,)
    scored = SecondScored(first, last, sqi, 0.01, reasons)
    return TimedSecond(scored, first * 10.01, last * 10.01)


def beat(sample: int, label: BeatLabel = BeatLabel.NORMAL) -> tuple[BeatClassified, BeatIntervals]:
    named = BeatDetected(sample, 0.0, sample * 10.01, 10.01, 1.5, 1001.0, 0.9)
    beat = BeatClassified(named, label, 0.9, 1001.0, BeatWaves(), (BeatWaves(),))
    return beat, BeatIntervals(qrs_ms=90.0)


def meter() -> WindowMeter:
    return WindowMeter(WindowConfig(late_s=5), float(FS_HZ))


def value(window: WindowClosed, key: str) -> float | None:
    return next(m.value for m in window.measurements if m.key == key)


def fill(windows: WindowMeter, seconds: range) -> list[WindowClosed]:
    """Push a beat in the middle of each second."""
    closed = []
    for k in seconds:
        closed += windows.push_second(second(k))
        closed += windows.push_beat(*beat(100 * k + 50))
    return closed


def test_a_window_closes_with_the_first_beat_after_it() -> None:
    windows = meter()
    assert fill(windows, range(10)) == []
    assert windows.push_second(second(10)) == []
    (closed,) = windows.push_beat(*beat(1050))
    assert (closed.kind, closed.start, closed.end) == (WindowKind.S10, 0, 1000)
    assert (closed.start_ms, closed.end_ms) == (0.0, 10_010.0)
    assert (closed.sqi, closed.coverage, closed.n_beats) == (1.0, 1.0, 10)
    assert value(closed, "rr_mean") == 1001.0


def test_a_window_without_a_later_beat_closes_once_none_can_come() -> None:
    windows = meter()
    fill(windows, range(8))
    closed = [(k, windows.push_second(second(k))) for k in range(8, 16)]
    assert [k for k, found in closed if found] == [14]
    assert closed[6][1][0].n_beats == 8


def test_a_minute_holds_its_six_windows() -> None:
    closed = fill(meter(), range(121))
    assert [(w.kind, w.end) for w in closed if w.end <= 6000] == [
        *((WindowKind.S10, 1000 * k) for k in range(1, 7)),
        (WindowKind.S60, 6000),
    ]
    minutes = [w for w in closed if w.kind is WindowKind.S60]
    assert [(w.start, w.n_beats) for w in minutes] == [(0, 60), (6000, 60)]
    assert value(minutes[0], "sdnn") == 0.0


def test_windows_lie_on_multiples_of_their_length_wherever_the_boot_starts() -> None:
    windows = meter()
    closed = windows.push_second(second(BEFORE + 3, start=40)) + fill(
        windows, range(BEFORE + 4, BEFORE + 12)
    )
    (first,) = closed
    assert (first.start, first.end) == (100 * BEFORE, 100 * BEFORE + 1000)
    assert first.coverage == first.sqi == 0.66
    # The device's time of a start that was not seen follows from the nominal rate.
    assert first.start_ms == (100 * BEFORE + 340) * 10.01 - 3400.0


def test_a_gap_closes_what_ends_in_it_and_leaves_out_what_has_no_samples() -> None:
    windows = meter()
    fill(windows, range(13))
    closed = windows.push_gap(10_000)
    assert [(w.kind, w.start, w.coverage) for w in closed] == [
        (WindowKind.S10, 1000, 0.3),
        (WindowKind.S60, 0, 13 / 60),
    ]
    closed = fill(windows, range(100, 121))
    assert [(w.kind, w.start, round(w.coverage, 9)) for w in closed] == [
        (WindowKind.S10, 10_000, 1.0),
        (WindowKind.S10, 11_000, 1.0),
        (WindowKind.S60, 6000, round(20 / 60, 9)),
    ]


def test_a_gap_inside_a_window_leaves_it_open() -> None:
    windows = meter()
    fill(windows, range(3))
    assert windows.push_gap(500) == []
    (closed,) = fill(windows, range(5, 11))
    assert (closed.coverage, closed.n_beats) == (0.8, 8)


def test_bad_seconds_lower_the_sqi_and_give_the_reasons() -> None:
    windows = meter()
    for k in range(10):
        windows.push_second(second(k, sqi=0.2 if k < 4 else 0.9))
    (closed,) = windows.push_beat(*beat(1000))
    assert round(closed.sqi, 9) == 0.62
    assert closed.quality_reasons == (QualityReason.MOTION,)


def test_a_beat_counts_where_its_peak_lies() -> None:
    windows = meter()
    for k in range(10):
        windows.push_second(second(k))
    assert windows.push_beat(*beat(999)) == []
    (first,) = windows.push_beat(*beat(1000))
    assert first.n_beats == 1


def test_what_turned_out_to_be_noise_is_no_beat() -> None:
    windows = meter()
    for k in range(10):
        windows.push_second(second(k))
        windows.push_beat(*beat(100 * k + 30, BeatLabel.NOISE if k == 4 else BeatLabel.NORMAL))
    (closed,) = windows.push_beat(*beat(1000))
    assert (closed.n_beats, value(closed, "qrs_dur")) == (9, 90.0)
