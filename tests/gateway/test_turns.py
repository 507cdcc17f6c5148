import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.turns import Turns, TurnsConfig
from tests.gateway.patches import NS, UTC_NS

BITALINO = TurnsConfig(16, 1e7)
GANGLION = TurnsConfig(201, 5e6)


@dataclass
class Stream:
    config: TurnsConfig
    n_samples: tuple[int, ...]
    """In each notification, over and over."""
    delays_ms: list[int] = field(default_factory=lambda: [10, 30, 0, 20])
    ppm: float = 0.0
    counter: int = 0

    def __post_init__(self) -> None:
        self.turns = Turns(self.config)
        self._sizes = itertools.cycle(self.n_samples)
        self._delays_ms = itertools.cycle(self.delays_ms)
        self.arrival_ns = UTC_NS

    def next(self, n_lost: int = 0, extra_ms: int = 0) -> int:
        """Give what is found missing before the next notification."""
        n_samples = next(self._sizes)
        before = self.counter
        self.counter += n_lost + n_samples
        taken_ns = self.counter * self.config.period_ns * (1 + self.ppm * 1e-6)
        late_ns = (next(self._delays_ms) + extra_ms) * 1_000_000
        self.arrival_ns = max(self.arrival_ns, UTC_NS + round(taken_ns) + late_ns)
        residue = n_lost % self.config.modulus
        return self.turns.place(before, residue, n_samples, self.arrival_ns)


def bitalino(**config: object) -> Stream:
    return Stream(BITALINO, (7, 6, 7), **config)


def ganglion(**config: object) -> Stream:
    return Stream(GANGLION, (2,), **config)


def run(stream: Stream, n: int = 40) -> Stream:
    for _ in range(n):
        assert stream.next() == 0
    return stream


@given(ppm=st.floats(-200, 200), losses=st.lists(st.integers(0, 90), max_size=20))
def test_a_bitalinos_losses_are_exact_while_delays_are_short(ppm: float, losses: list[int]) -> None:
    stream = run(bitalino(ppm=ppm))
    for n_lost in losses:
        if n_lost % 16 == 0:
            continue
        assert stream.next(n_lost) == n_lost
        run(stream, 3)


@given(ppm=st.floats(-200, 200), losses=st.lists(st.integers(0, 1800), max_size=10))
def test_a_ganglions_losses_are_exact_whatever_is_lost(ppm: float, losses: list[int]) -> None:
    stream = run(ganglion(ppm=ppm, delays_ms=[0, 120, 60, 180, 20]))
    for n_lost in losses:
        if n_lost % 201 == 0 and n_lost < 402:
            continue
        assert stream.next(n_lost) == n_lost
        run(stream, 60)


@given(delays_ms=st.lists(st.integers(0, 200), min_size=1, max_size=30))
def test_jitter_is_no_loss(delays_ms: list[int]) -> None:
    run(bitalino(delays_ms=delays_ms), 200)
    run(ganglion(delays_ms=delays_ms), 200)


@given(late_ms=st.integers(0, 700))
def test_one_that_is_late_is_no_loss(late_ms: int) -> None:
    stream = run(bitalino())
    assert stream.next(extra_ms=late_ms) == 0
    ganglions = run(ganglion())
    assert ganglions.next(n_lost=40, extra_ms=late_ms) == 40
    # What was held back comes at once behind it.
    run(stream, 40)


@given(silence_s=st.floats(1.3, 9))
def test_a_silence_of_a_second_is_counted_even_between_long_delays(silence_s: float) -> None:
    stream = run(bitalino(delays_ms=[0, 200, 100]))
    n_lost = round(silence_s * 100)
    assert stream.next(n_lost) == pytest.approx(n_lost, abs=16)


def test_a_repeat_is_told_from_a_loss_of_nearly_a_turn() -> None:
    stream = run(bitalino())
    # Ten lost and six back are the same number; the time tells them apart.
    late, soon = stream.arrival_ns + 170_000_000, stream.arrival_ns + 1_000_000
    assert stream.turns.place(stream.counter, 10, 6, soon) == -6
    assert stream.turns.place(stream.counter, 10, 6, late) == 10


def test_a_step_of_the_host_clock_is_no_loss() -> None:
    stream = run(bitalino())
    stream.arrival_ns += 3600 * NS
    assert stream.next() == 0


def test_an_interruption_is_counted_to_the_nearest_turn() -> None:
    turns = Turns(GANGLION)
    for n_lost in (0, 50, 1000, 12_000):
        silence_ns = (n_lost + 2) * 5_000_000 + 90_000_000
        assert turns.over(n_lost % 201, 2, silence_ns) == n_lost
    # The delays of the link before do not count any more.
    assert turns.place(2, 7, 2, UTC_NS + 60 * NS) == 7


def test_a_rig_stretches_the_limits() -> None:
    assert TurnsConfig.of(16, 1e7, 1.0) == BITALINO
    assert TurnsConfig.of(16, 1e7, 20.0).jitter_ns == 15 * NS
