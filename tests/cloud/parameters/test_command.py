"""`ecgomics parameters` as a user runs it, and `--params`."""

import json
from pathlib import Path

import pytest

from cloud.parameters.command import parameters
from cloud.parameters.read import preset_of
from ecgcore.errors import ConfigError
from ecgcore.extraction import ExtractionConfig
from ecgcore.parameters import PRESETS, preset


@pytest.mark.parametrize("name", [None, *PRESETS])
def test_what_is_printed_is_read_as_the_same(
    name: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters(name)
    path = tmp_path / "mine.toml"
    path.write_text(printed := capsys.readouterr().out)
    expected = ExtractionConfig() if name is None else preset(name).parameters
    assert preset_of(str(path)).parameters == expected
    assert f"# digest {expected.digest}" in printed
    # A comment says what a value is and may be.
    assert "An interval further than this share from its local median is not normal." in printed
    assert "[0 to 1]" in printed


def test_json_carries_the_digest(capsys: pytest.CaptureFixture[str]) -> None:
    parameters("patch", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["digest"] == preset("patch").parameters.digest
    assert told["parameters"]["average"]["least_correlation"] == 0.9


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    parameters(as_schema=True)
    assert "hrv" in json.loads(capsys.readouterr().out)["properties"]


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ward: neither a file nor one of patch"):
        preset_of("ward")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"bytes: .*utf-8"):
        preset_of(str(tmp_path / "bytes"))
