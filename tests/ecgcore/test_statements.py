"""Rules at their limits."""

import pytest

from ecgcore.compose import compose
from ecgcore.events import RhythmLabel
from ecgcore.report import Certainty
from ecgcore.statements import RHYTHM_IDS
from ecgcore.stored import StoredRhythm
from tests.ecgcore.reporting import END, START, given, time_ns, window


@pytest.mark.parametrize(
    ("sqi", "coverage", "hr", "ids", "codes"),
    [
        (0.49, 1.0, 120.0, ["uninterpretable"], [4]),
        (0.5, 1.0, 120.0, ["poor_quality"], [15]),
        (0.69, 1.0, 120.0, ["poor_quality"], [15]),
        (0.7, 1.0, 120.0, ["rate_high"], [None]),
        (0.7, 0.79, 120.0, ["rate_high", "incomplete"], [None, None]),
        (0.9, 1.0, 100.0, [], []),
        (0.9, 1.0, 50.0, [], []),
        (0.9, 1.0, 49.9, ["rate_low"], [None]),
        (0.9, 1.0, None, [], []),
    ],
)
def test_statements(
    sqi: float, coverage: float, hr: float | None, ids: list[str], codes: list[int | None]
) -> None:
    report = compose(given(window=window(sqi=sqi, coverage=coverage, hr=hr)))
    assert [s.id for s in report.statements] == ids
    assert [s.aha_code for s in report.statements] == codes


def test_a_rate_alone_names_no_rhythm() -> None:
    for hr in (30.0, 45.0, 120.0, 200.0):
        report = compose(given(window=window(hr=hr)))
        words = " ".join(s.text.en + s.text.zh for s in report.statements).lower()
        words += report.narrative.patient.en.lower() + report.narrative.patient.zh
        assert not any(w in words for w in ("sinus", "tachy", "brady", "窦", "心动过"))


def test_every_rhythm_has_its_words_but_those_the_quality_says() -> None:
    unsaid = {RhythmLabel.NOISE, RhythmLabel.LEAD_OFF}
    assert {str(label) for label in RhythmLabel} - {str(label) for label in unsaid} == RHYTHM_IDS


def test_rhythms_are_said_most_serious_first_with_the_strip_behind_them() -> None:
    pause = StoredRhythm(RhythmLabel.PAUSE, START + 2000, START + 2450, 0.9)
    sinus = StoredRhythm(RhythmLabel.SINUS_RHYTHM, START, END, 0.75)
    couplets = [
        StoredRhythm(RhythmLabel.COUPLET, START + at, START + at + 65, 0.65) for at in (4000, 5000)
    ]
    report = compose(given(rhythms=(sinus, pause, *couplets)))
    said = {s.id: s for s in report.statements}
    assert list(said) == ["pause", "couplet", "sinus_rhythm"]
    assert [s.aha_code for s in report.statements] == [None, 60, 20]
    assert [s.certainty for s in report.statements] == [
        Certainty.PROBABLE,
        Certainty.CONSIDER,
        Certainty.POSSIBLE,
    ]
    assert said["couplet"].text.en == "Ventricular couplet, 2 times, 1.0 s in all"
    assert said["pause"].start_ns == time_ns(START + 2000)
    shown = {strip.id: strip for strip in report.strips}
    strip = shown[said["pause"].strip_ids[0]]
    assert (
        strip.first_counter <= pause.start < pause.end <= strip.first_counter + len(strip.samples)
    )
    assert said["sinus_rhythm"].strip_ids == (report.strips[0].id,)


def test_a_bad_signal_has_no_rhythm() -> None:
    sinus = StoredRhythm(RhythmLabel.SINUS_RHYTHM, START, END, 0.9)
    report = compose(given(window=window(sqi=0.6), rhythms=(sinus,)))
    assert [s.id for s in report.statements] == ["poor_quality"]
