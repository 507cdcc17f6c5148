"""Scenario files read, with errors that say which file, where in it, and why."""

import tomllib
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ecgcore.errors import ConfigError
from simulators.scenario.faults import KINDS
from simulators.scenario.schema import Scenario

SHIPPED = Path(__file__).parents[1] / "scenarios"
"""Where the scenarios lie that come with the product."""


def shipped_names() -> list[str]:
    """Give the names of the scenarios that come with the product."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def find_scenario(given: str) -> Path:
    """Give the path of a scenario file, or of a shipped scenario by its name.

    Raises
    ------
    ConfigError
        If there is neither.
    """
    path = Path(given)
    if path.is_file():
        return path
    if given.removesuffix(".toml") in shipped_names():
        return SHIPPED / f"{given.removesuffix('.toml')}.toml"
    msg = f"scenario {given}: no such file; shipped are {', '.join(shipped_names())}"
    raise ConfigError(msg)


def load_scenario(path: Path, seed: int | None = None) -> Scenario:
    """Read a scenario file.

    Parameters
    ----------
    seed : int or None
        Instead of the file's.

    Raises
    ------
    ConfigError
        If it cannot be read or is no scenario; the text names file, place and reason.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"scenario {path}: {error}"
        raise ConfigError(msg) from error
    return parse_scenario(text, str(path), seed)


def parse_scenario(text: str, name: str, seed: int | None = None) -> Scenario:
    """Read a scenario from its text; `name` stands in errors.

    Raises
    ------
    ConfigError
        If it is no scenario; the text names file, place and reason.
    """
    try:
        given = tomllib.loads(text)
        if seed is not None:
            given["seed"] = seed
        return Scenario.model_validate(given)
    except tomllib.TOMLDecodeError as error:
        msg = f"scenario {name}: {error}"
        raise ConfigError(msg) from error
    except ValidationError as error:
        msg = f"scenario {name}: {_told(error.errors()[0])}"
        raise ConfigError(msg) from error


def _told(error: ErrorDetails) -> str:
    place = _place(error["loc"])
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"] == "union_tag_invalid":
        context = error.get("ctx", {})
        reason = f"there is no {context.get('tag')!r}; possible are {context.get('expected_tags')}"
    elif error["type"] == "union_tag_not_found":
        reason = "says no kind"
    elif error["type"] == "extra_forbidden":
        reason = "not known here"
    elif error["type"] not in ("missing", "value_error"):
        reason = f"{reason}, not {error['input']!r}"
    return f"{place}: {reason}" if place else reason


def _place(location: tuple[int | str, ...]) -> str:
    """Write ``("fault", 2, "loss", "probability")`` as ``fault 3 (loss), probability``."""
    parts: list[str] = []
    for part in location:
        if isinstance(part, int) and parts:
            parts[-1] += f" {part + 1}"
        elif part in KINDS or (parts and parts[-1].startswith("rhythm ")):
            parts[-1] += f" ({part})" if "(" not in parts[-1] else f", {part}"
        else:
            parts.append(str(part))
    return ", ".join(parts)
