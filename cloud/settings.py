"""Settings of the cloud's processes: the environment, then flags, the last one winning."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecgcore.errors import ConfigError


class CloudSettings(BaseSettings):
    """What every process of the cloud needs to know (`ECGOMICS_CLOUD_*`)."""

    model_config = SettingsConfigDict(env_prefix="ECGOMICS_CLOUD_", frozen=True, extra="ignore")

    broker_url: SecretStr = SecretStr("mqtt://127.0.0.1:1883")
    """``mqtt://user:password@host:port``, or ``mqtts://`` for TLS; of a cluster the nodes one
    after another: ``one:1883,two:1883``."""
    database_url: SecretStr = SecretStr("postgresql://127.0.0.1:5432/ecgomics")
    """``postgresql://user:password@host:port/name``."""
    wait_s: float = Field(default=0, ge=0, le=600)
    """How long to wait for broker and database at start."""
    clock_origin_ns: int = 0
    """With `clock_speed`: where a rig's accelerated UTC begins."""
    clock_speed: float = Field(default=1.0, gt=0, le=1000)
    """How much faster than life a rig's time runs."""


class EngineSettings(CloudSettings):
    """What `ecgomics engine` needs to know beside that."""

    batch_frames: int = Field(default=512, ge=1, le=10_000)
    """Most frames of one commit."""
    linger_ms: float = Field(default=20, ge=0, le=1000)
    """How long a commit waits for company."""
    checkpoint_s: float = Field(default=10, gt=0, le=600)
    """Signal between two stored pipeline states of a device."""
    max_pending_frames: int = Field(default=64, ge=1, le=10_000)
    """Frames held ahead of a hole before the hole is named a gap."""
    parameters: str = "patch"
    """What is measured and how: a preset (`ecgomics parameters`), or a file that changes one."""
    idle_s: float = Field(default=600, gt=0)
    """A device that sends nothing this long is put out of memory."""


class ServeSettings(CloudSettings):
    """What `ecgomics serve` needs to know beside that."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65_535)
    """Port to listen on; 0 takes any free one."""
    behind_tls_proxy: bool = False
    """People come by https through a proxy; only then may the server listen beyond loopback."""
    relay_url: str = Field(default="", pattern=r"^(wss?://.+)?$")
    """``ws://host:port`` of the gateway that takes patients' phones; empty: none does."""
    relay_secret: SecretStr = SecretStr("")
    """What that gateway has as ``ECGOMICS_GATEWAY_RELAY_SECRET``."""
    analysis_processes: int = Field(default=1, ge=1, le=64)
    """Processes that answer `POST /ECGOmics`; started when they are needed."""
    analysis_waiting: int = Field(default=8, ge=0, le=1000)
    """Most calls of it that wait for one of them; further ones are refused with 503."""
    analysis_timeout_s: float = Field(default=30, gt=0, le=600)
    """Longest time for one call, once the process is ready."""


S = TypeVar("S", bound=CloudSettings)


def made(kind: type[S], given: Mapping[str, Any]) -> S:
    """Build settings from the environment and from the options that were given.

    Parameters
    ----------
    given : Mapping[str, Any]
        Options by name of the setting; None where the caller gave none.

    Raises
    ------
    ConfigError
        Naming the first setting that cannot be used; its value is not repeated, it may be secret.
    """
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        msg = f"setting {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ConfigError(msg) from error
