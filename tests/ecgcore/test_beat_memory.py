"""What is remembered of shapes, over scores made up."""

import pytest

from ecgcore.beat_memory import likeliest, no_memory, weigh

SURE_N, SURE_V, UNSURE = (5.0, 0.0, 0.0, 0.0), (0.0, 0.0, 5.0, 0.0), (1.0, 0.0, 0.5, -2.0)
N, V = 0, 2


def test_without_a_past_the_scores_tell() -> None:
    for scores in (SURE_N, SURE_V, UNSURE):
        assert weigh(no_memory(), 3, scores) == pytest.approx(likeliest(scores))


@pytest.mark.parametrize(("past", "expected"), [(SURE_V, V), (SURE_N, N)])
def test_an_unsure_beat_is_what_its_like_were(
    past: tuple[float, float, float, float], expected: int
) -> None:
    memory = no_memory()
    for _ in range(10):
        weigh(memory, 3, past)
    assert weigh(memory, 3, UNSURE)[0] == expected
    assert weigh(memory, 4, UNSURE) == pytest.approx(likeliest(UNSURE))


def test_a_sure_beat_is_not_outvoted() -> None:
    memory = no_memory()
    for _ in range(1000):
        weigh(memory, 3, SURE_V)
    assert weigh(memory, 3, SURE_N)[0] == N


def test_what_memory_said_is_not_remembered() -> None:
    memory = no_memory()
    for _ in range(5):
        weigh(memory, 3, SURE_V)
    before = memory[0].copy()
    assert weigh(memory, 3, UNSURE)[0] == V
    gained = memory[0, 1:] - 0.998 * before[1:]
    assert gained[N] > gained[V]
    assert gained.sum() == pytest.approx(1.0)


def test_shapes_of_few_beats_make_room() -> None:
    memory = no_memory()
    for shape_id in range(100):
        weigh(memory, shape_id, SURE_V)
        weigh(memory, 1000, SURE_N)
    assert memory.shape[0] == len(set(memory[:, 0]))
    assert memory[memory[:, 0] == 1000.0, 1].item() > 50.0
