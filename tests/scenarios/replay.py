"""Seeds: how many are tried, and how the one that failed is played again."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from simulators.scenario.plan import Plan


def seeds(n: int) -> list[int]:
    """Give the seeds to try: 0 to n-1, or the one of ECGOMICS_SEED."""
    given = os.environ.get("ECGOMICS_SEED")
    return [int(given)] if given else list(range(n))


@contextmanager
def shown(plan: Plan, test: str) -> Iterator[None]:
    """Show seed and plan, and how to play them again, when what is inside fails."""
    try:
        yield
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{error!r} at {where.filename}:{where.lineno}: {where.line}"
        again = f"play it again: ECGOMICS_SEED={plan.seed} pytest {test}"
        pytest.fail(f"{what}\n\n{plan}\n\n{again}")
