"""What the paper's call asks: one lead of raw counts, how to make millivolts of them, a filter."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

LEAST_S, MOST_S = 10.0, 300.0
MIN_FS_HZ, MAX_FS_HZ = 100.0, 1000.0
"""As the pipeline supports; a test holds them equal."""
MOST_SAMPLES = int(MOST_S * MAX_FS_HZ)

Filter = Literal["MeanDecomposition", "BandPass"]


class PaperCall(BaseModel):
    """One recording of one lead; the names are the paper's."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid")

    inputType: Literal["raw"] = "raw"
    ecgData: Annotated[tuple[float, ...], Field(min_length=1, max_length=MOST_SAMPLES)]
    """Counts."""
    ecgSampleRate: float = Field(ge=MIN_FS_HZ, le=MAX_FS_HZ)
    """Samples a second."""
    zero: float = 0.0
    """Counts at 0 mV."""
    gain: float = Field(default=1.0, gt=0)
    """Counts of a millivolt."""
    filter: Filter = "MeanDecomposition"
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Ours beyond the paper's: what differs of a configuration, as `ecgomics parameters --json`
    tells one; ``preset`` names what it starts from. A filter named in it goes before `filter`."""

    @model_validator(mode="after")
    def _is_long_enough(self) -> "PaperCall":
        duration_s = len(self.ecgData) / self.ecgSampleRate
        if not LEAST_S < duration_s <= MOST_S:
            msg = (
                f"ecgData: {duration_s:g} s of samples; "
                f"more than {LEAST_S:g} and at most {MOST_S:g} are allowed"
            )
            raise ValueError(msg)
        return self
