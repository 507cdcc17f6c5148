"""Settings of the gateway: the environment, then flags, the last one winning."""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecgcore.errors import TopicError
from ecgcore.wire.topics import checked_name

MqttVersion = Literal["3.1.1", "5"]


def default_patches_path() -> Path:
    """Give where the allow-list is kept: the system's place for root, else the user's."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/etc/ecgomics/patches.toml")
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "ecgomics" / "patches.toml"


class GatewaySettings(BaseSettings):
    """What `ecgomics gateway` needs to know (``ECGOMICS_GATEWAY_*``)."""

    model_config = SettingsConfigDict(env_prefix="ECGOMICS_GATEWAY_", frozen=True, extra="ignore")

    gateway_id: str = "home"
    """Name in topics, and client id at the broker: two gateways must not share one."""
    broker_url: SecretStr = SecretStr("mqtt://127.0.0.1:1883")
    """``mqtt://user:password@host:port``, or ``mqtts://`` for TLS; of a cluster the nodes one
    after another: ``one:1883,two:1883``."""
    mqtt_version: MqttVersion = "3.1.1"
    """``3.1.1`` or ``5``, as the broker speaks it; nothing here needs the newer one."""
    broker_ca: Path | None = None
    """PEM file of the certificates that sign the broker's; without it the system's are trusted."""
    broker_certificate: Path | None = None
    """PEM file of our own certificate with its chain, for brokers that want one."""
    broker_key: Path | None = None
    """PEM file of its private key."""
    require_broker: bool = False
    """Refuse to start without the broker, instead of recording until it comes."""
    radio: str = "native"
    """``native``, or NAME:ADDRESS of an ``ecgomics.radios`` entry point."""
    devices: tuple[str, ...] = ()
    """The patches to take; no other one is ever connected to."""
    patches_path: Path | None = None
    """TOML file with the patches that were claimed, taken beside `devices`; where `ecgomics claim`
    keeps it by default, with the native radio."""
    max_links: int = Field(default=64, ge=1, le=1000)
    """Links the adapter is trusted with; most have room for 5 to 10."""
    may_restart_bluetooth: bool = False
    """Restart the Bluetooth service when nothing else helps; needs the right to do so."""
    take_any: bool = False
    """Take every patch that is heard; for rigs."""
    max_patches: int = Field(default=64, ge=1, le=1000)
    """Patches taken with `take_any`; further ones are left alone."""
    spool_path: Path = Path("ecgomics-spool.sqlite")
    """SQLite file that keeps every frame until the cloud has committed it."""
    spool_max_bytes: int = Field(default=512 << 20, ge=1 << 20)
    """Room for 72 h of three leads at 250 Hz and more; beyond it the oldest frames give way."""
    spool_max_age_days: float | None = Field(default=None, gt=0)
    """Frames kept longer than this give way; None keeps them."""
    spool_key_file: Path | None = None
    """File of 32 random bytes, raw or hex, that nobody else can read; encrypts what is spooled."""
    spool_linger_ms: float = Field(default=100, ge=0, le=1000)
    """How long a write waits for company."""
    frame_s: float = Field(default=1.2, gt=0, le=60)
    """Length of a frame: what a power cut can cost. Small notifications are joined up to it."""
    longest_frame_s: float = Field(default=5, gt=0, le=60)
    """Length of a frame while the broker answers slowly."""
    window_frames: int = Field(default=256, ge=1, le=10_000)
    """Frames of one patch sent and not yet committed."""
    resend_s: float = Field(default=5, gt=0)
    """First time-out for a commitment; doubles without progress up to `resend_max_s`."""
    resend_max_s: float = Field(default=60, gt=0)
    """Longest time-out for a commitment."""
    broker_timeout_s: float = Field(default=10, gt=0)
    """How long the broker may take for one answer."""
    status_s: float = Field(default=2, gt=0)
    """How often a patch's status is sent when nothing changes."""
    page_port: int | None = Field(default=None, ge=0, le=65_535)
    """Port of the gateway's own page, on loopback only; None: no page, 0: any free port."""
    analyse: bool = False
    """Analyse on this machine for the page, with or without a cloud; needs the [cloud] extra."""
    drain_s: float = Field(default=10, ge=0)
    """Longest that an orderly stop waits for the cloud to commit what is spooled; when nothing is
    committed for ten seconds it waits no longer."""
    clock_origin_ns: int = 0
    """With `speed`: where a rig's accelerated UTC begins."""
    speed: float = Field(default=1.0, gt=0, le=1000)
    """How much faster than life a rig's time runs."""

    @field_validator("gateway_id")
    @classmethod
    def _is_name(cls, gateway_id: str) -> str:
        try:
            return checked_name(gateway_id)
        except TopicError as error:
            raise ValueError(str(error)) from error

    @field_validator("devices")
    @classmethod
    def _are_names(cls, devices: tuple[str, ...]) -> tuple[str, ...]:
        # A session for each, so that nobody may stand there twice.
        return tuple(dict.fromkeys(cls._is_name(device) for device in devices))

    @model_validator(mode="after")
    def _has_origin(self) -> Self:
        if self.speed != 1 and not self.clock_origin_ns:
            msg = "speed needs clock_origin_ns, the same for every process of the rig"
            raise ValueError(msg)
        return self
