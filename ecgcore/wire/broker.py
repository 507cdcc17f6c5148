"""The address of an MQTT broker: ``mqtt://user:password@host:port``, or ``mqtts://`` for TLS."""

from dataclasses import dataclass
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
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError as error:
            msg = f"broker address: {error}"
            raise ConfigError(msg) from error
        if parts.scheme not in _PORTS or not parts.hostname:
            msg = f"broker address {parts.scheme}://{parts.hostname or ''}: not mqtt://HOST:PORT"
            raise ConfigError(msg)
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.hostname, port, username, password, parts.scheme == "mqtts")

    def __str__(self) -> str:
        """Give the address without the password."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"
