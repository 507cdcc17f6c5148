"""Passwords of a data folder are made once and stay."""

from pathlib import Path

import pytest

from cloud.demo.plan import _secrets
from ecgcore.errors import ConfigError


def test_more_patients_change_no_password_there_is(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first, second = _secrets(path, 2), _secrets(path, 4)
    assert second.patients[:2] == first.patients
    assert (second.engine, second.clinician) == (first.engine, first.clinician)
    assert len({*second.patients, second.engine, second.server, second.gateway}) == 7
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secrets.json"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"secrets\.json"):
        _secrets(path, 1)
