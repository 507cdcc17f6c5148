"""A patch as pure arithmetic: its grid, its clock, and which notifications got through."""

from dataclasses import dataclass

import numpy as np

from devices.driver import Samples, Signal
from ecgcore.types import Lead

SIGNAL = Signal(fs_mhz=130_000, lsb_pv=1_000_000, lead_mask=1 << Lead.CHEST)
NS = 1_000_000_000
EPOCH_2019_NS = 599_616_000 * NS
UTC_NS = 1_790_000_000 * NS


@dataclass(frozen=True)
class ModelPatch:
    """Samples lie at `k` times the true period on the device clock; value = sample number."""

    rate_ppm: float = 0.0
    """Sampling against the device clock's nominal 130 Hz."""
    clock_ppm: float = 0.0
    """Device clock against UTC, positive when fast."""
    power_on_utc_ns: int = UTC_NS

    def device_ns(self, sample: int) -> int:
        return EPOCH_2019_NS + round(sample * 1e9 / (130 * (1 + self.rate_ppm * 1e-6)))

    def utc_ns(self, sample: int) -> int:
        since_ns = self.device_ns(sample) - EPOCH_2019_NS
        return self.power_on_utc_ns + round(since_ns / (1 + self.clock_ppm * 1e-6))

    def notification(self, first: int, n_samples: int = 73) -> Samples:
        adc = np.arange(first, first + n_samples, dtype=np.int32).reshape(1, -1)
        return Samples(adc, self.device_ns(first + n_samples - 1))
