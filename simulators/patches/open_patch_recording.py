"""One boot of a simulated open patch: its sample grid, and the frames it makes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from devices.open_patch.frame import (
    MAX_SAMPLES,
    GapCode,
    GapFrame,
    Head,
    SampleFrame,
    encode_frame,
)
from devices.open_patch.payload import Codec, fits
from devices.open_patch.tlv import Tlv, Tlvs, number, numbers_of
from ecgcore.types import Int32Array, SampleIndex
from simulators.source import MultiSource

_INT24_MAX = (1 << 23) - 1
# How many more samples than last time are tried.
_MORE = 8


@dataclass(frozen=True, slots=True)
class Setup:
    """What a host can choose."""

    fs_hz: int
    lead_mask: int
    codec: int
    frame_ms: int
    """The longest a frame may take."""
    frame_bytes: int
    """The longest a frame may be."""

    def with_tlvs(self, tlvs: Tlvs) -> "Setup":
        """Give the setup with what a host wrote."""
        found = numbers_of(tlvs)
        return Setup(
            found.get(Tlv.RATE_HZ, self.fs_hz),
            found.get(Tlv.LEAD_MASK, self.lead_mask),
            found.get(Tlv.CODEC, self.codec),
            found.get(Tlv.FRAME_MS, self.frame_ms),
            found.get(Tlv.FRAME_BYTES, self.frame_bytes),
        )

    def tlvs(self) -> Sequence[tuple[int, bytes]]:
        """Give it as it is told."""
        return [
            number(Tlv.RATE_HZ, self.fs_hz),
            number(Tlv.LEAD_MASK, self.lead_mask),
            number(Tlv.CODEC, self.codec),
            number(Tlv.FRAME_MS, self.frame_ms),
            number(Tlv.FRAME_BYTES, self.frame_bytes),
        ]


class Recording:
    """Frames of one boot, one after another.

    Parameters
    ----------
    start_us : int
        Patch's clock at sample 0.
    source : MultiSource
        All the patch's leads.
    """

    def __init__(self, boot: int, start_us: int, setup: Setup, source: MultiSource) -> None:
        self.boot = boot
        self.start_us = start_us
        self.setup = setup
        self.counter: SampleIndex = 0
        """Of the next sample to go into a frame."""
        self._source = source
        self._number = 0
        self._tried = MAX_SAMPLES

    def sample_us(self, sample: SampleIndex) -> int:
        """Give the patch's clock at a sample, us since power-on."""
        return self.start_us + round(sample * 1e6 / self.setup.fs_hz)

    def head(
        self, lead_off: int, *, boot: int | None = None, counter: SampleIndex | None = None
    ) -> Head:
        """Give the head of a frame made now."""
        at = self.counter if counter is None else counter
        return Head(
            boot=self.boot if boot is None else boot,
            number=self._number,
            counter=at,
            time_us=self.sample_us(at),
            fs_hz=self.setup.fs_hz,
            lead_mask=self.setup.lead_mask,
            lead_off=lead_off,
        )

    def frames_until(
        self, now_us: int, lead_off: int
    ) -> Iterator[tuple[SampleIndex, SampleIndex, bytes]]:
        """Give first counter, end and bytes of the frames that are full by now."""
        taken = (now_us - self.start_us) * self.setup.fs_hz // 1_000_000 + 1
        longest = min(MAX_SAMPLES, max(1, self.setup.frame_ms * self.setup.fs_hz // 1000))
        while True:
            n_samples = min(longest, self._tried)
            if self.counter + n_samples > taken:
                return
            data, n_samples = self._frame(n_samples, lead_off)
            first, self.counter = self.counter, self.counter + n_samples
            self._number += 1
            self._tried = n_samples + _MORE
            yield first, self.counter, data

    def skip(self, n_samples: int, code: GapCode) -> tuple[SampleIndex, bytes]:
        """Pass over samples; give their first counter and the frame that says so."""
        first, gap = self.counter, GapFrame(self.head(0), code, n_samples)
        self.counter += n_samples
        self._number += 1
        return first, encode_frame(gap)

    def _frame(self, n_samples: int, lead_off: int) -> tuple[bytes, int]:
        """Give a frame of as many samples as fit, and how many those are."""
        adc = self._read(n_samples)
        while True:
            codec = Codec(self.setup.codec)
            if not fits(adc[:, :n_samples], codec):
                codec = Codec.INT24
            data = encode_frame(SampleFrame(self.head(lead_off), adc[:, :n_samples], codec))
            if len(data) <= self.setup.frame_bytes:
                return data, n_samples
            share = self.setup.frame_bytes / len(data)
            n_samples = max(1, min(n_samples - 1, int(n_samples * share)))

    def _read(self, n_samples: int) -> Int32Array:
        leads = [at for at in range(self._source.n_leads) if self.setup.lead_mask >> at & 1]
        adc = self._source.read_uv(self.counter, n_samples)[leads]
        return np.clip(adc, -_INT24_MAX - 1, _INT24_MAX)
