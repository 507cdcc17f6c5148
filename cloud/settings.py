"""Settings of the engine: a TOML file, then the environment, then flags, the last one winning."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class EngineSettings(BaseSettings):
    """What `ecgomics engine` needs to know (`ECGOMICS_CLOUD_*`)."""

    model_config = SettingsConfigDict(env_prefix="ECGOMICS_CLOUD_", frozen=True, extra="ignore")

    broker_url: SecretStr = SecretStr("mqtt://127.0.0.1:1883")
    database_url: SecretStr = SecretStr("postgresql://127.0.0.1:5432/ecgomics")
    wait_s: float = Field(default=0, ge=0, le=600)
    """How long to wait for broker and database at start."""
    batch_frames: int = Field(default=512, ge=1, le=10_000)
    """Most frames of one commit."""
    linger_ms: float = Field(default=20, ge=0, le=1000)
    """How long a commit waits for company."""
    checkpoint_s: float = Field(default=10, gt=0, le=600)
    """Signal between two stored pipeline states of a device."""
    max_pending_frames: int = Field(default=64, ge=1, le=10_000)
    """Frames held ahead of a hole before the hole is named a gap."""
    idle_s: float = Field(default=600, gt=0)
    """A device that sends nothing this long is put out of memory."""
    clock_origin_ns: int = 0
    clock_speed: float = Field(default=1.0, gt=0, le=1000)
