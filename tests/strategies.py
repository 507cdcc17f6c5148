"""Signals with a known truth, and what hypothesis draws."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from ecgcore.types import EcgChunk, FloatArray, Gap, GapReason, SampleClock
from ecgcore.wire.codec import Codec
from ecgcore.wire.frame import Frame

# Height mV, place s against R, width s (sigma): P, Q, R, S, T.
WAVES = (
    (0.12, -0.16, 0.022),
    (-0.10, -0.028, 0.009),
    (1.10, 0.0, 0.011),
    (-0.22, 0.030, 0.010),
    (0.28, 0.26, 0.045),
)


def ecg_of(
    rpeaks_s: Sequence[float],
    fs_hz: float,
    duration_s: float,
    gain: float = 1.0,
    noise_mv: float = 0.0,
    seed: int = 1,
) -> FloatArray:
    """Give a sum of Gaussian waves with its R waves exactly at these times, shape (n_samples,)."""
    times_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    ecg_mv = np.zeros(times_s.size)
    for rpeak_s in rpeaks_s:
        for height_mv, place_s, width_s in WAVES:
            ecg_mv += height_mv * np.exp(-0.5 * ((times_s - rpeak_s - place_s) / width_s) ** 2)
    return gain * ecg_mv + noise_mv * np.random.default_rng(seed).standard_normal(times_s.size)


def stream_of(
    ecg_mv: FloatArray, fs_hz: float, start: int = 0, gaps: Sequence[tuple[int, int]] = ()
) -> list[EcgChunk | Gap]:
    """Cut a signal into frames of 73 samples with a clock each, leaving out (start, end) gaps."""
    items: list[EcgChunk | Gap] = []
    at = 0
    for gap_start, gap_end in [*gaps, (ecg_mv.shape[-1], ecg_mv.shape[-1])]:
        while at < gap_start:
            end = min(at + 73, gap_start)
            clock = SampleClock(start + at, round((start + at) * 1e9 / fs_hz), 1e9 / fs_hz)
            items.append(EcgChunk(start + at, np.atleast_2d(ecg_mv)[:, at:end], clock))
            at = end
        if gap_end > gap_start:
            items.append(Gap(start + gap_start, gap_end - gap_start, GapReason.RADIO_LOSS))
            at = gap_end
    return items


int32s = st.integers(-(2**31), 2**31 - 1)
names = st.text("ABCxyz019_-", min_size=1, max_size=48)


@st.composite
def adc_blocks(
    draw: st.DrawFn, limit: int = 2**31 - 1, max_leads: int = 3, max_samples: int = 40
) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Draw integer samples, shape (n_leads, n_samples)."""
    n_leads = draw(st.integers(1, max_leads))
    n_samples = draw(st.integers(0, max_samples))
    values = draw(
        st.lists(
            st.integers(-limit - 1, limit),
            min_size=n_leads * n_samples,
            max_size=n_leads * n_samples,
        )
    )
    return np.array(values, np.int32).reshape(n_leads, n_samples)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Draw valid frames."""
    adc = draw(adc_blocks(limit=2**15 - 1))
    first_counter = draw(st.integers(0, 2**62))
    return Frame(
        device=draw(names),
        boot_id=draw(st.integers(0, 2**32 - 1)),
        first_counter=first_counter,
        adc=adc,
        lead_mask=draw(st.sampled_from([m for m in range(1, 64) if m.bit_count() == len(adc)])),
        fs_mhz=draw(st.integers(1, 2**32 - 1)),
        lsb_pv=draw(st.integers(1, 2**32 - 1)),
        device_time_ns=draw(st.integers(-(2**63), 2**63 - 1)),
        device_span_ns=draw(st.integers(0, 2**64 - 1)),
        utc_ns=draw(st.integers(-(2**63), 2**63 - 1)),
        arrival_ns=draw(st.integers(-(2**63), 2**63 - 1)),
        gap_before=draw(st.integers(0, min(first_counter, 2**40))),
        gap_reason=draw(st.sampled_from(list(GapReason))),
        lead_off=draw(st.integers(0, 2**16 - 1)),
    )


codecs = st.sampled_from(list(Codec))
