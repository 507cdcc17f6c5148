from hypothesis import given
from hypothesis import strategies as st

from cloud.batch_size import BatchSize


def sizes(size: BatchSize, took_s: float, n_batches: int) -> list[int]:
    seen = []
    for _ in range(n_batches):
        size.took(size.frames, took_s)
        seen.append(size.frames)
    return seen


def test_batches_that_take_long_shrink_and_full_quick_ones_grow() -> None:
    size = BatchSize(512)
    assert sizes(size, 0.01, 4) == [128, 256, 512, 512]
    assert sizes(size, 0.2, 1) == [512]
    assert sizes(size, 2.0, 6) == [256, 128, 64, 32, 16, 16]


def test_a_batch_that_was_not_full_does_not_tell_that_more_would_do() -> None:
    size = BatchSize(512)
    size.took(3, 0.001)
    assert size.frames == 64


@given(st.integers(1, 1000), st.lists(st.floats(0, 9), max_size=40))
def test_it_stays_within_its_limits(most: int, took_s: list[float]) -> None:
    size = BatchSize(most)
    for each_s in took_s:
        size.took(size.frames, each_s)
        assert 1 <= size.frames <= most
