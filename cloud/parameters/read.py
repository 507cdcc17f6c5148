"""What `--params` names: a preset or a file."""

from pathlib import Path

from ecgcore.errors import ConfigError
from ecgcore.parameters import DEFAULT, PRESETS, Preset, parse, preset


def preset_of(name: str | None) -> Preset:
    """Give what a preset or a TOML file holds; the defaults for None.

    Raises
    ------
    ConfigError
        If it is neither, or holds what cannot be.
    """
    if name is None or name in PRESETS:
        return preset(name or DEFAULT)
    try:
        text = Path(name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        msg = f"--params {name}: neither a file nor one of {', '.join(PRESETS)}"
        raise ConfigError(msg) from error
    except (OSError, UnicodeDecodeError) as error:
        msg = f"--params {name}: {error}"
        raise ConfigError(msg) from error
    return parse(text, name)
