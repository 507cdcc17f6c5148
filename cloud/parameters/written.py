"""A configuration as TOML with a comment at every value: what it is and what it may be."""

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.items import Table

from ecgcore.extraction import ExtractionConfig
from ecgcore.parameters import plain, schema


def toml_of(config: ExtractionConfig) -> str:
    """Write a configuration out whole; `ecgcore.parameters.parse` reads the same from it."""
    document, whole = tomlkit.document(), schema()
    document.add(tomlkit.comment(f"digest {config.digest}"))
    _fill(document, plain(config), whole, whole["$defs"])
    return tomlkit.dumps(document)


def _fill(
    table: tomlkit.TOMLDocument | Table,
    values: Mapping[str, Any],
    node: Mapping[str, Any],
    defs: Mapping[str, Any],
) -> None:
    # Values before tables, or they would belong to the table before them.
    for name, value in sorted(values.items(), key=lambda item: isinstance(item[1], dict)):
        told = node["properties"][name]
        if isinstance(value, dict):
            inner = tomlkit.table()
            _fill(inner, value, _resolved(told, defs), defs)
            table.add(name, inner)
            continue
        about = _about(told, defs)
        if about:
            table.add(tomlkit.comment(about))
        table.add(name, value)


def _resolved(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    return defs[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node


def _about(told: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    words = " ".join(told.get("description", "").split())
    allowed = _allowed(told, defs)
    return f"{words} [{allowed}]".strip() if allowed else words


def _allowed(told: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    for each in (_resolved(told, defs), *told.get("anyOf", ()), *told.get("prefixItems", ())[:1]):
        if "minimum" in each and "maximum" in each:
            return f"{each['minimum']:g} to {each['maximum']:g}"
        if "enum" in each:
            return ", ".join(map(str, each["enum"]))
    return ""
