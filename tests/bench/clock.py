"""How true the UTC of each sample is, with a drifting patch and arrivals that come late."""

from itertools import product

import numpy as np

from devices.driver import Samples, Signal
from ecgcore.types import Lead
from gateway.recorder import Recorder, RecorderConfig

_FS_HZ = 130
_PACKET = 73
_LEARNING_S, _JUDGED_S = 600, 600
_DRIFTS_PPM = (-50.0, 50.0)
_SEEDS = 3
_JITTER_S = 0.2
_ON_NS = 1_790_000_000 * 10**9
_SIGNAL = Signal(fs_mhz=_FS_HZ * 1000, lsb_pv=1_000_000, lead_mask=1 << Lead.CHEST)


def measure_clock() -> float:
    """Give the 95th percentile of the error of a sample's UTC after ten minutes, in ms.

    Drift of 50 ppm either way, arrivals 0 to 200 ms late, evenly; first and last sample of each
    frame of the ten minutes that follow.
    """
    return float(
        np.percentile(
            np.concatenate(
                [_errors_ms(ppm, seed) for ppm, seed in product(_DRIFTS_PPM, range(_SEEDS))]
            ),
            95,
        )
    )


def _errors_ms(drift_ppm: float, seed: int) -> np.ndarray:
    recorder = Recorder(RecorderConfig("patch", _SIGNAL), lambda: 1)
    late_s = np.random.default_rng(seed).uniform(0, _JITTER_S, _LEARNING_S * _FS_HZ)
    errors_ns = []
    for number in range((_LEARNING_S + _JUDGED_S) * _FS_HZ // _PACKET):
        first, last = number * _PACKET, number * _PACKET + _PACKET - 1
        samples = Samples(np.zeros((1, _PACKET), np.int32), round(last * 1e9 / _FS_HZ))
        arrival_ns = _utc_ns(last, drift_ppm) + round(late_s[number] * 1e9)
        frame = recorder.take(samples, arrival_ns, is_lead_off=False)
        assert frame is not None
        if first >= _LEARNING_S * _FS_HZ:
            last_ns = frame.utc_ns + round((_PACKET - 1) * frame.period_ns)
            errors_ns += [
                frame.utc_ns - _utc_ns(first, drift_ppm),
                last_ns - _utc_ns(last, drift_ppm),
            ]
    return np.abs(np.array(errors_ns)) / 1e6


def _utc_ns(sample: int, drift_ppm: float) -> int:
    return _ON_NS + round(sample * 1e9 / _FS_HZ / (1 + drift_ppm * 1e-6))
