"""The address of an MQTT broker: ``mqtt://user:password@host:port``."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ecgcore.errors import ConfigError

_DEFAULT_PORT = 1883


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is and who connects."""

    host: str
    port: int
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "Broker":
        """Read an address.

        Raises
        ------
        ConfigError
            If it is not an ``mqtt://`` address.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _DEFAULT_PORT
        except ValueError as error:
            msg = f"broker address: {error}"
            raise ConfigError(msg) from error
        if parts.scheme != "mqtt" or not parts.hostname:
            host = parts.hostname or ""
            msg = f"broker address {parts.scheme}://{host}: mqtt://HOST:PORT is needed"
            raise ConfigError(msg)
        name = unquote(parts.username) if parts.username else None
        word = unquote(parts.password) if parts.password else None
        return cls(parts.hostname, port, name, word)

    def __str__(self) -> str:
        """Give the address without the password."""
        return f"mqtt://{self.host}:{self.port}"
