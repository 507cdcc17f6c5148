"""Beat-by-beat matching: laws, cases by hand, and agreement with another implementation."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.evaluation.matching import CLASSES, COLUMNS, Beats, confusion, match
from cloud.evaluation.tally import Tally

FS_HZ = 360.0
WINDOW = 54
times = st.lists(st.integers(0, 20_000), max_size=60, unique=True).map(sorted)


def beats_at(
    *samples: int, classes: str = "", unreadable: tuple[tuple[int, int], ...] = ()
) -> Beats:
    return Beats(np.array(samples, np.int64), classes or "N" * len(samples), unreadable)


@given(reference=times, test=times)
def test_each_beat_is_matched_at_most_once_in_order_and_within_the_window(
    reference: list[int], test: list[int]
) -> None:
    pairs = match(reference, test, WINDOW)
    for side in zip(*pairs, strict=True):
        assert list(side) == sorted(set(side))
    assert all(abs(reference[i] - test[j]) <= WINDOW for i, j in pairs)


@given(reference=times, test=times)
def test_swapping_the_lists_swaps_the_pairs(reference: list[int], test: list[int]) -> None:
    swapped = [(i, j) for j, i in match(test, reference, WINDOW)]
    assert match(reference, test, WINDOW) == swapped


# Nearer ones can leave each other alone in turn, as in ([0, 4], [3, 4]): only the last two pair up.
far_times = st.lists(st.integers(2 * WINDOW, 6 * WINDOW), max_size=40).map(
    lambda steps: list(itertools.accumulate(steps))
)


@given(reference=far_times, test=far_times)
def test_of_beats_far_enough_apart_no_two_are_left_over_in_one_window(
    reference: list[int], test: list[int]
) -> None:
    pairs = match(reference, test, WINDOW)
    missed = set(range(len(reference))) - {i for i, _ in pairs}
    extra = set(range(len(test))) - {j for _, j in pairs}
    for i, j in itertools.product(missed, extra):
        assert abs(reference[i] - test[j]) > WINDOW


@given(times, st.integers(-WINDOW, WINDOW))
def test_shifted_beats_that_lie_far_apart_are_all_found(samples: list[int], shift: int) -> None:
    far = [4 * WINDOW * n + sample % WINDOW for n, sample in enumerate(samples)]
    assert match(far, [sample + shift for sample in far], WINDOW) == [
        (n, n) for n in range(len(far))
    ]


@pytest.mark.parametrize(
    ("reference", "test", "pairs"),
    [
        ([], [100], []),
        ([100], [154], [(0, 0)]),
        ([100], [155], []),
        # Of two candidates the nearer one, before or after.
        ([100], [60, 110], [(0, 1)]),
        ([100, 150], [148], [(1, 0)]),
        # The nearer partner is taken even if the other beat is then left alone.
        ([0, 50], [45, 130], [(1, 0)]),
        ([0, 4], [3, 4], [(1, 1)]),
        # Equally near: the first.
        ([100], [90, 110], [(0, 0)]),
    ],
)
def test_cases_by_hand(reference: list[int], test: list[int], pairs: list[tuple[int, int]]) -> None:
    assert match(reference, test, WINDOW) == pairs


@given(seed=st.integers(0, 10_000))
def test_counts_agree_with_wfdb_on_hearts_that_beat(seed: int) -> None:
    """Its `compare_annotations` pairs by nearness; beats here are 0.4 s apart or more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from wfdb.processing import compare_annotations
    rng = np.random.default_rng(seed)
    reference = np.cumsum(rng.integers(145, 400, 80))
    kept = reference[rng.random(80) > 0.1]
    extra = rng.integers(0, reference[-1], 6)
    test = np.unique(np.concatenate((kept + rng.integers(-70, 71, kept.size), extra)))
    test = test[(test > 0) & (np.diff(test, prepend=-999) > 72)]
    # Its window ends before the width given; ours is the largest distance that is allowed.
    theirs = compare_annotations(reference, test, WINDOW + 1)
    ours = match(reference.tolist(), test.tolist(), WINDOW)
    assert (len(ours), len(reference) - len(ours), len(test) - len(ours)) == (
        theirs.tp,
        theirs.fn,
        theirs.fp,
    )


def test_every_beat_is_counted_once() -> None:
    reference = beats_at(100, 500, 900, 1300, 1700, classes="NVSFQ")
    test = beats_at(110, 480, 700, 1300, 1690, classes="NNVVS")
    found = confusion(reference, test, FS_HZ)
    cells = {(r, c): found.count(r, c) for r in COLUMNS for c in COLUMNS if found.count(r, c)}
    assert cells == {
        ("N", "N"): 1,
        ("V", "N"): 1,
        ("S", "O"): 1,
        ("F", "V"): 1,
        ("Q", "S"): 1,
        ("O", "V"): 1,
    }
    assert found.qrs == Tally(tp=4, fn=1, fp=1)
    # F taken for V and Q taken for S are no false alarms.
    assert found.veb == Tally(tp=0, fn=1, fp=1)
    assert found.sveb == Tally(tp=0, fn=1, fp=0)


def test_learning_counts_by_the_reference_beat() -> None:
    found = confusion(beats_at(995, 1405), beats_at(1005, 1395, 1700), FS_HZ, start=1000)
    # The first has its partner after the border: neither counts.
    assert found.qrs == Tally(tp=1, fn=0, fp=1)


def test_fibrillation_is_not_compared_and_shutdowns_have_their_own_cells() -> None:
    reference = beats_at(100, 1000, 3000, unreadable=((5000, 6000),))
    test = beats_at(500, 5500, classes="VN", unreadable=((900, 1100),))
    found = confusion(reference, test, FS_HZ, excluded=((400, 700), (2900, 3100)))
    assert found.count("N", "O") == 1
    assert found.count("N", "X") == 1
    assert found.count("X", "N") == 1
    assert found.qrs == Tally(tp=0, fn=2, fp=0)


@given(reference=times, test=times, seed=st.integers(0, 1000))
def test_counts_are_symmetric(reference: list[int], test: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)

    def labelled(samples: list[int]) -> Beats:
        return beats_at(*samples, classes="".join(rng.choice(list(CLASSES), len(samples))))

    a, b = labelled(reference), labelled(test)
    forth, back = confusion(a, b, FS_HZ), confusion(b, a, FS_HZ)
    assert np.array_equal(forth.counts, back.counts.T)
    assert forth.counts[:5].sum() == len(reference)
    assert forth.counts[:, :5].sum() == len(test)
