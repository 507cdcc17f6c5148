from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import ConfigError
from simulators.notification_faults import NotificationFaults, StackFaults, Tally, limit_mtu
from simulators.radio_faults import chance


def notification(number: int, n_bytes: int = 30) -> bytes:
    att = b"\x1b\x10\x00" + number.to_bytes(2, "little").ljust(n_bytes, b"\0")
    return len(att).to_bytes(2, "little") + b"\x04\x00" + att


def number_of(pdu: bytes) -> int:
    return int.from_bytes(pdu[7:9], "little")


shares = st.floats(0, 0.25)


@given(
    lose=shares,
    duplicate=shares,
    reorder=shares,
    cut=shares,
    n=st.integers(0, 60),
    seed=st.integers(),
)
def test_what_is_not_lost_comes_and_the_tally_tells_the_rest(
    lose: float, duplicate: float, reorder: float, cut: float, n: int, seed: int
) -> None:
    lost: list[bytes] = []
    tally = Tally()
    faults = NotificationFaults(lose, duplicate, reorder, cut)
    stack = StackFaults(faults, chance(seed), tally, lost.append)
    got = [pdu for number in range(n) for pdu in stack.arrive(notification(number))]
    got += stack.release()
    whole = Counter(number_of(pdu) for pdu in got if len(pdu) == len(notification(0)))
    gone = {int.from_bytes(pdu[3:5], "little") for pdu in lost}
    assert set(whole) | gone == set(range(n))
    assert not set(whole) & gone
    assert whole.total() - len(whole) == tally.duplicated
    assert len(got) - whole.total() == tally.cut
    if not (duplicate or reorder or cut):
        assert list(whole) == sorted(whole)


@given(seed=st.integers())
def test_a_swapped_notification_comes_right_after_the_next(seed: int) -> None:
    stack = StackFaults(NotificationFaults(reorder=0.5), chance(seed), Tally(), lambda _: None)
    got = [number_of(pdu) for number in range(50) for pdu in stack.arrive(notification(number))]
    got += [number_of(pdu) for pdu in stack.release()]
    assert sorted(got) == list(range(50))
    assert all(abs(place - number) <= 1 for place, number in enumerate(got))


def test_same_seed_same_fate() -> None:
    def fate() -> list[bytes]:
        stack = StackFaults(NotificationFaults(0.3, 0.3, 0.3), chance(7), Tally(), lambda _: None)
        return [pdu for number in range(40) for pdu in stack.arrive(notification(number))]

    assert fate() == fate()


def test_cut_leaves_twenty_bytes_and_short_ones_alone() -> None:
    stack = StackFaults(NotificationFaults(cut=1), chance(0), Tally(), lambda _: None)
    (cut,) = stack.arrive(notification(1))
    assert len(cut) == 4 + 3 + 20
    assert int.from_bytes(cut[:2], "little") == len(cut) - 4
    assert stack.arrive(notification(1, 20)) == [notification(1, 20)]


def test_other_packets_pass() -> None:
    stack = StackFaults(NotificationFaults(lose=1), chance(0), Tally(), lambda _: None)
    response = bytes.fromhex("0300 0400 0b aabb")
    assert stack.arrive(response) == [response]
    security = bytes.fromhex("0200 0600 1b00")
    assert stack.arrive(security) == [security]


@pytest.mark.parametrize("faults", [{"lose": -0.1}, {"lose": 0.6, "cut": 0.6}])
def test_impossible_probabilities_are_refused(faults: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="probabilities"):
        NotificationFaults(**faults)


def test_mtu_exchange_is_lowered_and_nothing_else() -> None:
    request = bytes.fromhex("0300 0400 02 0502")
    assert limit_mtu(request, 100) == bytes.fromhex("0300 0400 02 6400")
    assert limit_mtu(request, 517) == request
    read = bytes.fromhex("0300 0400 0a 0502")
    assert limit_mtu(read, 100) == read
