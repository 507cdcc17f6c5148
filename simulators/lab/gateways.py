"""A scenario at the MQTT level: thousands of virtual gateways on a real broker.

Each one keeps its frames until the engine's `committed` word, sends in order, sends again after a
silence and after each reconnect: the contract of the real gateway, without radio and disk. The
plan spoils single publishes (lost, twice, overtaken, damaged); whatever it does, what is not
committed stays and goes out again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from ecgcore.wire import topics
from ecgcore.wire.broker import Broker
from ecgcore.wire.messages import Committed
from simulators.lab.connection import Connection
from simulators.lab.frames import FrameSource, Spooled
from simulators.lab.timeline import Timeline
from simulators.scenario.faults import Chancy
from simulators.scenario.plan import Plan, Timetable

_log = logging.getLogger(__name__)
_WINDOW_FRAMES = 32
_RESEND_S = 10.0
_RETRY_S = (0.1, 2.0)
_TICK_S = 0.1
_WORST_BYTES = 12


@dataclass(slots=True)
class Sent:
    """What went out, of all virtual gateways or of one."""

    published: int = 0
    resent: int = 0
    lost: int = 0
    duplicated: int = 0
    overtaken: int = 0
    damaged: int = 0
    connections: int = 0


class VirtualGateway:
    """One gateway with one patch."""

    def __init__(
        self, number: int, plan: Timetable, seed: int, timeline: Timeline, broker: Broker
    ) -> None:
        self.name = gateway_name(number)
        self.device = f"virtual-{number:05d}"
        self.source = FrameSource(self.device, plan, timeline.start_ns, number << 8)
        self.sent = Sent()
        self.spool: deque[Spooled] = deque()
        self._plan = plan
        self._seed = (seed, number)
        self._chance = np.random.default_rng(self._seed)
        self._broker = broker
        self._connection: Connection | None = None
        """While it is up."""
        self._next = 0
        """Number of the first frame that has not been sent on this connection."""
        self._furthest = 0
        self._moved_s = 0.0

    def record(self, now_s: float) -> None:
        """Take what the patch has recorded by now, and send what is to be sent."""
        made = self.source.until(now_s)
        self.spool.extend(made)
        if self._connection is None:
            return
        self._connection.keep()
        is_overdue = bool(self.spool) and _now_s() - self._moved_s > _RESEND_S
        if is_overdue:
            self._rewind()
        if made or is_overdue:
            self._send()

    async def run(self) -> None:
        """Stay connected until cancelled, reconnecting forever."""
        while True:
            connection = Connection(
                self._broker,
                self.name,
                topics.committed_of_gateway(self.name),
                _WINDOW_FRAMES,
                self._hear,
            )
            try:
                await connection.open()
                self.sent.connections += 1
                self._connection = connection
                self._rewind()
                self._send()
                await connection.down.wait()
            except OSError as lost:
                _log.debug("gateway %s: %s", self.name, lost)
            finally:
                self._connection = None
                connection.close()
            await asyncio.sleep(float(self._chance.uniform(*_RETRY_S)))

    def _hear(self, topic: str, payload: bytes) -> None:
        try:
            committed = Committed.model_validate_json(payload)
        except ValidationError:
            _log.warning("message ignored topic=%s", topic)
            return
        self._take(committed)

    def _take(self, committed: Committed) -> None:
        left = [
            each
            for each in self.spool
            if each.boot_id != committed.boot_id or each.end_counter > committed.through
        ]
        if len(left) < len(self.spool):
            self.spool = deque(left)
            self._moved_s = _now_s()
            self._send()

    def _rewind(self) -> None:
        self._next = self.spool[0].number if self.spool else self._next
        self._moved_s = _now_s()

    def _send(self) -> None:
        if self._connection is None:
            return
        ready = [each for each in self.spool if each.number >= self._next]
        n_under_way = len(self.spool) - len(ready)
        ready = ready[: max(_WINDOW_FRAMES - n_under_way, 0)]
        for frame in self._in_order_of_sending(ready):
            self._publish(self._connection, frame)
        if ready:
            self._next = ready[-1].number + 1

    def _in_order_of_sending(self, frames: list[Spooled]) -> list[Spooled]:
        ordered = list(frames)
        for at in range(len(ordered) - 1):
            if ordered[at] is frames[at] and self._hit("reorder", frames[at]):
                ordered[at], ordered[at + 1] = ordered[at + 1], ordered[at]
                self.sent.overtaken += 1
        return ordered

    def _publish(self, connection: Connection, frame: Spooled) -> None:
        is_first = frame.number >= self._furthest
        self._furthest = max(self._furthest, frame.number + 1)
        self.sent.resent += not is_first
        topic = topics.up(self.name, self.device, "samples")
        # Only the first sending is spoiled: what goes out again must arrive some time.
        if is_first and self._hit("loss", frame):
            self.sent.lost += 1
            return
        payload = frame.payload
        if is_first and self._hit("corrupt", frame):
            payload = self._damaged(payload)
            self.sent.damaged += 1
        for _ in range(2 if self._hit("duplicate", frame) else 1):
            connection.publish(topic, payload)
            self.sent.published += 1
        self.sent.duplicated += self._hit("duplicate", frame)

    def _hit(self, kind: str, frame: Spooled) -> bool:
        for each in self._plan.of(kind):
            if each.is_on(frame.at_s) and isinstance(each.fault, Chancy):
                chance = np.random.default_rng((*self._seed, each.number, frame.number))
                if chance.random() < each.fault.probability:
                    return True
        return False

    def _damaged(self, payload: bytes) -> bytes:
        if self._chance.random() < 1 / 2:
            return payload[: int(self._chance.integers(len(payload)))]
        spoiled = bytearray(payload)
        for at in self._chance.integers(len(payload), size=_WORST_BYTES).tolist():
            spoiled[at] ^= 1 << int(self._chance.integers(8))
        return bytes(spoiled) if bytes(spoiled) != payload else payload[:-1]


def gateway_name(number: int) -> str:
    """Give the id of a virtual gateway, counted from 1; also its user name at the broker."""
    return f"vg-{number:05d}"


async def play_mqtt(
    plan: Plan,
    timeline: Timeline,
    broker: Broker,
    n_gateways: int,
    *,
    drain_s: float = 60.0,
    on_progress: Callable[[float], None] = lambda at_s: None,
) -> list[VirtualGateway]:
    """Play a plan on virtual gateways, which wear its patches in turn, until all is committed.

    Parameters
    ----------
    drain_s : float
        How long after the scenario's end, in wall time, the engine may take.
    """
    n_patches = plan.scenario.n_patches
    gateways = [
        VirtualGateway(
            number, plan.of_patch((number - 1) % n_patches + 1), plan.seed, timeline, broker
        )
        for number in range(1, n_gateways + 1)
    ]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each.run(), name=each.name) for each in gateways]
        while timeline.now_s < plan.scenario.duration_s:
            _record(gateways, timeline.now_s)
            on_progress(timeline.now_s)
            await asyncio.sleep(_TICK_S)
        _record(gateways, plan.scenario.duration_s)
        end_s = _now_s() + drain_s
        while any(each.spool for each in gateways) and _now_s() < end_s:
            _record(gateways, plan.scenario.duration_s)
            await asyncio.sleep(_TICK_S)
        for task in running:
            task.cancel()
    return gateways


def _record(gateways: list[VirtualGateway], now_s: float) -> None:
    for gateway in gateways:
        gateway.record(now_s)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
