"""The patches a gateway was given: the allow-list, a TOML file that people can read and edit.

::

    [patches.polar-h10-0A1B2C3D]
    serial = "0A1B2C3D"
    model = "H10"
    claimed = 2026-11-30T20:15:00Z

    [patches.open-patch-00C0FFEE]
    fs_hz = 500
    leads = ["I", "II", "V1"]

Nothing that is not in it is ever connected to.
"""

import os
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated

import tomlkit
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from devices.driver import Wish
from ecgcore.errors import ConfigError, TopicError
from ecgcore.types import Lead
from ecgcore.wire.topics import checked_name


def _leads(names: object) -> object:
    by_label = {lead.label: lead for lead in Lead}
    if not isinstance(names, list):
        return names
    unknown = [name for name in names if name not in by_label]
    if unknown:
        msg = f"lead {unknown[0]!r} is not one of {', '.join(by_label)}"
        raise ValueError(msg)
    return tuple(by_label[name] for name in names)


class KnownPatch(BaseModel):
    """One patch of the allow-list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    serial: str = ""
    """As the patch itself says; another one under this id is not taken. Empty: not checked."""
    model: str = ""
    claimed: datetime | None = None
    passkey: int | None = Field(default=None, ge=0, le=999_999)
    """From the patch's label, for pairing."""
    fs_hz: int | None = Field(default=None, ge=1, le=10_000)
    """Wanted rate, of a patch that leaves a choice."""
    leads: Annotated[tuple[Lead, ...], BeforeValidator(_leads)] = ()
    """Wanted leads; none: the patch's default."""

    @property
    def wish(self) -> Wish:
        """What to ask of the patch."""
        mask = sum(1 << lead for lead in self.leads)
        return Wish(self.fs_hz, mask or None)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    patches: dict[str, KnownPatch] = Field(default_factory=dict)


def read_patches(path: Path) -> dict[str, KnownPatch]:
    """Read the allow-list; no file is an empty one.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no TOML, or says what cannot be.
    """
    try:
        patches = _File.model_validate(tomllib.loads(path.read_text("utf-8"))).patches
        for device in patches:
            checked_name(device)
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"patches {path}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ConfigError(msg) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TopicError) as error:
        msg = f"patches {path}: {error}"
        raise ConfigError(msg) from error
    return patches


def add_patch(path: Path, device: str, patch: KnownPatch) -> None:
    """Put a patch into the allow-list, keeping everything else in the file as it is.

    Raises
    ------
    ConfigError
        If the file is damaged or cannot be written.
    """
    _edit(path, device, patch.model_dump(exclude_none=True, exclude_defaults=True))


def remove_patch(path: Path, device: str) -> None:
    """Take a patch out of the allow-list.

    Raises
    ------
    ConfigError
        If it is not there, or the file cannot be written.
    """
    if device not in read_patches(path):
        msg = f"patches {path}: there is no {device}"
        raise ConfigError(msg)
    _edit(path, device, None)


def _edit(path: Path, device: str, values: dict[str, object] | None) -> None:
    read_patches(path)
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        document = tomlkit.parse(text)
        patches = document.setdefault("patches", tomlkit.table(is_super_table=True))
        if values is None:
            del patches[device]
        else:
            patches.setdefault(device, tomlkit.table()).update(values)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.touch(0o600)
        draft.write_text(tomlkit.dumps(document), "utf-8")
        os.replace(draft, path)
    except OSError as error:
        msg = f"patches {path}: {error}"
        raise ConfigError(msg) from error
