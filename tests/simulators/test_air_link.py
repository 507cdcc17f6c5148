import asyncio
from dataclasses import dataclass, field

import pytest
from bumble import hci

from simulators.air_link import AirLink, AirPacket, LinkTiming
from simulators.radio_faults import chance
from tests.gateway.broker import until

INTERVAL_S, TIMEOUT_S = 0.01, 0.1


@dataclass
class Ends:
    """Both ends of a link, as lists of what they got."""

    delivered: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def packet(self, number: int) -> AirPacket:
        def deliver() -> None:
            self.delivered.append(number)
            self.times_s.append(asyncio.get_running_loop().time())

        return AirPacket(deliver, lambda: self.lost.append(number))

    def link(self, seed: int = 0) -> AirLink:
        def timed_out() -> None:
            self.over.set()
            air.end()

        air = AirLink(LinkTiming(INTERVAL_S, TIMEOUT_S), chance("test", seed), timed_out)
        return air


def test_timing_comes_in_units_of_hci() -> None:
    assert LinkTiming.of(12, 72) == LinkTiming(0.015, 0.72)


async def test_packets_wait_for_their_connection_event() -> None:
    ends = Ends()
    air = ends.link()
    assert air.is_clear
    air.condition(0, is_paced=True)
    assert not air.is_clear
    start_s = asyncio.get_running_loop().time()
    for number in range(10):
        air.send(hci.Role.PERIPHERAL, ends.packet(number))
    assert ends.delivered == []
    await asyncio.sleep(0.2)
    assert ends.delivered == list(range(10))
    # Four packets fit into an event of 10 ms, so three events are needed.
    assert len(set(ends.times_s)) >= 3
    assert ends.times_s[-1] - start_s > 2 * INTERVAL_S - 0.001


@pytest.mark.parametrize("seed", range(3))
async def test_loss_delays_and_never_loses_or_overtakes(seed: int) -> None:
    ends = Ends()
    air = ends.link(seed)
    air.condition(0.5, is_paced=False)
    for number in range(30):
        air.send(hci.Role.PERIPHERAL, ends.packet(number))
    await until(lambda: len(ends.delivered) == 30)
    assert ends.delivered == list(range(30))
    assert ends.lost == []
    air.end()


async def test_silence_ends_the_link_after_its_timeout_and_loses_what_waits() -> None:
    ends = Ends()
    air = ends.link()
    start_s = asyncio.get_running_loop().time()
    air.condition(1, is_paced=False)
    air.send(hci.Role.PERIPHERAL, ends.packet(1))
    air.send(hci.Role.CENTRAL, ends.packet(2))
    await asyncio.wait_for(ends.over.wait(), 5)
    assert asyncio.get_running_loop().time() - start_s >= TIMEOUT_S - INTERVAL_S
    assert (ends.delivered, sorted(ends.lost)) == ([], [1, 2])
    air.send(hci.Role.PERIPHERAL, ends.packet(3))
    assert ends.lost[-1] == 3


async def test_a_short_burst_only_delays() -> None:
    ends = Ends()
    air = ends.link()
    air.condition(1, is_paced=False)
    air.send(hci.Role.PERIPHERAL, ends.packet(1))
    await asyncio.sleep(TIMEOUT_S / 3)
    air.condition(0, is_paced=False)
    air.send(hci.Role.PERIPHERAL, ends.packet(2))
    assert not air.is_clear  # packet 1 goes first
    await asyncio.sleep(TIMEOUT_S)
    assert (ends.delivered, ends.lost) == ([1, 2], [])
    assert air.is_clear
    assert not ends.over.is_set()
