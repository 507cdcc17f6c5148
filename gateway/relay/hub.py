"""All phones of a gateway, and who wants to hear of their patches."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bleak.exc import BleakError

from devices.driver import Advertisement
from gateway.relay.messages import Hello, RelayMessageError, Scan, Seen
from gateway.relay.phone import Channel, Phone, RelayedPatch
from gateway.scanner import installed_drivers

_log = logging.getLogger(__name__)
_MOST_PHONES = 256
_REMIND_S = 1.0

OnSeen = Callable[[RelayedPatch, Seen], None]


class Hub:
    """The phones, over their connections.

    Parameters
    ----------
    away_s : float
        How long a phone may be away before the links it holds count as lost.
    """

    def __init__(self, away_s: float) -> None:
        self._away_s = away_s
        self._phones: dict[str, Phone] = {}
        self._listeners: list[OnSeen] = []
        self._expiries: dict[str, asyncio.TimerHandle] = {}
        self._drivers = installed_drivers()

    def listen(self, listener: OnSeen) -> None:
        """Report what is in reach until `unlisten`."""
        self._listeners.append(listener)
        self._tell_scanning()

    def unlisten(self, listener: OnSeen) -> None:
        """Stop reporting to `listener`."""
        self._listeners.remove(listener)
        self._tell_scanning()

    def find(self, address: str) -> RelayedPatch:
        """Give a patch by its Bleak address.

        Raises
        ------
        BleakError
            If no phone has named it.
        """
        phone, _, device = address.partition("/")
        with suppress(KeyError):
            return self._phones[phone].patches[device]
        msg = f"no phone reaches {address}"
        raise BleakError(msg)

    def came(self, hello: Hello, channel: Channel, allowed: frozenset[str] | None) -> Phone:
        """Take a phone in, new or known.

        Parameters
        ----------
        allowed : frozenset[str] or None
            Patches, by the gateway's names, that it may relay; None: all.

        Raises
        ------
        RelayMessageError
            If there are too many phones, or too many patches.
        """
        phone = self._phones.get(hello.phone)
        if phone is None:
            self._make_room()
            phone = self._phones[hello.phone] = Phone(hello.phone)
        if expiry := self._expiries.pop(phone.name, None):
            expiry.cancel()
        phone.came(hello, channel, lambda seen: self.may_relay(seen, allowed))
        channel.send(Scan(active=bool(self._listeners)))
        _log.info("phone came phone=%s patches=%d", phone.name, len(phone.patches))
        return phone

    def left(self, phone: Phone, channel: Channel) -> None:
        """Note the end of a phone's connection."""
        if phone.channel is not channel:
            return
        phone.left(channel)
        _log.info("phone away phone=%s", phone.name)
        loop = asyncio.get_running_loop()
        self._expiries[phone.name] = loop.call_later(self._away_s, self._expire, phone)

    def saw(self, phone: Phone, seen: Seen, allowed: frozenset[str] | None) -> None:
        """Take an advertisement that a phone heard."""
        if self.may_relay(seen, allowed):
            patch = phone.patch(seen.device, seen.name)
            patch.name, patch.seen, patch.standing = seen.name, seen, None
            self._report(patch, seen)

    def may_relay(self, seen: Seen, allowed: frozenset[str] | None) -> bool:
        """Tell whether a driver knows the patch and its phone may speak for it."""
        found = self._drivers.match(
            Advertisement(
                name=seen.name,
                manufacturer=dict(seen.manufacturer),
                service_uuids=tuple(seen.services),
                service_data=dict(seen.service_data),
            )
        )
        return found is not None and (allowed is None or found[1] in allowed)

    async def remind(self) -> None:
        """Report, until cancelled, the patches whose standing link nobody has taken over.

        A connected patch does not advertise; after a restart of the gateway nobody else would say
        that it is there.
        """
        while True:
            for phone in self._phones.values():
                for patch in phone.patches.values():
                    if phone.channel and patch.standing and patch.client is None:
                        services = [service.uuid for service in patch.standing.services]
                        heard = patch.seen or Seen(patch.device, patch.name, services=services)
                        self._report(patch, heard)
            await asyncio.sleep(_REMIND_S)

    def close(self) -> None:
        """Forget the timers; the port is closed."""
        for expiry in self._expiries.values():
            expiry.cancel()

    def _report(self, patch: RelayedPatch, seen: Seen) -> None:
        for listener in tuple(self._listeners):
            listener(patch, seen)

    def _tell_scanning(self) -> None:
        for phone in self._phones.values():
            if phone.channel:
                phone.channel.send(Scan(active=bool(self._listeners)))

    def _make_room(self) -> None:
        if len(self._phones) < _MOST_PHONES:
            return
        for phone in self._phones.values():
            if phone.channel is None and all(p.client is None for p in phone.patches.values()):
                del self._phones[phone.name]
                return
        msg = f"{_MOST_PHONES} phones are connected already"
        raise RelayMessageError(msg)

    def _expire(self, phone: Phone) -> None:
        self._expiries.pop(phone.name, None)
        _log.warning("phone away too long phone=%s", phone.name)
        for patch in phone.patches.values():
            patch.lose()
