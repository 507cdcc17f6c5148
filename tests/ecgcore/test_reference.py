"""Ranges and codes of reports come from the registry."""

import pytest

from ecgcore.reference import Reference, reference_of


@pytest.mark.parametrize(
    ("key", "reference"),
    [
        ("hr_mean", Reference(60, 100, "S01 adult rest", "8867-4", 147842)),
        ("rr_longest", Reference(None, 2000, "S11 adult rest")),
        ("pr_int", Reference(120, 200, "S16 adult", "8625-6", 146944)),
        ("sdnn", Reference(loinc="80404-7")),
        ("rr_median", Reference()),
        # Its limits are those of men and of women; a report does not know which.
        ("qtc_fridericia", Reference(mdc=146964)),
        ("of_a_later_version", Reference()),
    ],
)
def test_a_report_takes_what_holds_for_everybody(key: str, reference: Reference) -> None:
    assert reference_of(key) == reference
