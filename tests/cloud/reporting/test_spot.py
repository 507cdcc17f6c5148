"""The report of a recording: its leads, its numbers, its words, and the command that makes it."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cloud.paper.nesting import nested
from cloud.reporting.command import report
from cloud.reporting.fhir.terms import value_of
from cloud.reporting.text_kinds import text_of
from ecgcore.errors import ConfigError
from ecgcore.events import Dimension, Measurement, NullReason
from ecgcore.report import Flag, Report
from ecgcore.report_values import report_measurement
from ecgcore.rounding import shown, value_shown, with_unit
from tests.cloud.evaluation.archives import heart, write_record
from tests.cloud.reporting.recordings import TWELVE, spot

_app = typer.Typer()
_app.command()(report)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(_app, list(arguments))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    ecg_mv, _ = heart(12.0)
    write_record(folder, "900", [ecg_mv, 0.5 * ecg_mv], ["II", "V1"])
    return folder / "900"


def test_twelve_leads_have_axes_strips_and_a_beat_of_each() -> None:
    found = spot()
    axis = found.value_of("qrs_axis")
    # The same heart 0.6 high in I and 0.7 in aVF: atan2(0.7, 0.6) but for Einthoven's angles.
    assert axis == pytest.approx(53.4, abs=1.0)
    assert tuple(s.lead for s in found.strips if s.id.startswith("main")) == TWELVE
    assert found.beat is not None
    assert found.beat.leads == TWELVE
    assert found.beat.r == max(
        range(len(found.beat.ecg_uv[1])), key=found.beat.ecg_uv[1].__getitem__
    )
    assert found.beat.fiducials["qrs_on"] < found.beat.fiducials["r"]
    assert found.person.age_years == 51


def test_a_value_of_a_lead_has_the_lead_and_no_code_of_all_leads() -> None:
    found = spot()
    st = {m.lead: m for m in found.measurements if m.key == "st_j60"}
    assert set(st) == set(TWELVE)
    assert all(m.codes is None for m in found.measurements if m.lead is not None)
    [rate] = [m for m in found.measurements if m.key == "hr_mean"]
    assert (rate.lead, rate.codes and rate.codes.loinc) == (None, "8867-4")


def test_ranges_follow_the_sex() -> None:
    [qtc] = [m for m in spot().measurements if m.key == "qtc_fridericia"]
    assert (qtc.ref_high, qtc.flag) == (460, Flag.NORMAL)


def test_each_dimension_has_three_to_five_values() -> None:
    for found in (spot(), spot(("CHEST",))):
        assert [each.dim for each in found.dimensions] == list(Dimension)
        assert all(3 <= len(each.values) <= 5 for each in found.dimensions)
    leads = {m.key: m.lead for each in spot().dimensions for m in each.values}
    assert (leads["qrs_dur"], leads["r_amp"]) == (None, "II")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("CHEST",), "From a single patch lead; not a medical device."),
        (("I",), "From a single lead; a 12-lead ECG shows more. Not a medical device."),
        (("I", "II"), "From fewer leads than a 12-lead ECG has. Not a medical device."),
        (TWELVE, "Not a medical device."),
    ],
)
def test_what_a_report_is_not_depends_on_its_leads(names: tuple[str, ...], said: str) -> None:
    assert spot(names).disclaimers[1].en == said


def test_text_has_a_table_of_leads_only_for_many_leads() -> None:
    assert "J+60 µV" in text_of(spot(), "en")
    assert "J+60 µV" not in text_of(spot(("I", "II")), "en")
    assert "2026-03-01 09:30:00 UTC" in text_of(spot(), "en")
    assert "time not known" in text_of(spot(("I",), 10.0, timed=False), "en")
    assert "时间未知" in text_of(spot(("I",), 10.0, timed=False), "zh")
    assert "女, 51 岁" in text_of(spot(), "zh")


def test_an_absent_value_says_why_in_both_languages() -> None:
    lines = text_of(spot(("CHEST",)), "en").splitlines()
    assert "QRS axis: – (lead missing)" in lines
    assert "QRS电轴: – (缺少导联)" in text_of(spot(("CHEST",)), "zh").splitlines()


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (71.6, "/min", "72 /min"),
        (161.49, "ms", "161 ms"),
        (-104.9, "uV", "-100 µV"),
        (4.0, "uV", "0 µV"),
        (-0.4, "deg", "0°"),
        (0.04, "%", "< 0.1 %"),
        (0.0, "%", "0.0 %"),
        (12.345, "%", "12.3 %"),
        (1.256, "mV", "1.26 mV"),
        (0.21649, "1", "0.216"),
    ],
)
def test_numbers_are_rounded_for_people(value: float, unit: str, said: str) -> None:
    assert with_unit(value, unit) == said
    assert said.startswith(shown(value, unit))


def test_the_command_writes_json_and_text(record: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    assert run(str(record), "--format", "json", "--out", str(out), "--age", "70").exit_code == 0
    found = Report.model_validate(json.loads(out.read_text()))
    assert found.device.leads == ("II", "V1")
    assert found.person.age_years == 70
    assert all(
        (m.value is None) == (m.null_reason is not None)
        for m in found.measurements
        if m.text is None and m.vector is None
    )
    printed = run(str(record), "--lang", "zh").stdout
    assert "心电图报告" in printed


def test_a_flat_line_gives_no_numbers(tmp_path: Path) -> None:
    ecg_mv, _ = heart(12.0)
    write_record(tmp_path, "901", [0.0 * ecg_mv], ["II"])
    found = Report.model_validate_json(run(str(tmp_path / "901"), "--format", "json").stdout)
    [rate] = [m for m in found.measurements if m.key == "hr_mean"]
    assert (rate.value, rate.null_reason) == (None, NullReason.LOW_SQI)
    assert found.statements[0].id == "uninterpretable"
    assert found.beat is None


def test_misuse_is_named(record: Path, tmp_path: Path) -> None:
    write_record(record.parent, "902", [heart(12.0)[0]], ["II"])
    with pytest.raises(ConfigError, match="2 recordings in it; a report is of one"):
        _raised(str(record.parent))
    with pytest.raises(ConfigError, match="nowhere: neither a folder nor a record"):
        _raised(str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="x: No such file"):
        _raised(str(record), "--out", str(tmp_path / "no" / "x"))


def _raised(*arguments: str) -> None:
    error = run(*arguments).exception
    assert error is not None
    raise error


def test_classes_and_vectors_are_carried_and_a_missing_number_is_null() -> None:
    times = (1.0, float("nan"), 30.0)
    vector = Measurement("wave_times", None, "ms", Dimension.STRUCTURAL, 3, vector=times)
    klass = Measurement("t_form", None, "1", Dimension.STRUCTURAL, 3, lead="II", text="inverted")
    carried = report_measurement(vector, None)
    assert carried.vector == (1.0, None, 30.0)
    assert value_shown(carried) == "1 – 30"
    assert value_of(carried) == {"valueString": "1 - 30"}
    assert value_of(report_measurement(klass, None)) == {"valueString": "inverted"}
    inside = nested([vector, klass])["Structural_ECGomics"]["wavefrom_related"]
    assert inside == {"wave_times": [1.0, None, 30.0], "t_form": "inverted"}


def test_the_model_stands_beside_the_rules_in_a_short_report() -> None:
    found = spot(("I",), 20.0)
    words = ("normal", "afib", "other", "noise")
    chances = [found.value_of(f"class_prob_{word}") for word in words]
    assert sum(each or 0.0 for each in chances) == pytest.approx(1.0)
    (agreement,) = [each for each in found.measurements if each.key == "rule_vs_model"]
    assert agreement.text in ("agree", "disagree")
    en, zh = found.narrative.clinician.en, found.narrative.clinician.zh
    assert f"{agreement.text}s with the rules" in en
    assert "学习模型：正常" in zh
