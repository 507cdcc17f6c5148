"""A machine that cannot run the guest is told why; that one which can does is `make qemu`."""

import os
import shutil
from pathlib import Path

import pytest

from tests.qemu.__main__ import main
from tests.qemu.packages import _PACKAGES, UnfitMachine, unpack_packages


def test_without_apt_it_says_so_and_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tests.qemu.__main__._FOLDER", tmp_path)
    assert main() == 2
    assert "cannot run here: there is no apt-get" in capsys.readouterr().err


def test_only_root_downloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: program)
    monkeypatch.setattr("tests.qemu.packages._run", lambda *command: "amd64\n")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UnfitMachine, match="run this as root"):
        unpack_packages(tmp_path)


def test_what_was_unpacked_is_not_downloaded_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "packages").write_text(" ".join(_PACKAGES))
    assert unpack_packages(tmp_path) == tmp_path / "root"
