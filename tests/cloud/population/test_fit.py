"""Tables from people whose distribution is known."""

from dataclasses import replace

import numpy as np
import pytest

from cloud.population.fit import Core, FitConfig, Measured, Plan, fit, shrunk
from cloud.population.work import tables_of, written
from ecgcore.errors import ConfigError
from ecgcore.person import Person, Sex
from ecgcore.population import Row, Table, parse

PLAN = Plan(
    id="t",
    title="Made up",
    leads=(),
    keys=("hr_mean", "qt_int", "tpe_int", "qrs_axis"),
    lead_keys=(),
    core=("hr_mean", "qt_int", "tpe_int"),
)
CONFIG = FitConfig()
N = 400


def people(n: int = N) -> list[Measured]:
    """Men's QT is 390 - 2 (HR - 70), women's 10 longer, SD 15; Tpe is log-normal."""
    rng = np.random.default_rng(5)
    found = []
    for k in range(n):
        is_woman = k % 4 == 0
        hr = 70.0 + 10.0 * rng.standard_normal()
        axis = 175.0 + 10.0 * rng.standard_normal()
        values = {
            "hr_mean": hr,
            "qt_int": 390.0 + 10.0 * is_woman - 2.0 * (hr - 70.0) + 15.0 * rng.standard_normal(),
            "tpe_int": float(np.exp(4.5 + 0.5 * rng.standard_normal())),
            "qrs_axis": float((axis + 180.0) % 360.0 - 180.0),
        }
        person = Person(Sex.FEMALE if is_woman else Sex.MALE, 30.0 if k % 2 else 50.0)
        found.append(
            Measured("here", person, ("I",), {(key, None): value for key, value in values.items()})
        )
    return found


def rows_of(table: Table) -> dict[str, Row]:
    return {row.id: row for row in table.rows}


def test_centre_scale_and_slope_are_found_again() -> None:
    found = rows_of(fit(PLAN, people(), CONFIG))
    men, women = found["t/qt_int/male"], found["t/qt_int/female"]
    assert (men.n, women.n, men.sources) == (300, 100, ("here",))
    assert men.centre == pytest.approx(390.0, abs=3.0)
    assert women.centre == pytest.approx(400.0, abs=5.0)
    assert men.scale == pytest.approx(15.0, abs=2.5)
    assert men.per_bpm == pytest.approx(-2.0, abs=0.3)
    assert found["t/hr_mean/all"].per_bpm == 0.0
    assert men.quantiles[0] == pytest.approx(-1.96, abs=0.4)


def test_skewed_values_are_logarithms_and_angles_go_round() -> None:
    found = rows_of(fit(PLAN, people(), CONFIG))
    tpe, axis = found["t/tpe_int/all"], found["t/qrs_axis/all"]
    assert (tpe.is_log, found["t/qt_int/all"].is_log) == (True, False)
    assert tpe.centre == pytest.approx(4.5, abs=0.1)
    assert tpe.scale == pytest.approx(0.5, abs=0.08)
    assert axis.is_angle
    assert axis.centre == pytest.approx(175.0, abs=2.0)
    assert axis.scale == pytest.approx(10.0, abs=1.5)


def test_strata_are_made_where_there_are_enough() -> None:
    few = rows_of(fit(PLAN, people(60), CONFIG))
    assert "t/hr_mean/male/18-40a" in few
    assert "t/hr_mean/male" in few
    # 15 women, all of the same age.
    assert "t/hr_mean/female" not in few
    old = few["t/hr_mean/40-60a"]
    assert (old.age_from, old.age_to, old.sex) == (40.0, 60.0, None)
    with pytest.raises(ValueError, match="table t: 19 normal people, fewer than 20"):
        fit(PLAN, people(19), CONFIG)


def test_people_with_other_leads_are_in_another_table() -> None:
    with_two = [replace(each, leads=("I", "II")) for each in people()]
    with pytest.raises(ValueError, match="0 normal people"):
        fit(PLAN, with_two, CONFIG)


def test_a_correlation_is_shrunk_the_more_the_fewer_people() -> None:
    rng = np.random.default_rng(2)
    base = rng.standard_normal((5000, 1))
    z = np.hstack([base, base + rng.standard_normal((5000, 1)), rng.standard_normal((5000, 1))])
    many, little = shrunk(z)
    few, much = shrunk(z[:15])
    assert many[0, 1] == pytest.approx(0.5**0.5, abs=0.03)
    assert 0.0 <= little < 0.01 < much <= 1.0
    assert np.diag(few).tolist() == [1.0] * 3
    assert np.linalg.eigvalsh(few).min() > 0.0


def test_what_is_written_is_read_back() -> None:
    made = tables_of(people())
    assert [table.id for table in made.tables] == ["single"]
    text = written(made)
    assert parse(text.encode()) == made
    # A row a line.
    assert sum(line.startswith('{"id": "single/') for line in text.splitlines()) == len(
        made.tables[0].rows
    )
    core = made.tables[0].core
    assert isinstance(core, Core)
    assert core.rows == ("hr_mean", "tpe_int")
    assert core.n == N


def test_too_few_people_are_no_table() -> None:
    with pytest.raises(ConfigError, match=r"eight: 0 normal people.*single: 5 normal people"):
        tables_of(people(5))
