"""The registry is whole, agrees with itself and with what is measured."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cloud.embedding import measure as embedding
from ecgcore.agreement import AGREEMENT
from ecgcore.average_waves import LEAD_WAVES
from ecgcore.averaged import GLOBAL, LEAD_INTERVALS, LEAD_RATIOS
from ecgcore.beat_comparison import BEATS_BY_LEAD, BEATS_OVER_LEADS
from ecgcore.beat_statistics import BY_BEAT
from ecgcore.breathing_table import BREATHING
from ecgcore.catalogue import Kind, Scope, catalogue, is_unit, parse
from ecgcore.changes import CHANGES
from ecgcore.comparison_statements import COMPARE
from ecgcore.drift import DRIFT
from ecgcore.dynamics_table import DYNAMICS
from ecgcore.errors import CatalogueError
from ecgcore.events import Dimension
from ecgcore.forms import FORM_KEYS
from ecgcore.hrv_table import HRV_INDICES
from ecgcore.lead_sums import LEAD_SUMS
from ecgcore.lead_window import LEAD_WINDOW
from ecgcore.long_rate import LONG_RATE
from ecgcore.morphology import KEYS
from ecgcore.normality_table import NORMALITY
from ecgcore.omics import BIOMARKERS, HRV_LEAST_S, MIN_WAVES
from ecgcore.own_past import OWN_PAST
from ecgcore.pvc_shape import PVC_SHAPE
from ecgcore.rhythm_burden import BURDEN
from ecgcore.rhythm_table import CONDUCTION, CONTEXT_KEYS
from ecgcore.signal_table import SIGNAL
from ecgcore.structure import AVERAGE_GLOBAL, OF_BEATS
from ecgcore.trend import TREND
from ecgcore.wellness import WELLNESS

REGISTRY = catalogue()
ENTRIES = REGISTRY.entries
IDS = [
    f"{letter}{number:02d}"
    for letter, n in (("S", 86), ("I", 86), ("F", 107), ("C", 75))
    for number in range(1, n + 1)
]
VALUE_TESTS = "".join(
    path.read_text()
    for folder in ("ecgcore", "cloud/embedding")
    for path in (Path(__file__).parents[1] / folder).glob("test_*.py")
    if path.name != "test_catalogue.py"
)

GROUP = """
[[group]]
dimension = "S"
title = "Rate and cycle"
population = "adult rest"
"""
ROW = {
    "id": '"S01"',
    "key": '"hr_mean"',
    "definition": '"Heart rate."',
    "unit": '"/min"',
    "scope": '["global/window"]',
    "leads": "1",
    "status": '"K"',
}


def toml_of(**changes: str | None) -> str:
    """Give the text of a row; None leaves a field out."""
    row = {field: text for field, text in (ROW | changes).items() if text is not None}
    return "[[group.biomarker]]\n" + "".join(f"{field} = {row[field]}\n" for field in row)


def test_every_id_of_the_catalogue_has_a_row_in_its_order() -> None:
    assert list(dict.fromkeys(entry.id for entry in ENTRIES)) == IDS


HRV = {index.key for index in HRV_INDICES}
STRUCTURE = {*OF_BEATS, *BY_BEAT, *AVERAGE_GLOBAL, *LEAD_WAVES, *LEAD_SUMS}
RHYTHM = {*BURDEN, *CONDUCTION, *CONTEXT_KEYS, *PVC_SHAPE, *LONG_RATE, *WELLNESS}
BEATS = {*BEATS_BY_LEAD, *BEATS_OVER_LEADS}
AVERAGED = {*GLOBAL, *KEYS, *LEAD_INTERVALS, *LEAD_RATIOS, *FORM_KEYS}
AGAINST_OTHERS = {*OWN_PAST, *TREND, *CHANGES, *DRIFT, *COMPARE, *AGREEMENT}
EXTRACTED = {*STRUCTURE, *HRV, *AVERAGED, *LEAD_WINDOW, *RHYTHM, *BEATS}
EXTRACTED |= {*embedding.KEYS, "latent_to_expert_r"}
EXTRACTED |= {*BREATHING, *DYNAMICS, *SIGNAL, *NORMALITY}
MEASURED = {REGISTRY[key].key for key in EXTRACTED | AGAINST_OTHERS} | {
    biomarker.key for biomarker in BIOMARKERS
}


def test_every_biomarker_that_is_measured_has_a_row_that_says_since_when() -> None:
    for key in EXTRACTED | AGAINST_OTHERS:
        assert REGISTRY[key].since is not None, key
    for biomarker in BIOMARKERS:
        assert REGISTRY[biomarker.key].since is not None, biomarker.key


@pytest.mark.parametrize("key", [entry.key for entry in ENTRIES if entry.is_measured])
def test_what_the_registry_calls_measured_is_measured_and_has_a_value_test(key: str) -> None:
    assert key in MEASURED
    # As a row of a table of values, or the name of what is compared with one.
    member = key.replace("*", r"\w+")
    assert re.search(rf'"{member}": [^,\n]|\b{member}\b.*(==|approx)', VALUE_TESTS), key


def test_units_are_ucum() -> None:
    assert {entry.unit for entry in ENTRIES if entry.unit} == {
        *("1", "%", "/min", "/h", "/d", "ms", "s", "h", "a", "ms2", "Hz", "deg", "deg2", "dB"),
        *("mV", "uV", "mV2", "mV/s", "mV.ms", "uV.ms", "uV.s", "mV2/Hz", "m[g]", "[ppm]"),
    }


@pytest.mark.parametrize("unit", ["ms", "/min", "mV2/Hz", "uV.s", "s-2", "[ppm]", "m[g]", "1", "%"])
def test_a_unit_is_atoms_with_exponents(unit: str) -> None:
    assert is_unit(unit)


@pytest.mark.parametrize(
    "unit", ["", "msec", "bpm", "1/min", "ms²", "µV", "mV*s", "mg", "ms/", "/", "ms//s", "2ms"]
)
def test_other_spellings_are_no_units(unit: str) -> None:
    assert not is_unit(unit)


def test_loinc_codes_have_their_check_digit() -> None:
    codes = {entry.loinc for entry in ENTRIES if entry.loinc}
    assert len(codes) == 10
    for code in codes:
        number, check = code.split("-")
        doubled = [int(d) * (2 if k % 2 == 0 else 1) for k, d in enumerate(reversed(number))]
        assert (10 - sum(n // 10 + n % 10 for n in doubled)) % 10 == int(check), code


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("hr_mean", 147842),
        ("rr_mean", 147240),
        ("qrs_dur", 147228),
        ("qt_int", 147232),
        ("p_axis", 147200),
        ("qrs_axis", 147204),
        ("t_axis", 147208),
        ("pvc_count", 148065),
        ("rr_median", None),
    ],
)
def test_mdc_codes_are_the_numbers_monitors_send(key: str, number: int | None) -> None:
    assert REGISTRY[key].mdc_number == number


def test_only_numbers_have_units() -> None:
    kinds = {entry.kind for entry in ENTRIES}
    assert kinds == set(Kind)
    assert REGISTRY["qrs_pattern"].unit is None
    assert REGISTRY["psd"].unit == "mV2/Hz"
    assert [entry.id for entry in ENTRIES if entry.kind is Kind.POINTER] == ["S50", "C41"]


def test_ranges_differ_by_sex_where_the_catalogue_says_so() -> None:
    cornell = REGISTRY["lvh_cornell"]
    assert (cornell.high, cornell.high_men, cornell.high_women) == (None, 2.8, 2.0)
    assert (REGISTRY["pr_int"].low, REGISTRY["pr_int"].high) == (120, 200)


def test_sampling_rate_and_length_gates() -> None:
    gates = {
        key: (REGISTRY[key].least_s, REGISTRY[key].least_beats, REGISTRY[key].least_fs_hz)
        for key in ("rmssd", "lf", "ulf", "dfa_a1", "sdqt", "fqrs", "saecg_rms40", "qrs_area")
    }
    assert gates == {
        "rmssd": (60, None, 100),
        "lf": (250, None, 100),
        "ulf": (86400, None, 100),
        "dfa_a1": (60, 300, 100),
        "sdqt": (None, 30, 300),
        "fqrs": (10, 3, 250),
        "saecg_rms40": (10, 3, 1000),
        "qrs_area": (10, 3, None),
    }


def test_what_is_measured_keeps_to_the_gates() -> None:
    assert {REGISTRY[key].least_s for key in ("sdnn", "rmssd", "pnn50")} == {HRV_LEAST_S}
    waves = ("p_dur", "pr_int", "qrs_dur", "qt_int", "qtc_fridericia")
    assert {REGISTRY[key].least_beats for key in waves} == {MIN_WAVES}


def test_a_member_of_a_family_finds_its_row() -> None:
    assert REGISTRY["class_prob_afib"].key == "class_prob_*"
    assert REGISTRY["class_prob_*"].id == "F106"
    assert REGISTRY.find("class_prob") is None
    with pytest.raises(KeyError, match="no biomarker has the key hr_median"):
        REGISTRY["hr_median"]


def test_rows_are_found_by_id() -> None:
    assert [entry.key for entry in REGISTRY.with_id("S09")] == ["rr_min", "rr_max", "rr_range"]
    assert REGISTRY.with_id("S87") == ()


def test_filters_are_combined() -> None:
    found = REGISTRY.select(dimension=Dimension.STRUCTURAL, key="rr_*", measured=True)
    assert [entry.key for entry in found] == [
        *("rr_mean", "rr_median", "rr_min", "rr_max", "rr_range", "rr_longest"),
    ]
    assert [entry.key for entry in REGISTRY.select(catalogue_id="C69", measured=False)] == [
        "pred_lab_*"
    ]
    assert [entry.key for entry in REGISTRY.select(key="pred_lab_potassium")] == ["pred_lab_*"]


def test_leads_at_hand_leave_out_what_needs_more() -> None:
    with_one, with_two, with_eight = (
        {entry.key for entry in REGISTRY.select(n_leads=n)} for n in (1, 2, 8)
    )
    assert "qrs_axis" in with_two - with_one
    # Three orthogonal leads come from eight by a transform.
    assert REGISTRY["tcrt"].leads == "X"
    assert "tcrt" in with_eight - with_two
    assert with_eight == {entry.key for entry in ENTRIES if entry.kind is not Kind.POINTER}


def test_a_row_takes_what_its_group_shares() -> None:
    ranged = toml_of(key='"hr_min"', low="50", range_status='"K"')
    plain, with_range = parse(GROUP + toml_of() + ranged).entries
    assert (plain.group, plain.dimension) == ("Rate and cycle", Dimension.STRUCTURAL)
    assert plain.scope == (Scope.GLOBAL_WINDOW,)
    assert (plain.population, with_range.population) == (None, "adult rest")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"colour": '"red"'}, "S01 hr_mean: colour: no such field"),
        ({"unit": '"bpm"'}, "S01 hr_mean: unit: 'bpm' is no unit known"),
        ({"unit": None}, "S01 hr_mean: unit: kind is number"),
        ({"kind": '"bool"'}, "S01 hr_mean: unit: kind is bool"),
        ({"kind": '"colour"'}, "S01 hr_mean: kind: Invalid enum value"),
        ({"id": '"F01"'}, "F01 hr_mean: dimension: S is not that of the id"),
        ({"dimension": '"X"'}, "S01 hr_mean: dimension: Invalid enum value"),
        ({"id": '"S1"'}, "S1 hr_mean: id: 'S1' is no catalogue id"),
        ({"key": '"HR"'}, "S01 HR: key: not in small letters"),
        ({"definition": None}, "S01 hr_mean: definition: .*missing required field"),
        ({"definition": '"Rate"'}, "S01 hr_mean: definition: not a sentence"),
        ({"leads": '"Y"'}, "S01 hr_mean: leads: Invalid enum value"),
        ({"least_s": '"10"'}, "S01 hr_mean: least_s: Expected `int"),
        ({"scope": '["global"]'}, r"S01 hr_mean: scope\[0\]: Invalid enum value"),
        ({"scope": None}, "S01 hr_mean: scope: kind is number"),
        ({"status": None}, "S01 hr_mean: status: kind is number"),
        ({"low": "50"}, "S01 hr_mean: range_status: goes with a range"),
        ({"range_status": '"K"'}, "S01 hr_mean: range_status: goes with a range"),
        (
            {"low_men": "100", "high_men": "60", "range_status": '"K"'},
            "S01 hr_mean: high_men: is not above low_men",
        ),
        ({"loinc": '"8867"'}, "S01 hr_mean: loinc: no LOINC code"),
        ({"mdc": '"147842"'}, "S01 hr_mean: mdc: not partition:code"),
        ({"mdc_lead_base": '"x"'}, "S01 hr_mean: mdc_lead_base: not partition:code"),
    ],
)
def test_a_row_that_cannot_be_is_named_with_its_field(
    changes: dict[str, str | None], says: str
) -> None:
    with pytest.raises(CatalogueError, match=says):
        parse(GROUP + toml_of(**changes))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GROUP + toml_of() + toml_of(), "hr_mean: key: stands in 2 rows"),
        (GROUP + 'colour = "red"', "group Rate and cycle: colour: no such field"),
        ("[[group", "catalogue: "),
    ],
)
def test_a_registry_that_cannot_be_is_refused(text: str, says: str) -> None:
    with pytest.raises(CatalogueError, match=says):
        parse(text)


def test_nobody_pays_for_the_registry_before_asking() -> None:
    code = (
        "import sys, ecgcore\n"
        "assert 'ecgcore.catalogue' not in sys.modules\n"
        "import ecgcore.omics, ecgcore.reference\n"
        "from ecgcore.catalogue import catalogue\n"
        "assert catalogue.cache_info().currsize == 0\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
