"""`ecgomics catalogue` as a person or a program asks it."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cloud.catalogue.command import catalogue
from cloud.catalogue.pages import pages_of
from ecgcore.catalogue import catalogue as read
from ecgcore.errors import ConfigError


def ran(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(catalogue)
    return CliRunner().invoke(app, [*arguments])


def rows(*arguments: str) -> list[dict[str, Any]]:
    result = ran(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["biomarkers"]
    return found


def keys(*arguments: str) -> list[str]:
    return [row["key"] for row in rows(*arguments)]


def test_all_rows_with_all_fields() -> None:
    found = rows()
    assert len(found) == len(read().entries)
    rate = found[0]
    assert (rate["key"], rate["unit"], rate["low"], rate["high"]) == ("hr_mean", "/min", 60, 100)
    assert (rate["scope"], rate["mdc"], rate["dimension"]) == (["global/window"], "2:16770", "S")
    assert set(found[0]) == set(found[-1])


def test_filters() -> None:
    assert keys("--id", "s09") == ["rr_min", "rr_max", "rr_range"]
    assert keys("--key", "rr_m*", "--measured") == ["rr_mean", "rr_median", "rr_min", "rr_max"]
    assert keys("--id", "C69", "--not-measured") == ["pred_lab_*"]
    assert {row["dimension"] for row in rows("--dimension", "Structural")} == {"S"}
    assert keys("--dimension", "c", "--leads", "3", "--id", "C22") == ["einthoven_resid"]
    assert {row["leads"] for row in rows("--leads", "1")} == {1}


def test_the_table_shows_what_a_person_asks_first() -> None:
    shown = ran("--key", "t_pca_ratio").stdout
    for cell in ("C24", "t_pca_ratio", "eigenvalue of T", "%", "8 leads, 10 s, 3 beats", "at most"):
        assert cell in shown
    # Brackets are units, not markup.
    assert "[ppm]" in ran("--key", "clock_ppm").stdout


def test_nothing_found_is_exit_code_1() -> None:
    result = ran("--id", "S99")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "no biomarker passes\n"
    result = ran("--id", "S99", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"biomarkers": []})


def test_a_dimension_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="--dimension: spatial is not one of structural, "):
        catalogue(dimension="spatial")


def test_pages_are_written_into_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "biomarkers"
    assert ran("--pages", str(folder)).exit_code == 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == pages_of(read())


def test_help_has_examples() -> None:
    shown = " ".join(ran("--help").stdout.split())
    assert "ecgomics catalogue --measured" in shown
