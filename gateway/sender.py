"""What goes up, over one connection after another: the in-order lanes, and the live one beside.

Theory of operation: each row of the spool belongs to a lane (`gateway.lane`): one of samples and
one of events for each patch. A round takes rows of all lanes that have any, evenly, sends them at
QoS 1 and waits for the broker's answers; how many, the pace says (`gateway.pace`). Beside the
rounds, frames that are not committed in time go out at QoS 0 (`gateway.live_lane`), one patch after
another; of them nobody expects an answer.
"""

import asyncio
import logging
from contextlib import suppress

from aiomqtt import Client

from ecgcore.wire import topics
from ecgcore.wire.events import stamped
from ecgcore.wire.messages import Committed
from gateway.broker_client import publish_together
from gateway.events import event_key, is_event_key
from gateway.lane import Lane, LaneConfig
from gateway.live_lane import NEVER_S, LiveFrame, LiveLane, LiveLaneConfig
from gateway.outbox import Outbox
from gateway.pace import Pace, PaceConfig
from gateway.spool import Entry, Row, Wanted

_log = logging.getLogger(__name__)


class Sender:
    """Sends what is spooled, and tells what was committed."""

    def __init__(
        self,
        outbox: Outbox,
        gateway_id: str,
        lanes: LaneConfig,
        pace: PaceConfig,
        live: LiveLaneConfig,
    ) -> None:
        self._outbox = outbox
        self._gateway_id = gateway_id
        self._lane_config = lanes
        self._live_config = live
        self._lanes: dict[str, Lane] = {}
        self._live: dict[str, LiveLane] = {}
        self._arrived = asyncio.Event()
        self._live_due_s = NEVER_S
        """Until then nobody looks into the live lanes, unless something arrives."""
        self._turn = 0
        self.most_frames = pace.most_frames
        """Of one round."""
        self.pace = Pace(pace)
        outbox.listeners.append(self._offer)

    @property
    def n_resent(self) -> int:
        """Frames and events sent more than once, of all patches."""
        return sum(lane.n_resent for lane in self._lanes.values())

    @property
    def n_live(self) -> int:
        """Frames that went out before their turn, of all patches."""
        return sum(lane.n_sent for lane in self._live.values())

    def resent_of(self, device: str) -> int:
        """Give the frames of one patch sent more than once."""
        return self._lane(device).n_resent

    async def run(self, client: Client) -> None:
        """Send until cancelled or the connection ends; everything uncommitted goes out again."""
        for lane in self._lanes.values():
            lane.rewind()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_in_order(client), name="send")
            tasks.create_task(self._send_live(client), name="send live")

    def hasten(self) -> None:
        """Wait no longer for the cloud's words than at first, however long they took before."""
        for lane in self._lanes.values():
            lane.hasten()
        self._outbox.changed.set()

    def committed(self, word: Committed) -> None:
        """Delete what the cloud says it has, and go on with the rest."""
        key = event_key(word.device) if word.kind == topics.EVENT else word.device
        lane = self._lane(key)
        was_full = lane.room_frames <= 0
        lane.committed(word.boot_id, word.through, _now_s())
        self._outbox.committed(key, word.boot_id, word.through)
        if live := self._live.get(key):
            live.committed(word.boot_id, word.through)
        if was_full:
            # The window has room again; deleting can take its time.
            self._outbox.changed.set()

    async def _send_in_order(self, client: Client) -> None:
        while True:
            self._outbox.changed.clear()
            batch = await self._next_round()
            if not batch:
                await self._pause()
                continue
            began_s = _now_s()
            await self._publish(client, batch)
            self.pace.took(len(batch), _now_s() - began_s)

    async def _pause(self) -> None:
        due_s = min((self._lane(key).due_s for key in self._outbox.backlog), default=NEVER_S)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due_s):
                await self._outbox.changed.wait()

    async def _next_round(self) -> list[tuple[str, Row]]:
        now_s = _now_s()
        keys = [key for key in self._outbox.backlog if self._has_more(key, now_s)]
        # Where there are more of them than a round holds, the next round begins with others.
        self._turn = (self._turn + 1) % max(1, len(keys))
        lanes = [(key, self._lane(key)) for key in keys[self._turn :] + keys[: self._turn]]
        wanted = [Wanted(key, lane.cursor_id, lane.room_frames) for key, lane in lanes]
        batch = await self._outbox.evenly(wanted, self.pace.round_frames) if wanted else []
        for key, row in batch:
            self._lane(key).sent(row.row_id, row.boot_id, row.end_counter, now_s)
        return batch

    def _has_more(self, key: str, now_s: float) -> bool:
        lane = self._lane(key)
        if lane.due_s <= now_s:
            _log.info("sending again lane=%s", key)
            lane.time_out()
        backlog = self._outbox.backlog.get(key)
        return bool(backlog and backlog.newest_id > lane.cursor_id and lane.room_frames > 0)

    async def _publish(self, client: Client, batch: list[tuple[str, Row]]) -> None:
        await publish_together(client, (self._message(key, row) for key, row in batch), qos=1)

    def _message(self, key: str, row: Row) -> tuple[str, bytes]:
        device, _, kind = key.partition("/")
        topic = topics.up(self._gateway_id, device, kind or topics.SAMPLES)
        return topic, self._payload(key, row)

    def _payload(self, key: str, row: Row) -> bytes:
        if not is_event_key(key):
            return row.frame
        first_end = self._lane(key).oldest(row.boot_id)
        # Committed while it was on its way: then at least itself is still told of.
        return stamped(row.frame, (first_end or row.end_counter) - 1)

    def _offer(self, entry: Entry) -> None:
        if is_event_key(entry.device):
            return
        lane = self._live.setdefault(entry.device, LiveLane(self._live_config))
        live = LiveFrame(entry.boot_id, entry.end_counter, entry.frame)
        backlog = self._outbox.backlog.get(entry.device)
        lane.offer(live, _now_s(), backlog.n_frames if backlog else 0)
        if lane.due_s < self._live_due_s:
            self._arrived.set()

    async def _send_live(self, client: Client) -> None:
        while True:
            self._arrived.clear()
            n_sent = 0
            for device, lane in list(self._live.items()):
                if live := lane.take(_now_s()):
                    topic = topics.up(self._gateway_id, device, topics.LIVE)
                    await client.publish(topic, live.frame, qos=0)
                    n_sent += 1
            if not n_sent:
                await self._until_live()

    async def _until_live(self) -> None:
        self._live_due_s = min((lane.due_s for lane in self._live.values()), default=NEVER_S)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._live_due_s):
                await self._arrived.wait()

    def _lane(self, key: str) -> Lane:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(self._lane_config)
        return lane


def _now_s() -> float:
    return asyncio.get_running_loop().time()
