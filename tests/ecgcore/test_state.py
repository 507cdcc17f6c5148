from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import StateError
from ecgcore.state import digest_of, dump_state, load_state
from ecgcore.types import FloatArray


class Point(NamedTuple):
    at: int
    height: float | None


@dataclass(slots=True)
class Memory:
    samples: FloatArray
    maybe: FloatArray | None = None
    points: list[Point] = field(default_factory=list)


@given(
    values=st.lists(st.floats(width=64)),
    at=st.integers(0, 2**63 - 1),
    height=st.none() | st.floats(allow_nan=False),
)
def test_what_is_stored_comes_back(values: list[float], at: int, height: float | None) -> None:
    stored = Memory(np.array(values, float).reshape(-1, 1), None, [Point(at, height)])
    found = load_state(Memory, dump_state(stored, "a/1"), "a/1")
    assert found.samples.tobytes() == stored.samples.tobytes()
    assert found.samples.shape == stored.samples.shape
    assert (found.maybe, found.points) == (None, stored.points)


def test_arrays_come_back_writable() -> None:
    found = load_state(Memory, dump_state(Memory(np.zeros(3)), "a"), "a")
    found.samples[0] = 1.0
    assert found.samples.tolist() == [1.0, 0.0, 0.0]


def test_another_tag_is_refused() -> None:
    with pytest.raises(StateError, match=r"'a/1' cannot be used by 'a/2'"):
        load_state(Memory, dump_state(Memory(np.zeros(3)), "a/1"), "a/2")


def test_another_shape_of_state_is_refused() -> None:
    with pytest.raises(StateError, match="Expected `object`, got `array`"):
        load_state(Memory, dump_state(Point(1, 2.0), "a"), "a")


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(at: int, bit: int) -> None:
    data = bytearray(dump_state(Memory(np.arange(5.0)), "a"))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(StateError):
        load_state(Memory, bytes(data), "a")


@given(data=st.binary(max_size=200))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(StateError):
        load_state(Memory, data, "a")


def test_what_is_not_plain_cannot_be_stored() -> None:
    with pytest.raises(NotImplementedError, match="complex cannot be part of a state"):
        dump_state(Point(1, 1j), "a")  # type: ignore[arg-type]  # the mistake under test


def test_the_digest_follows_every_value() -> None:
    @dataclass(frozen=True)
    class Config:
        low_hz: float = 5.0
        high_hz: float = 20.0

    assert digest_of(Config()) == digest_of(Config(5.0, 20.0))
    assert len({digest_of(c) for c in (Config(), Config(5.5), Config(5.0, 20.5))}) == 3
    assert len(digest_of(Config())) == 16
