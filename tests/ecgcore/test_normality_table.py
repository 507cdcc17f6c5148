"""A person's values against a population whose every number is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import distance as distances

from ecgcore.events import Measurement, NullReason
from ecgcore.measured import measurement_of
from ecgcore.normality import NormalityConfig, Range, RangeFlag, distance, flag_of, range_of
from ecgcore.normality_table import measure_normality
from ecgcore.person import UNKNOWN, Person, Sex
from ecgcore.population import Core, Population, Row, Table
from tests.ecgcore.test_population import QUANTILES

CONFIG = NormalityConfig()
WOMAN = Person(Sex.FEMALE, 50.0)


def row(key: str, centre: float, scale: float, lead: str | None = None) -> Row:
    place = f"t/{key}/{lead}/all" if lead else f"t/{key}/all"
    return Row(
        id=place,
        key=key,
        lead=lead,
        n=100,
        sources=(),
        centre=centre,
        scale=scale,
        quantiles=QUANTILES,
    )


CORRELATION = ((1.0, 0.5, 0.2), (0.5, 1.0, 0.0), (0.2, 0.0, 1.0))
TABLE = Table(
    id="t",
    title="Made up",
    leads=(),
    rows=(
        row("hr_mean", 70.0, 10.0),
        row("qrs_dur", 95.0, 8.0),
        row("tpe_int", 90.0, 10.0),
        row("t_area", 20.0, 5.0, "V5"),
    ),
    core=Core(
        rows=("hr_mean", "qrs_dur", "tpe_int"), correlation=CORRELATION, shrinkage=0.0, n=100
    ),
)
TABLES = Population(version="1", sources=(), tables=(TABLE,))
VALUES = {"hr_mean": 60.0, "qrs_dur": 123.0, "tpe_int": 90.0}


def measured(
    values: dict[str, float | NullReason], person: Person = WOMAN
) -> dict[tuple[str, str | None], Measurement]:
    given = {(key, None): measurement_of(key, value, 9, 0.9, None) for key, value in values.items()}
    given["t_area", "V5"] = measurement_of("t_area", 35.0, 9, 0.9, "V5")
    found = measure_normality(given, ("V5",), person, 0.9, CONFIG, TABLES)
    return {(each.key, each.lead): each for each in found}


def test_values_stand_where_they_stand() -> None:
    found = measured({**VALUES})
    expected = {
        "z_pop_hr_mean": -1.0,
        "z_pop_qrs_dur": 3.5,
        "pctl_pop_hr_mean": pytest.approx(15.9, abs=1.2),
        "pctl_pop_tpe_int": pytest.approx(50.0),
        "out_count": 1.0,
    }
    assert {key: found[key, None].value for key in expected} == expected
    flags = {
        # The registry's ranges first, then the population's.
        "nl_flag_hr_mean": "N S01 adult rest",
        "nl_flag_qrs_dur": "HH S19 adult",
        "nl_flag_tpe_int": "N t/tpe_int/all",
    }
    assert {key: found[key, None].text for key in flags} == flags
    # Of a lead, and of no range but the population's.
    assert found["nl_flag_t_area", "V5"].text == "HH t/t_area/V5/all"
    assert found["z_pop_t_area", "V5"].value == pytest.approx(3.0)
    assert found["z_pop_hr_mean", None].n == 9


def test_the_distance_is_mahalanobis_and_names_what_is_off() -> None:
    found = measured({**VALUES})
    z = np.array([-1.0, 3.5, 0.0])
    oracle = distances.mahalanobis(z, np.zeros(3), np.linalg.inv(np.array(CORRELATION)))
    expected = {"maha_pop": pytest.approx(oracle)}
    assert {key: found[key, None].value for key in expected} == expected
    maha_pop_top = found["maha_pop_top", None].text
    assert maha_pop_top is not None
    assert maha_pop_top.split()[0] == "qrs_dur"
    assert found["maha_pop", None].n == 3


def test_shares_of_a_distance_add_up_and_absent_values_are_left_out() -> None:
    found = distance({"hr_mean": 1.0, "qrs_dur": 2.0, "tpe_int": -1.0}, TABLE, CONFIG)
    assert found is not None
    assert sum(share for _, share in found.shares) == pytest.approx(1.0)
    two = distance({"hr_mean": 1.0, "tpe_int": 2.0}, TABLE, replace(CONFIG, least_core=2))
    assert two is not None
    # (1 - 2 r z1 z2 + 4) / (1 - r r), r = 0.2
    assert two.d**2 == pytest.approx((1.0 - 2.0 * 0.2 * 2.0 + 4.0) / 0.96)
    assert distance({"hr_mean": 1.0, "tpe_int": 2.0}, TABLE, CONFIG) is None
    none = distance(dict.fromkeys(VALUES, 0.0), TABLE, CONFIG)
    assert none is not None
    assert (none.d, none.shares) == (0.0, ())


def test_an_absent_value_keeps_its_reason() -> None:
    found = measured({**VALUES, "qrs_dur": NullReason.LOW_SQI})
    for key in ("z_pop_qrs_dur", "pctl_pop_qrs_dur", "nl_flag_qrs_dur", "maha_pop"):
        assert found[key, None].null_reason is NullReason.LOW_SQI, key
    assert found["out_count", None].n == 2
    nothing = measured(dict.fromkeys(VALUES, NullReason.GAP))
    for key in ("out_count", "maha_pop", "maha_pop_top", "z_pop_hr_mean"):
        assert nothing[key, None].null_reason is NullReason.GAP, key


def test_children_are_not_set_against_adults() -> None:
    found = measured({**VALUES}, Person(Sex.FEMALE, 17.0))
    assert {key for key, _ in found} == {"out_count", "maha_pop", "maha_pop_top"}
    assert {each.null_reason for each in found.values()} == {NullReason.NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("person", "high"), [(WOMAN, 460.0), (Person(Sex.MALE), 450.0), (UNKNOWN, None)]
)
def test_ranges_are_those_of_the_sex(person: Person, high: float | None) -> None:
    found = range_of("qtc_fridericia", None, person, None, CONFIG)
    assert (None if found is None else found.high) == high


def test_a_range_of_angles_that_goes_round_is_none() -> None:
    narrow = replace(row("qrs_azimuth", 10.0, 20.0), is_angle=True)
    found = range_of("qrs_azimuth", narrow, UNKNOWN, None, CONFIG)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((10.0 - 39.2, 10.0 + 39.2), abs=0.01)
    assert range_of("qrs_azimuth", replace(narrow, centre=170.0), UNKNOWN, None, CONFIG) is None


@pytest.mark.parametrize(
    ("value", "z", "flag"),
    [
        (60.0, 0.0, RangeFlag.NORMAL),
        (100.0, 2.9, RangeFlag.NORMAL),
        (100.1, 2.9, RangeFlag.HIGH),
        (100.1, 3.0, RangeFlag.VERY_HIGH),
        (59.0, None, RangeFlag.LOW),
        (59.0, -3.0, RangeFlag.VERY_LOW),
    ],
)
def test_flags_at_the_limits(value: float, z: float | None, flag: RangeFlag) -> None:
    assert flag_of(value, Range(60.0, 100.0, "r"), z, CONFIG) is flag
