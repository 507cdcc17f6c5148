"""The tables of the population: those of the package, and how a row is read."""

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from scipy import stats

from ecgcore.catalogue import catalogue
from ecgcore.errors import PopulationError
from ecgcore.person import UNKNOWN, Person, Sex
from ecgcore.population import PROBABILITIES, Core, Population, Row, Table, parse, population

QUANTILES = tuple(np.round(stats.norm.ppf(PROBABILITIES), 6).tolist())
EVERYBODY = Row(
    id="t/qrs_dur/all",
    key="qrs_dur",
    n=100,
    sources=("here",),
    centre=95.0,
    scale=8.0,
    per_bpm=-0.1,
    quantiles=QUANTILES,
)
WOMEN = replace(EVERYBODY, id="t/qrs_dur/female", sex=Sex.FEMALE, n=50, centre=90.0)
OLD_WOMEN = replace(WOMEN, id="t/qrs_dur/female/60-120a", age_from=60.0, age_to=120.0, n=25)
TABLE = Table(
    id="t",
    title="Made up",
    leads=(),
    rows=(EVERYBODY, WOMEN, OLD_WOMEN),
    core=Core(rows=("qrs_dur",), correlation=((1.0,),), shrinkage=0.0, n=100),
)


def test_the_packages_tables_say_from_how_many_of_which_sources() -> None:
    found = population()
    assert [table.id for table in found.tables] == ["eight", "single"]
    sources = {source.id: source for source in found.sources}
    assert all(source.n > 0 and source.licence for source in sources.values())
    for table in found.tables:
        eigenvalues = np.linalg.eigvalsh(table.core.matrix)
        assert eigenvalues.min() > 0.05
        for row in table.rows:
            assert 20 <= row.n <= sum(sources[each].n for each in row.sources), row.id
            assert list(row.quantiles) == sorted(row.quantiles), row.id
            assert catalogue()[row.key].is_measured, row.id


def test_the_packages_healthy_people_are_plausible() -> None:
    single = population().table_for(("I",))
    assert single is not None
    centre = {row.key: math.exp(row.centre) if row.is_log else row.centre for row in single.rows}
    assert 60.0 < centre["hr_mean"] < 85.0
    assert 130.0 < centre["pr_int"] < 180.0
    assert 80.0 < centre["qrs_dur"] < 105.0
    assert 390.0 < centre["qtc_fridericia"] < 430.0
    assert next(row.n for row in single.rows if row.key == "hr_mean") > 1000


def test_the_row_is_that_of_the_people_most_alike() -> None:
    def row_for(person: Person) -> str:
        row = TABLE.row_of("qrs_dur", None, person)
        assert row is not None
        return row.id

    assert row_for(UNKNOWN) == EVERYBODY.id
    assert row_for(Person(Sex.MALE, 70.0)) == EVERYBODY.id
    assert row_for(Person(Sex.FEMALE)) == WOMEN.id
    assert row_for(Person(Sex.FEMALE, 59.9)) == WOMEN.id
    assert row_for(Person(Sex.FEMALE, 60.0)) == OLD_WOMEN.id
    assert TABLE.row_of("qrs_dur", "V1", UNKNOWN) is None


def test_a_deviation_allows_for_the_rate() -> None:
    assert EVERYBODY.z(103.0, 70.0) == pytest.approx(1.0)
    assert EVERYBODY.z(103.0, None) == pytest.approx(1.0)
    assert EVERYBODY.z(100.0, 100.0) == pytest.approx(1.0)
    assert EVERYBODY.limit(0.975, 100.0) == pytest.approx(95.0 - 3.0 + 8.0 * QUANTILES[-1])


def test_a_skewed_value_is_its_logarithm_and_an_angle_goes_round() -> None:
    log = replace(EVERYBODY, is_log=True, centre=math.log(20.0), scale=0.5, per_bpm=0.0)
    assert log.z(20.0 * math.exp(0.75), None) == pytest.approx(1.5)
    assert log.limit(0.5, None) == pytest.approx(20.0)
    assert log.z(0.0, None) is None
    angle = replace(EVERYBODY, is_angle=True, centre=170.0, scale=10.0, per_bpm=0.0)
    assert angle.z(-170.0, None) == pytest.approx(2.0)


def test_percentiles_follow_the_quantiles_and_keep_their_order_beyond() -> None:
    z = np.linspace(-6.0, 6.0, 481)
    found = np.array([EVERYBODY.percentile(each) for each in z.tolist()])
    assert (np.diff(found) > 0.0).all()
    assert found[0] > 0.0
    assert found[-1] < 100.0
    inside = np.abs(z) < 1.9
    assert found[inside] == pytest.approx(100.0 * stats.norm.cdf(z[inside]), abs=1.2)


def test_a_table_is_found_by_its_leads_or_its_id() -> None:
    eight = replace(TABLE, id="eight", leads=("I", "II"))
    both = Population(version="1", sources=(), tables=(eight, TABLE))
    assert both.table_for(("II", "V1", "I")) is eight
    assert both.table_for(("II",)) is TABLE
    assert both.table_for(("II", "I"), "t") is TABLE
    with pytest.raises(ValueError, match="population table 'x': not one of eight, t"):
        both.table_for(("I",), "x")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (replace(TABLE, rows=(replace(EVERYBODY, scale=0.0),)), "t/qrs_dur/all: no positive scale"),
        (replace(TABLE, rows=(replace(EVERYBODY, quantiles=(0.0,)),)), "or not 9 quantiles"),
        (replace(TABLE, core=replace(TABLE.core, rows=("a", "b"))), "of 2 rows is not 2 by 2"),
    ],
)
def test_tables_that_cannot_be_are_refused(table: Table, says: str) -> None:
    data = msgspec.json.encode(Population(version="1", sources=(), tables=(table,)))
    with pytest.raises(PopulationError, match=says):
        parse(data)
    with pytest.raises(PopulationError, match="population: "):
        parse(data[:-5])
