"""What can be wrong on the virtual radio, by address: the one place that tests and scenarios drive.

Every fault is a call on `VirtualRadio` that acts at once and gives a `Setting`. It lasts until
`Setting.undo` is called, or the end of a ``with`` (or ``async with``) block on it::

    radio.loss(address, 0.3)                    # from now on
    with radio.silence(address):                # for a while
        ...

Addresses are those of `SimulatedPatch.address`, as text or as Bumble has them; the central is
`Radio.address`. A controller need not be there yet, and its settings outlive it. Where two settings
of one kind are in force for one address, the later one counts until it is undone.

What never happens by itself: data that no fault touches is delivered once and in order. What a
fault makes disappear is told to `on_lost`, and counted in `account`.

=================  ================================================================================
`drop`             Links break at once, both ends told; nothing passes.
`silence`          Nothing passes; links break after their supervision time-out.
`place`            Distance, so level and loss; out of range is as silent as `silence`.
`loss`             Share of exchanges that fail; shows as delay, a long burst as time-out.
`pace`             Data leaves at connection events only, some 15 ms apart.
`power_off`        An adapter without power: links, scan and attempts end, new ones are refused.
`notifications`    Lost, doubled, swapped or cut between link layer and application.
`limit_mtu`        Largest ATT MTU that can be agreed on, from the next link on.
`limit_links`      Links that an adapter can hold; one more is refused.
=================  ================================================================================
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Generic, Self, TypeVar

from bumble import hci

from ecgcore.errors import ConfigError
from simulators.notification_faults import NotificationFaults, StackFaults, Tally
from simulators.propagation import PathLoss

Address = hci.Address | str
OnLost = Callable[[bytes], None]
"""Takes an ATT packet: opcode, handle, value."""

V = TypeVar("V")

# What is near and was never placed.
_NEAR_DBM = -50.0
# What HCI can say.
_LOWEST_DBM, _HIGHEST_DBM = -127, 20
_SMALLEST_MTU, LARGEST_MTU = 23, 517
_LARGEST_LINKS = 1000


class Setting:
    """A fault in force, until it is undone."""

    def __init__(self, undo: Callable[[], None]) -> None:
        self._undo: Callable[[], None] | None = undo

    def undo(self) -> None:
        """End it; a second time does nothing."""
        undo, self._undo = self._undo, None
        if undo:
            undo()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.undo()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.undo()


class InForce(Generic[V]):
    """Values of one kind of fault by key; the one set last counts until it is undone.

    Parameters
    ----------
    otherwise : V
        Where nothing is set.
    on_change : Callable[[K], None]
        Called with the key after each change.
    """

    def __init__(self, otherwise: V, on_change: Callable[[Any], None]) -> None:
        self._otherwise = otherwise
        self._on_change = on_change
        self._set: dict[Hashable, dict[object, V]] = {}

    def put(self, key: Hashable, value: V) -> Setting:
        """Set a value."""
        token = object()
        self._set.setdefault(key, {})[token] = value
        self._on_change(key)
        return Setting(lambda: self._take_back(key, token))

    def _take_back(self, key: Hashable, token: object) -> None:
        values = self._set[key]
        del values[token]
        if not values:
            del self._set[key]
        self._on_change(key)

    def at(self, key: Hashable) -> V:
        """Give the value in force."""
        values = self._set.get(key)
        return next(reversed(values.values())) if values else self._otherwise


class RadioFaults:
    """The faults in force, and the account of what they did; `VirtualRadio` obeys them.

    Parameters
    ----------
    seed : int
        Fixes every draw.
    path_loss : PathLoss
        The building.
    """

    def __init__(self, seed: int = 0, path_loss: PathLoss | None = None) -> None:
        self._seed = seed
        self._path_loss = path_loss or PathLoss()
        self._cut_off = InForce(otherwise=False, on_change=self._cut)
        self._silent = InForce(otherwise=False, on_change=self._recondition)
        self._unpowered = InForce(otherwise=False, on_change=self._switch)
        self._losses = InForce(0.0, self._recondition)
        self._paced = InForce(otherwise=False, on_change=self._recondition)
        self._places: InForce[_Place | None] = InForce(None, lambda key: self._recondition(key[0]))
        self._stacks: InForce[StackFaults | None] = InForce(None, _nothing)
        self._mtus = InForce(LARGEST_MTU, _nothing)
        self._most_links = InForce(_LARGEST_LINKS, _nothing)
        self._tallies: dict[hci.Address, Tally] = defaultdict(Tally)
        self._watchers: dict[hci.Address, list[OnLost]] = defaultdict(list)
        self._n_places = 0
        self._fading = chance("fading", seed)

    # -- what a test sets -----------------------------------------------------------------

    def drop(self, *addresses: Address) -> Setting:
        """Cut controllers off: links break at once, nothing passes.

        Both ends get a disconnection with reason 0x08, the supervision time-out.
        """
        return _all(self._cut_off.put(as_address(address), value=True) for address in addresses)

    def silence(self, *addresses: Address) -> Setting:
        """Let nothing pass; links break when their supervision time-out is over."""
        return _all(self._silent.put(as_address(address), value=True) for address in addresses)

    def power_off(self, address: Address) -> Setting:
        """Take the power from an adapter.

        Its own host is told at once that links and scan have ended (reason 0x16); peers wait for
        the supervision time-out. Until it is back, scanning and connecting are refused with
        status 0x03, hardware failure. A scan does not come back by itself.
        """
        return self._unpowered.put(as_address(address), value=True)

    def place(self, address: Address, distance_m: float, peer: Address | None = None) -> Setting:
        """Put a controller at a distance from everybody, or from one peer.

        Shadowing is drawn anew each time. Between two placed controllers the larger distance
        counts; one that was never placed is near, at -50 dBm.
        """
        if not 0 <= distance_m < float("inf"):
            msg = f"distance_m={distance_m}: must be 0 or more"
            raise ConfigError(msg)
        self._n_places += 1
        drawn = chance("place", self._seed, address, self._n_places)
        place = _Place(distance_m, self._path_loss.shadow_db(drawn))
        return self._places.put((as_address(address), peer and as_address(peer)), place)

    def loss(self, address: Address, probability: float) -> Setting:
        """Let a share of all exchanges with a controller fail, adverts included.

        The link layer repeats, so data comes late and none is lost, until nothing gets through
        for the supervision time-out.
        """
        if not 0 <= probability <= 1:
            msg = f"probability={probability}: must be 0 to 1"
            raise ConfigError(msg)
        return self._losses.put(as_address(address), probability)

    def pace(self, address: Address) -> Setting:
        """Let data cross at the connection events that were agreed on, not at once."""
        return self._paced.put(as_address(address), value=True)

    def notifications(
        self,
        address: Address,
        *,
        lose: float = 0.0,
        duplicate: float = 0.0,
        reorder: float = 0.0,
        cut: float = 0.0,
    ) -> Setting:
        """Spoil notifications from a controller as a bad Bluetooth stack does.

        The n-th notification after the call has the same fate in every run with this seed.

        Raises
        ------
        ConfigError
            If the probabilities are not such, or more than 1 together.
        """
        sender = as_address(address)
        stack = StackFaults(
            NotificationFaults(lose, duplicate, reorder, cut),
            chance("stack", self._seed, sender),
            self._tallies[sender],
            lambda att_pdu: self._lost(sender, att_pdu),
        )
        setting = self._stacks.put(sender, stack)

        def undo() -> None:
            self._let_go(sender, stack)
            setting.undo()

        return Setting(undo)

    def limit_mtu(self, address: Address, att_mtu: int) -> Setting:
        """Let no more than `att_mtu` be agreed on with a controller, from its next link on."""
        if not _SMALLEST_MTU <= att_mtu <= LARGEST_MTU:
            msg = f"att_mtu={att_mtu}: {_SMALLEST_MTU} to {LARGEST_MTU} are possible"
            raise ConfigError(msg)
        return self._mtus.put(as_address(address), att_mtu)

    def limit_links(self, address: Address, most: int) -> Setting:
        """Let an adapter hold `most` links; one more is refused with status 0x09."""
        return self._most_links.put(as_address(address), most)

    # -- what a test can tell -------------------------------------------------------------

    def on_lost(self, address: Address, callback: OnLost) -> Setting:
        """Have `callback` called with every ATT packet of a controller that does not arrive whole.

        That is each notification that `notifications` loses or cuts, and what waited in the
        controller when a link broke. What the controller's host still held is not known here.
        """
        watchers = self._watchers[as_address(address)]
        watchers.append(callback)
        return Setting(lambda: watchers.remove(callback))

    def account(self, address: Address) -> Tally:
        """Give what has happened to a controller's packets so far."""
        return replace(self._tallies[as_address(address)])

    def level_dbm(self, one: hci.Address, other: hci.Address) -> float:
        """Give the mean level at which two controllers hear each other."""
        places = [
            place for pair in ((one, other), (other, one)) if (place := self._place_of(*pair))
        ]
        return min((self._level_of(place) for place in places), default=_NEAR_DBM)

    def rssi_dbm(self, one: hci.Address, other: hci.Address) -> int:
        """Draw the level of one packet between two controllers."""
        level_dbm = self.level_dbm(one, other)
        if level_dbm != _NEAR_DBM:
            level_dbm += self._path_loss.fade_db(self._fading)
        return round(min(max(level_dbm, _LOWEST_DBM), _HIGHEST_DBM))

    def loss_between(self, one: hci.Address, other: hci.Address) -> float:
        """Give the share of exchanges between two controllers that fails."""
        if self._is_mute(one) or self._is_mute(other):
            return 1.0
        reach = 1 - self._path_loss.packet_loss(self.level_dbm(one, other))
        return 1 - reach * (1 - self._losses.at(one)) * (1 - self._losses.at(other))

    def _place_of(self, address: hci.Address, peer: hci.Address) -> "_Place | None":
        return self._places.at((address, peer)) or self._places.at((address, None))

    def _level_of(self, place: "_Place") -> float:
        return self._path_loss.level_dbm(place.distance_m) + place.shadow_db

    def _is_mute(self, address: hci.Address) -> bool:
        return self._cut_off.at(address) or self._silent.at(address) or self._unpowered.at(address)

    def _lost(self, sender: hci.Address, att_pdu: bytes) -> None:
        self._tallies[sender].lost += 1
        for watcher in tuple(self._watchers.get(sender, ())):
            watcher(att_pdu)

    # -- what the radio does then ---------------------------------------------------------

    def _cut(self, address: hci.Address) -> None:
        """Break links of a controller that is cut off."""
        raise NotImplementedError

    def _recondition(self, address: hci.Address) -> None:
        """Look again at how well a controller's links do."""
        raise NotImplementedError

    def _switch(self, address: hci.Address) -> None:
        """Switch a controller on or off."""
        raise NotImplementedError

    def _let_go(self, address: hci.Address, stack: StackFaults) -> None:
        """Deliver notifications that were held back."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Place:
    distance_m: float
    shadow_db: float


def _all(settings: Iterable[Setting]) -> Setting:
    together = list(settings)

    def undo() -> None:
        for setting in together:
            setting.undo()

    return Setting(undo)


def _nothing(_key: object) -> None:
    """Wait: some faults show only later."""


def as_address(address: Address) -> hci.Address:
    """Give a random device address from text, or the address itself.

    Raises
    ------
    ConfigError
        If the text is no address.
    """
    if isinstance(address, hci.Address):
        return address
    try:
        return hci.Address(address, hci.Address.RANDOM_DEVICE_ADDRESS)
    except ValueError as error:
        msg = f"{address!r} is no Bluetooth address"
        raise ConfigError(msg) from error


def chance(*what: object) -> Random:
    """Give a generator of its own for something, the same in every run."""
    return Random(" ".join(map(str, what)))  # noqa: S311 - a simulation, to be repeated
