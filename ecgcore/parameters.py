"""One configuration of all that can be set, from a preset and TOML, held to its ranges.

A configuration is the tree of frozen dataclasses below `ExtractionConfig`; each value's type says
what range it may lie in (`ecgcore.limits`). Written as TOML, a table is a dataclass and what is not
written keeps the preset's value.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ecgcore.catalogue import catalogue
from ecgcore.errors import ConfigError
from ecgcore.extraction import ExtractionConfig
from ecgcore.hrv_config import Band

PRESETS = ("patch", "handheld", "diagnostic", "holter")
"""Names of the configurations that ship with the code."""
DEFAULT = "diagnostic"
"""The preset whose parameters are the defaults."""


@dataclass(frozen=True, slots=True)
class RecordingKind:
    """What a preset is made for."""

    leads: tuple[str, ...]
    fs_hz: float
    length_s: float


@dataclass(frozen=True, slots=True)
class Preset:
    """A configuration, and what it is for."""

    name: str
    """Or the file that changes one."""
    title: str
    recording: RecordingKind
    parameters: ExtractionConfig
    live_keys: tuple[str, ...]
    """Of the registry: what a live stream is measured for; all that is measured where the preset
    names nothing."""


@cache
def preset(name: str) -> Preset:
    """Give a configuration that ships with the code.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in PRESETS:
        msg = f"preset {name!r}: there are {', '.join(PRESETS)}"
        raise ConfigError(msg)
    text = files("ecgcore.presets").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    kind = told["recording"]
    return Preset(
        name=name,
        title=told["title"],
        recording=RecordingKind(tuple(kind["leads"]), kind["fs_hz"], kind["length_s"]),
        parameters=configured(told.get("parameters", {}), ExtractionConfig(), f"preset {name}"),
        live_keys=_keys_of(told.get("live", ())),
    )


def _keys_of(spans: Sequence[str]) -> tuple[str, ...]:
    """Give the measured keys of ids as S04 or spans of them as S01-S09; of all ids without any."""
    ids = {each for span in spans for each in _ids_of(span)}
    measured = catalogue().select(measured=True)
    return tuple(entry.key for entry in measured if not spans or entry.id in ids)


def _ids_of(span: str) -> Iterator[str]:
    first, _, last = span.partition("-")
    letter, digits = first[0], len(first) - 1
    for number in range(int(first[1:]), int((last or first)[1:]) + 1):
        yield f"{letter}{number:0{digits}d}"


def parse(text: str, where: str) -> Preset:
    """Read a configuration in TOML; its key ``preset`` names what it starts from, else `DEFAULT`.

    Parameters
    ----------
    where : str
        What the text is called in an error, as the path of a file.

    Raises
    ------
    ConfigError
        If it is no TOML, names a parameter that does not exist, or gives one a value it may not
        have; the text names the parameter, the value and what is allowed.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{where}: {error}"
        raise ConfigError(msg) from error
    return adapted(told, where)


def adapted(told: Mapping[str, Any], where: str) -> Preset:
    """Give the preset that `told` names, or `DEFAULT`, with the rest of it changed.

    Raises
    ------
    ConfigError
        As `parse`.
    """
    rest = dict(told)
    name = rest.pop("preset", DEFAULT)
    if not isinstance(name, str):
        msg = f"{where}: preset is {name!r}, not a name"
        raise ConfigError(msg)
    base = preset(name)
    return replace(base, name=where, parameters=configured(rest, base.parameters, where))


def configured(told: Mapping[str, Any], base: ExtractionConfig, where: str) -> ExtractionConfig:
    """Give `base` with some of its values changed.

    Raises
    ------
    ConfigError
        As `parse`.
    """
    try:
        # Everything at once, so that every value is checked as its class says; then only what was
        # told is taken over, and the rest stays the base's.
        (checked,) = _adapter().validate_python((told,))
    except ValidationError as error:
        msg = "; ".join(f"{where}: {_said(each)}" for each in error.errors())
        raise ConfigError(msg) from error
    found: ExtractionConfig = _laid_over(base, told, checked)
    _check_bands(found, where)
    return found


def plain(config: Any) -> Any:
    """Give a configuration as plain tables, lists and values, as TOML and JSON hold them."""
    if is_dataclass(config):
        given = {each.name: plain(getattr(config, each.name)) for each in fields(config)}
        # TOML has no null: what is not set is not written.
        return {name: value for name, value in given.items() if value is not None}
    if isinstance(config, tuple):
        return [plain(each) for each in config]
    return getattr(config, "value", config)


def schema() -> dict[str, Any]:
    """Give the JSON Schema of a configuration: every parameter, its default, range and meaning."""
    whole = _adapter().json_schema()
    return {**whole["$defs"].pop("ExtractionConfig"), "$defs": whole["$defs"]}


@cache
def _adapter() -> TypeAdapter[tuple[ExtractionConfig]]:
    # Inside a tuple, because only so does the setting reach plain dataclasses at every depth.
    config = ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
    return TypeAdapter(tuple[ExtractionConfig], config=config)


def _laid_over(base: Any, told: Mapping[str, Any], checked: Any) -> Any:
    changed = {}
    for name, value in told.items():
        new = getattr(checked, name)
        is_table = is_dataclass(new) and isinstance(value, Mapping)
        changed[name] = _laid_over(getattr(base, name), value, new) if is_table else new
    return replace(base, **changed)


def _said(error: ErrorDetails) -> str:
    """Put an error into words: which parameter, what it was given, what is allowed."""
    name = ".".join(str(each) for each in error["loc"][1:]) or "configuration"
    if error["type"] == "unexpected_keyword_argument":
        return f"{name}: there is no such parameter"
    message = error["msg"].removeprefix("Input ")
    return f"{name} = {error['input']!r}: {message}{_range_of(name)}"


def _range_of(name: str) -> str:
    """Give the whole range of a parameter, where it has one."""
    whole = schema()
    node: Any = whole
    for part in name.split("."):
        if "$ref" in node:
            node = whole["$defs"][node["$ref"].rsplit("/", 1)[1]]
        inside = node.get("properties", {}).get(part)
        items = node.get("prefixItems", ())
        node = inside if inside is not None else dict(enumerate(items)).get(_index(part), {})
    options = [node, *node.get("anyOf", ())]
    limits = next((each for each in options if "minimum" in each and "maximum" in each), None)
    if limits is None:
        return ""
    return f" (allowed: {limits['minimum']:g} to {limits['maximum']:g})"


def _index(part: str) -> int:
    return int(part) if part.isdecimal() else -1


def _check_bands(config: Any, where: str, path: str = "") -> None:
    """Refuse bands that end before they begin, wherever they stand."""
    for each in fields(config):
        name, value = f"{path}{each.name}", getattr(config, each.name)
        if is_dataclass(value):
            _check_bands(value, where, f"{name}.")
        elif isinstance(value, Band) and not value.low_hz < value.high_hz:
            msg = f"{where}: {name} = {list(value)}: a band begins below its end"
            raise ConfigError(msg)
