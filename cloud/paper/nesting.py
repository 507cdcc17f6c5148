"""Values of the registry's keys under the paper's four dimensions and ten sub-groups."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from ecgcore.catalogue import catalogue
from ecgcore.events import Dimension, NullReason

Plain: TypeAlias = float | str | list[float | None] | None
Nested: TypeAlias = dict[str, dict[str, dict[str, Plain]]]

TOP_KEYS = {
    Dimension.STRUCTURAL: "Structural_ECGomics",
    Dimension.INTENSITY: "Intensity_ECGomics",
    Dimension.FUNCTIONAL: "Functional_ECGomics",
    Dimension.COMPARATIVE: "Comparative_ECGomics",
}


class Valued(Protocol):
    """A value of a key, as the pipeline or a report has it."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> float | None: ...  # noqa: D102
    @property
    def text(self) -> str | None: ...  # noqa: D102
    @property
    def vector(self) -> Sequence[float | None] | None: ...  # noqa: D102
    @property
    def lead(self) -> str | None: ...  # noqa: D102
    @property
    def null_reason(self) -> NullReason | None: ...  # noqa: D102


def nested(values: Iterable[Valued]) -> Nested:
    """Put values where the paper has them; keys that it has no sub-group for are left out.

    A value of a lead among several has the lead behind its key, as ``r_amp_V5``.
    """
    found: Nested = {top: {} for top in TOP_KEYS.values()}
    for entry in catalogue().entries:
        if entry.paper_group is not None:
            found[TOP_KEYS[entry.dimension]].setdefault(entry.paper_group, {})
    given = list(values)
    has_several = len({each.lead for each in given if each.lead is not None}) > 1
    for each in given:
        place = catalogue().find(each.key)
        if place is None or place.paper_group is None:
            continue
        name = f"{each.key}_{each.lead}" if has_several and each.lead is not None else each.key
        found[TOP_KEYS[place.dimension]][place.paper_group].setdefault(name, _plain(each))
    return found


def _plain(each: Valued) -> Plain:
    if each.text is not None:
        return each.text
    if each.vector is None:
        return each.value
    return [at if at is not None and math.isfinite(at) else None for at in each.vector]


def null_reasons(values: Iterable[Valued]) -> dict[str, str]:
    """Say why values are absent, by key."""
    return {each.key: str(each.null_reason) for each in values if each.null_reason is not None}


def as_json(nested_values: Nested, **more: Any) -> dict[str, Any]:
    """Give the answer, with what is told beside the values."""
    return {**nested_values, "meta": more}
