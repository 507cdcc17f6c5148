"""The words: plain, rounded, in both languages, never more than the numbers say."""

import re

import pytest

from ecgcore.compose import compose
from ecgcore.narrative import Facts, narrate
from ecgcore.report import Narrative
from ecgcore.stored import StoredBeat
from tests.ecgcore.reporting import START_NS, given, window


def narrative(**which: float | None) -> Narrative:
    return compose(given(window=window(**which))).narrative  # type: ignore[arg-type]


def test_a_good_minute() -> None:
    words = narrative(hr=72.4)
    assert words.headline.en == "Heart rate 72/min"
    assert words.patient.en == (
        "Your heart beat 72 times a minute. The signal was clear. "
        "Talk to your doctor if you feel unwell; "
        "seek help now if you have chest pain, faint or struggle for breath. "
        "This report was made automatically, is unconfirmed and is not a diagnosis."
    )
    assert words.patient.zh.startswith("您的心脏每分钟跳动 72 次。信号清晰。")


def test_a_fast_minute_names_the_doctor() -> None:
    text = narrative(hr=131.6).patient.en
    assert "132 times a minute, which is faster than usual at rest." in text
    assert "Talk to your doctor" in text
    assert "unusual for you" in text


def test_no_rate_is_never_zero() -> None:
    words = narrative(sqi=0.3, hr=None)
    assert words.headline.en == "Heart rate not measurable"
    assert not re.search(r"\b0\b", words.patient.en)
    assert "too disturbed" in words.patient.en


def test_missing_seconds_are_named() -> None:
    assert "15 s of the signal are missing." in narrative(coverage=0.75).patient.en


@pytest.mark.parametrize("sqi", [0.1, 0.6, 0.9])
@pytest.mark.parametrize("hr", [None, 40.0, 72.0, 140.0])
@pytest.mark.parametrize("coverage", [0.5, 1.0])
def test_three_to_five_sentences_in_each_language(
    sqi: float, hr: float | None, coverage: float
) -> None:
    text = narrative(sqi=sqi, hr=hr, coverage=coverage).patient
    assert 3 <= len(re.findall(r"[.](?: |$)", text.en)) <= 5
    assert 3 <= text.zh.count("。") <= 5


def test_the_clinician_reads_statements_with_evidence_then_numbers() -> None:
    lines = narrative(hr=131.6).clinician.en.splitlines()
    assert lines[0] == "Heart rate high (definite; hr_mean 132, limit 100)."
    assert lines[1] == "HR 132 /min (n=71)."
    assert lines[2].startswith("SQI 0.95, 100.0 % of the signal present.")


def test_a_long_interval_is_written_out() -> None:
    beat = StoredBeat(sample=2600, utc_ns=START_NS + 20 * 10**9, amplitude_mv=1, rr_ms=12_340)
    text = compose(given(beats=(beat,))).narrative.clinician
    assert "rr_longest 12340, limit 3000" in text.en
    assert "rr_longest 12340, limit 3000" in text.zh


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["sinus_rhythm"], "No rhythm disturbance was recognised."),
        (
            ["pvc", "sinus_rhythm"],
            "Single extra beats were seen, and no other rhythm disturbance was recognised.",
        ),
        (["sinus_rhythm", "long_qt"], "One more finding is listed for your doctor to look at."),
        (["lbbb", "sinus_rhythm", "lvh"], "2 more findings are listed for your doctor to look at."),
    ],
)
def test_what_else_was_found_is_not_passed_over(ids: list[str], said: str) -> None:
    report = compose(given(window=window(hr=131.6)))
    statements = [report.statements[0].model_copy(update={"id": id_}) for id_ in ids]
    leads = report.device.leads
    facts = Facts(report.recording, 0.95, report.measurements, statements, leads)
    assert said in narrate(facts).patient.en
    harmless = [each for each in statements if each.id == "sinus_rhythm"]
    alone = Facts(report.recording, 0.95, report.measurements, harmless, leads)
    assert (said in narrate(alone).patient.en) == (len(ids) == 1)


def test_it_says_what_it_is_not() -> None:
    said = compose(given()).disclaimers[0]
    assert said.en == "Automatic, unconfirmed, not a diagnosis."
    assert said.zh
