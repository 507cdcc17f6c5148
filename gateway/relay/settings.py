"""Settings of the relay, beside the gateway's own."""

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecgcore.errors import ConfigError

_LEAST_SECRET = 16


class RelaySettings(BaseSettings):
    """What `--radio relay:HOST:PORT` needs to know (``ECGOMICS_GATEWAY_RELAY_*``)."""

    model_config = SettingsConfigDict(
        env_prefix="ECGOMICS_GATEWAY_RELAY_", frozen=True, extra="ignore"
    )

    secret: SecretStr = Field(min_length=_LEAST_SECRET)
    """What a relay shows to be let in; the server that passes phones on has the same."""
    away_s: float = Field(default=3600, gt=0)
    """How long a phone may be away before its patches count as disconnected."""


def relay_settings() -> RelaySettings:
    """Read them from the environment.

    Raises
    ------
    ConfigError
        Naming the first one that cannot be used; its value is not repeated.
    """
    try:
        return RelaySettings.model_validate({})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "_".join(map(str, first["loc"])).upper()
        msg = f"setting ECGOMICS_GATEWAY_RELAY_{name}: {first['msg']}"
        raise ConfigError(msg) from error
