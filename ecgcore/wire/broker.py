"""The address of an MQTT broker: ``mqtt://user:password@host:port``, or ``mqtts://`` for TLS.

The nodes of a cluster stand one after another: ``mqtt://user:password@one:1883,two:1883``.
"""

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import unquote, urlsplit

from ecgcore.errors import ConfigError

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who connects."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool
    others: tuple[tuple[str, int], ...] = ()
    """Host and port of the cluster's other nodes, in the order in which they are tried."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read an ``mqtt://`` or ``mqtts://`` address.

        Raises
        ------
        ConfigError
            If it is none.
        """
        try:
            parts = urlsplit(url)
            users, at, hosts = parts.netloc.rpartition("@")
            nodes = [urlsplit(f"//{users}{at}{host}") for host in hosts.split(",")]
            standard = _PORTS.get(parts.scheme, 0)
            addresses = [(node.hostname or "", node.port or standard) for node in nodes]
        except ValueError as error:
            msg = f"broker address: {error}"
            raise ConfigError(msg) from error
        (host, port), *others = addresses
        if parts.scheme not in _PORTS or not all(name for name, _ in addresses):
            msg = f"broker address {parts.scheme}://{host}: not mqtt://HOST:PORT"
            raise ConfigError(msg)
        username = unquote(nodes[0].username) if nodes[0].username else None
        password = unquote(nodes[0].password) if nodes[0].password else None
        return cls(host, port, username, password, parts.scheme == "mqtts", tuple(others))

    def turned(self) -> Self:
        """Give the address that tries the cluster's next node first."""
        if not self.others:
            return self
        (host, port), *rest = self.others
        return replace(self, host=host, port=port, others=(*rest, (self.host, self.port)))

    def __str__(self) -> str:
        """Give the address without the password."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"
