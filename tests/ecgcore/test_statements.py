"""Rules at their limits."""

import pytest

from ecgcore.compose import compose
from tests.ecgcore.reporting import given, window


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


def test_no_statement_names_a_rhythm() -> None:
    for hr in (30.0, 45.0, 120.0, 200.0):
        report = compose(given(window=window(hr=hr)))
        words = " ".join(s.text.en + s.text.zh for s in report.statements).lower()
        words += report.narrative.patient.en.lower() + report.narrative.patient.zh
        assert not any(w in words for w in ("sinus", "tachy", "brady", "窦", "心动过"))
