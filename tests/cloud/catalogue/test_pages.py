"""The pages of biomarkers are those of the registry."""

from pathlib import Path

import pytest

from cloud.catalogue.pages import pages_of
from ecgcore.catalogue import catalogue, parse

FOLDER = Path(__file__).parents[3] / "docs" / "biomarkers"
PAGES = pages_of(catalogue())

SMALL = """
[[group]]
dimension = "S"
title = "Rate"
note = "Of all of them."

[[group.biomarker]]
id = "S01"
key = "hr_mean"
definition = "Rate | of the heart."
unit = "/min"
scope = ["global/window", "lead/beat"]
leads = 1
low = 60
range_status = "V"
status = "K"
since = "0.1"
"""


def test_there_is_a_page_for_each_dimension_and_no_other() -> None:
    names = {"README.md", "structural.md", "intensity.md", "functional.md", "comparative.md"}
    assert set(PAGES) == names
    # What was compared with others is written by hand.
    by_hand = {"cross-checks.md", "cross-checks-hrv.md"}
    assert {path.name for path in FOLDER.iterdir()} == names | by_hand


@pytest.mark.parametrize("name", PAGES)
def test_the_page_in_the_repository_is_what_the_registry_gives(name: str) -> None:
    shown = (FOLDER / name).read_text("utf-8")
    assert shown == PAGES[name], "make it anew: ecgomics catalogue --pages docs/biomarkers"


def test_every_key_has_its_line() -> None:
    text = "".join(PAGES.values())
    for entry in catalogue().entries:
        assert f"| {entry.id} | `{entry.key}` | " in text


def test_a_row_in_full() -> None:
    page = pages_of(parse(SMALL))["structural.md"]
    line = (
        r"| S01 | `hr_mean` | Rate \| of the heart. | /min | global/window, lead/beat | 1 lead "
        "| at least 60 |  | K; range V | 0.1 |"
    )
    assert line in page.splitlines()
    assert "## Rate\n\nOf all of them.\n\n| id | key |" in page
    assert "1 ids with 1 keys" in pages_of(parse(SMALL))["README.md"]
