from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.driver import Wish
from ecgcore.errors import ConfigError
from ecgcore.types import Lead
from gateway.patches import KnownPatch, add_patch, read_patches, remove_patch

AT = datetime(2026, 11, 30, 20, 15, tzinfo=UTC)


def test_no_file_is_an_empty_list(tmp_path: Path) -> None:
    assert read_patches(tmp_path / "none.toml") == {}


def test_what_is_added_is_read_and_what_people_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "patches.toml"
    path.parent.mkdir()
    path.write_text("# ours\n[patches.open-patch-1]\nfs_hz = 500 # wish\nleads = ['I', 'aVR']\n")
    added = KnownPatch(serial="0A1B2C3D", model="H10", claimed=AT, passkey=42)
    add_patch(path, "polar-h10-0A1B2C3D", added)
    assert "# wish" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    known = read_patches(path)
    assert known["polar-h10-0A1B2C3D"] == added
    assert known["open-patch-1"].wish == Wish(500, 1 << Lead.I | 1 << Lead.AVR)
    remove_patch(path, "polar-h10-0A1B2C3D")
    assert list(read_patches(path)) == ["open-patch-1"]


def test_claiming_again_renews(tmp_path: Path) -> None:
    path = tmp_path / "patches.toml"
    for serial in ("A", "B"):
        add_patch(path, "x", KnownPatch(serial=serial, claimed=AT))
    assert read_patches(path)["x"].serial == "B"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("patches = 3", "patches"),
        ("[patches.x]\nfs_hz = 0", "patches.x.fs_hz"),
        ("[patches.x]\nleads = ['W9']", "lead 'W9' is not one of"),
        ("[patches.x]\ncolour = 1", "colour"),
        ("[patches.'a b']", "name 'a b'"),
        ("[patches", "patches"),
    ],
)
def test_a_bad_file_is_named_with_the_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "patches.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says) as error:
        read_patches(path)
    assert str(path) in str(error.value)
    with pytest.raises(ConfigError):
        add_patch(path, "x", KnownPatch())
    assert path.read_text() == text


def test_who_is_not_there_cannot_be_removed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no x"):
        remove_patch(tmp_path / "patches.toml", "x")
