"""Runs of ectopic beats, by hand."""

import numpy as np
import pytest

from cloud.evaluation.matching import Beats
from cloud.evaluation.runs import run_tallies
from cloud.evaluation.tally import Tally

FS_HZ = 360.0


def beats(classes: str) -> Beats:
    return Beats(np.arange(1, len(classes) + 1) * 300, classes)


@pytest.mark.parametrize(
    ("reference", "test", "sensitivity", "ppv"),
    [
        # couplets, short runs, long runs; (tp, fn) and (tp, fp)
        ("NVVN", "NVVN", [(1, 0), (0, 0), (0, 0)], [(1, 0), (0, 0), (0, 0)]),
        ("NVVN", "NVNN", [(0, 1), (0, 0), (0, 0)], [(0, 0), (0, 0), (0, 0)]),
        # More than was there still finds it, and is a run of its own kind that is not there.
        ("NVVNN", "NVVVN", [(1, 0), (0, 0), (0, 0)], [(0, 0), (0, 1), (0, 0)]),
        # A beat in the middle missed leaves a couplet that is there, in a short run that is not.
        ("NVVVVN", "NVVNVN", [(0, 0), (0, 1), (0, 0)], [(1, 0), (0, 0), (0, 0)]),
        ("NVVVVVVN", "NVVVVVVN", [(0, 0), (0, 0), (1, 0)], [(0, 0), (0, 0), (1, 0)]),
        ("NVNVN", "NVNVN", [(0, 0), (0, 0), (0, 0)], [(0, 0), (0, 0), (0, 0)]),
    ],
)
def test_runs_by_hand(
    reference: str,
    test: str,
    sensitivity: list[tuple[int, int]],
    ppv: list[tuple[int, int]],
) -> None:
    found = run_tallies(beats(reference), beats(test), "V", FS_HZ)
    assert [(t.tp, t.fn) for t in found.by_kind] == sensitivity
    assert [(t.tp, t.fp) for t in found.found] == ppv


def test_runs_in_the_learning_period_or_in_fibrillation_do_not_count() -> None:
    both = beats("NVVNNVVN")
    found = run_tallies(both, both, "V", FS_HZ, start=700)
    assert found.by_kind[0] == Tally(tp=1)
    found = run_tallies(both, both, "V", FS_HZ, excluded=((0, 700),))
    assert found.by_kind[0] == Tally(tp=1)
