"""Up to which number the events of one run of a gateway are here. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ecgcore.wire import topics
from ecgcore.wire.events import DeviceEvent
from ecgcore.wire.messages import Committed

_MOST_WAITING = 4096
_MOST_BOOTS = 10_000

BootKey = tuple[str, int]


@dataclass(slots=True)
class EventOrder:
    """The numbers of one boot of events.

    Events are stored in whatever order they come; only what the gateway may delete goes by number.
    """

    next: int = 0
    """First number that is not here."""
    above: set[int] = field(default_factory=set)
    """Numbers that are here, beyond a hole."""

    def take(self, number: int, floor: int) -> bool:
        """Note an event; say whether it is new."""
        self._move_to(floor)
        if number < self.next or number in self.above:
            return False
        self.above.add(number)
        if len(self.above) > _MOST_WAITING:
            # No gateway sends so far ahead; whoever does must not fill our memory.
            self._move_to(min(self.above))
        self._close()
        return True

    def _move_to(self, floor: int) -> None:
        if floor > self.next:
            self.next = floor
            self.above = {number for number in self.above if number >= floor}
        self._close()

    def _close(self) -> None:
        while self.next in self.above:
            self.above.remove(self.next)
            self.next += 1


class EventOrders:
    """The boots of events that are in memory; when they are too many the oldest gives way."""

    def __init__(self) -> None:
        self._orders: dict[BootKey, EventOrder] = {}

    def get(self, boot: BootKey) -> EventOrder | None:
        """Give a boot's order, None if it has to be read back."""
        return self._orders.get(boot)

    def put(self, boot: BootKey, order: EventOrder) -> None:
        """Keep a boot's order."""
        if len(self._orders) >= _MOST_BOOTS:
            del self._orders[next(iter(self._orders))]
        self._orders[boot] = order

    def forget(self, shards: frozenset[int]) -> None:
        """Put the boots of some shards out of memory."""
        for boot in [boot for boot in self._orders if topics.shard_of(boot[0]) in shards]:
            del self._orders[boot]


@dataclass(frozen=True, slots=True)
class ArrivedEvent:
    """An event and who sent it."""

    gateway: str
    event: DeviceEvent


@dataclass(frozen=True, slots=True)
class _Boot:
    gateway: str
    order: EventOrder
    at_ns: int


@dataclass(slots=True)
class EventBatch:
    """The events of one commit."""

    new: list[ArrivedEvent] = field(default_factory=list)
    boots: dict[BootKey, _Boot] = field(default_factory=dict)

    def take(self, gateway: str, event: DeviceEvent, order: EventOrder) -> None:
        """Add an event; one that came before is told to be here all the same."""
        self.boots[event.device, event.boot_id] = _Boot(gateway, order, event.at_ns)
        if order.take(event.number, event.floor):
            self.new.append(ArrivedEvent(gateway, event))

    def words(self) -> Iterator[tuple[str, Committed]]:
        """Give what to tell which gateway once the batch is stored."""
        for (device, boot_id), boot in self.boots.items():
            yield (
                boot.gateway,
                Committed(
                    device=device,
                    boot_id=boot_id,
                    through=boot.order.next,
                    through_ns=boot.at_ns,
                    kind="event",
                ),
            )
