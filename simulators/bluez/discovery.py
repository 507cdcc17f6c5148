"""What clients want to hear of while the adapter scans."""

from collections.abc import Mapping
from dataclasses import dataclass

from dbus_fast import Variant

from simulators.advertising import AdvertFields

KEYS = ("UUIDs", "RSSI", "Pathloss", "Transport", "DuplicateData", "Discoverable", "Pattern")


@dataclass(frozen=True, slots=True)
class Filter:
    """One client's filter; the empty one lets everything through."""

    uuids: frozenset[str] = frozenset()
    rssi_dbm: int | None = None
    pattern: str = ""
    """Begin of the name or address."""

    @classmethod
    def of(cls, wanted: Mapping[str, Variant]) -> "Filter":
        """Take a client's wish; what concerns classic Bluetooth or repeated data is accepted."""
        values = {name: each.value for name, each in wanted.items()}
        return cls(
            frozenset(uuid.lower() for uuid in values.get("UUIDs", ())),
            values.get("RSSI"),
            values.get("Pattern", ""),
        )

    def lets_through(self, address: str, rssi_dbm: int, said: AdvertFields) -> bool:
        """Tell whether the client wants to hear of this."""
        if self.uuids and not self.uuids & set(said.service_uuids):
            return False
        if self.rssi_dbm is not None and rssi_dbm < self.rssi_dbm:
            return False
        return any(text.startswith(self.pattern) for text in (said.name or "", address))
