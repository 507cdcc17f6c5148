"""Statements of rules and of a model side by side, and whether they agree."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from ecgcore.report import Statement
from ecgcore.vocabulary import vocabulary


class Agreement(StrEnum):
    """Who states a finding."""

    BOTH = "both"
    RULE = "rule"
    """The rules alone, though the model could."""
    MODEL = "model"
    """The model alone."""
    UNASKED = "unasked"
    """The rules; the model has no such class."""


@dataclass(frozen=True, slots=True)
class Beside:
    """One finding, as rules and model state it; None where one does not."""

    id: str
    rule: Statement | None
    model: Statement | None
    agreement: Agreement


def beside(
    by_rules: Iterable[Statement], by_model: Iterable[Statement], classes: Collection[str]
) -> tuple[Beside, ...]:
    """Put statements side by side, most serious first.

    Parameters
    ----------
    classes : Collection[str]
        Ids that the model can state.

    Raises
    ------
    ValueError
        If the model states what is not among its classes or not in the vocabulary.
    """
    ruled, modelled = ({each.id: each for each in given} for given in (by_rules, by_model))
    if unknown := modelled.keys() - (set(classes) & vocabulary().terms.keys()):
        msg = f"the model has no class {min(unknown)}, or the vocabulary no statement of it"
        raise ValueError(msg)
    ids = [id_ for id_ in vocabulary().terms if id_ in ruled or id_ in modelled]
    return tuple(
        Beside(id_, ruled.get(id_), modelled.get(id_), _agreement(id_, ruled, modelled, classes))
        for id_ in ids
    )


def _agreement(
    id_: str, ruled: Collection[str], modelled: Collection[str], classes: Collection[str]
) -> Agreement:
    if id_ in modelled:
        return Agreement.BOTH if id_ in ruled else Agreement.MODEL
    return Agreement.RULE if id_ in classes else Agreement.UNASKED
