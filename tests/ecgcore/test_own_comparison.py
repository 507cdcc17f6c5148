"""What a value is compared with in a report."""

import numpy as np
import pytest
from scipy import stats

from ecgcore.baseline import DAY_MIN, MINUTE_NS, Baseline, BaselineConfig, Past
from ecgcore.compose import compose
from ecgcore.events import NullReason
from ecgcore.measured import measurement_of
from ecgcore.own_comparison import Compared, OwnComparisonConfig, compare
from ecgcore.report import Report
from tests.ecgcore.reporting import START_NS, given, window

CONFIG = OwnComparisonConfig()
AT_NS = 28_000_000 * MINUTE_NS


def rising(days: int) -> Past:
    """Ten values a day, from 400 up by 2 a day, with a spread of a few."""
    minutes = 28_000_000 - 100 * np.arange(days * 10, 0, -1)
    before = -(28_000_000 - minutes) / DAY_MIN
    return Past(minutes, 450.0 + 2.0 * np.floor(before) + np.arange(minutes.size) % 3)


def about(
    value: float, previous: float | None, past: Past | None, key: str = "qtc_fridericia"
) -> dict[str, Compared]:
    measured = measurement_of(key, value, 60, 0.9, None)
    return {each.measurement.key: each for each in compare(measured, previous, past, AT_NS, CONFIG)}


def test_a_value_is_set_against_the_one_before_and_a_month() -> None:
    past = rising(43)
    found = about(470.0, 440.0, past)
    recent = past.last(14.0, 28_000_000).values
    expected = {
        "d_prev": 30.0,
        "pct_prev": pytest.approx(100.0 * 30.0 / 440.0),
        "z_self": pytest.approx((470.0 - recent.mean()) / stats.tstd(recent)),
        "pct_rank_self": 100.0,
        "d_qtc": pytest.approx(470.0 - np.median(recent)),
        "slope_7d": pytest.approx(2.0, abs=0.01),
        "slope_30d": pytest.approx(2.0, abs=0.01),
    }
    assert {key: found[key].measurement.value for key in expected} == expected
    # The median of a fortnight that ended with 450 is 437.
    concerns = {"z_self": "flag", "pct_rank_self": "flag", "d_qtc": "watch", "slope_7d": "flag"}
    assert {key: found[key].concern for key in concerns} == concerns


def test_units_are_those_of_the_value() -> None:
    found = about(470.0, 440.0, rising(43))
    assert found["d_prev"].measurement.unit == "ms"
    assert found["slope_7d"].measurement.unit == "ms/d"
    assert found["z_self"].measurement.unit == "1"
    interval = found["slope_30d"].interval
    assert interval is not None
    assert interval.low <= 2.0 <= interval.high
    assert found["z_self"].interval is None


def test_charts_of_a_week_that_jumps() -> None:
    minutes = 28_000_000 - 100 * np.arange(200, 0, -1)
    ago = (28_000_000 - minutes) // DAY_MIN
    past = Past(minutes, np.where(ago >= 4, 400.0, 440.0) + ago % 3)
    found = about(440.0, None, past)
    days = np.array([np.median(past.values[ago == day]) for day in range(int(ago.max()), -1, -1)])
    centre = float(np.median(days))
    spread = 1.4826 * float(np.median(np.abs(days - centre)))
    weighted, up = centre, 0.0
    for day in days.tolist():
        weighted, up = 0.8 * weighted + 0.2 * day, max(0.0, up + (day - centre) / spread - 0.5)
    expected = {"ewma": pytest.approx(weighted), "cusum": pytest.approx(up)}
    assert {key: found[key].measurement.value for key in expected} == expected
    assert "d_prev" not in found


def test_the_rate_and_what_can_be_detected() -> None:
    assert about(72.0, 65.0, None, "hr_mean")["d_hr"].measurement.value == pytest.approx(7.0)
    found = about(440.0, 400.0, None, "qt_int")
    expected = {"mdc_reliable": 1.0}
    assert {key: found[key].measurement.value for key in expected} == expected
    assert "z_self" not in found


def test_a_short_past_has_its_reason() -> None:
    found = about(440.0, 430.0, rising(1))
    for key in ("z_self", "rz_self", "pct_rank_self", "circ_adj_z", "d_qtc", "slope_7d", "ewma"):
        assert found[key].measurement.null_reason is NullReason.TOO_SHORT, key


def test_without_a_value_nothing_is_compared() -> None:
    absent = measurement_of("qt_int", NullReason.GAP, 0, 0.1, None)
    with pytest.raises(ValueError, match="qt_int has no value"):
        list(compare(absent, 400.0, None, AT_NS, CONFIG))


def remembered(n: int) -> Baseline:
    memory = Baseline(BaselineConfig())
    for k in range(1, n + 1):
        memory.push(START_NS - k * MINUTE_NS, {"hr_mean": 64.0 + k % 5})
    return memory


def test_a_report_carries_it() -> None:
    before = compose(given(window=window(hr=65.0)))
    report = compose(given(previous=before, baseline=remembered(40)))
    [change] = report.comparison
    by_key = {each.key: each for each in change.own_past}
    past = np.array([64.0 + k % 5 for k in range(1, 41)])
    assert change.value_of("rz_self") == pytest.approx((72.0 - 66.0) / 1.4826)
    assert change.value_of("z_self") == pytest.approx((72.0 - 66.0) / stats.tstd(past))
    assert (by_key["rz_self"].n, by_key["rz_self"].concern) == (40, "flag")
    assert (by_key["pct_rank_self"].concern, by_key["d_hr"].concern) == ("flag", "none")
    assert by_key["d_prev"].concern is by_key["slope_7d"].concern is None
    assert by_key["d_prev"].value == change.change == pytest.approx(7.0)
    assert by_key["slope_7d"].null_reason is NullReason.TOO_SHORT
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_sites_are_never_joined() -> None:
    before = compose(given(window=window(hr=65.0)))
    moved = given().device.model_copy(update={"site": "left chest"})
    assert compose(given(previous=before, device=moved)).comparison == ()


def test_a_minute_of_its_own_is_not_its_past() -> None:
    memory = remembered(25)
    memory.push(START_NS, {"hr_mean": 500.0})
    assert memory.past("hr_mean", START_NS).values.max() < 100.0
