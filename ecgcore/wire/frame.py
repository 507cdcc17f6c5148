"""The sample frame: the one unit that travels from gateway to store.

Layout of version 1, little-endian::

    0   2s  magic "EG"
    2   u8  version
    3   u8  codec
    4   u16 flags           FrameFlag
    6   u16 lead mask       bit i = Lead i
    8   u16 lead-off        bit per electrode, 1 = off
    10  u8  gap reason      GapReason, of the gap right before this frame
    11  u8  length of the device id
    12  u32 boot id         one counter space; a patch that restarts gets a new one
    16  u64 first counter   of the first sample
    24  u32 samples per lead (0: the frame only names a gap)
    28  u64 gap before      samples missing right before the first counter
    36  u32 nominal rate, mHz
    40  u32 LSB, pV
    44  i64 device time of the first sample, ns
    52  u64 device time from the first sample to one after the last, ns
    60  i64 fitted UTC of the first sample, ns
    68  i64 UTC of arrival at the gateway, ns
    76  u32 payload length
    80  device id, payload, CRC-32C over everything before it

(device, boot, counter) is a sample's identity: a frame that arrives twice is stored once.
"""

import struct
from dataclasses import dataclass

import numpy as np

from ecgcore.errors import FrameError
from ecgcore.types import EcgChunk, FrameFlag, Gap, GapReason, Int32Array, SampleClock, leads_of
from ecgcore.wire.checksum import crc32c
from ecgcore.wire.codec import Codec, decode_payload, encode_payload

MAGIC = b"EG"
VERSION = 1
MAX_SAMPLES = 1 << 16
MAX_GAP_SAMPLES = 1 << 40
_MAX_COUNTER = 1 << 63
_HEADER = struct.Struct("<2sBBHHHBBIQIQIIqQqqI")
_CRC = struct.Struct("<I")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Samples of one patch, with all that is needed to store and to time them."""

    device: str
    boot_id: int
    first_counter: int
    adc: Int32Array
    """shape (n_leads, n_samples), integer counts"""
    lead_mask: int
    fs_mhz: int
    """Nominal rate; the true one follows from `device_span_ns`."""
    lsb_pv: int
    device_time_ns: int
    device_span_ns: int
    utc_ns: int
    arrival_ns: int
    gap_before: int = 0
    gap_reason: GapReason = GapReason.NONE
    lead_off: int = 0
    flags: FrameFlag = FrameFlag.NONE

    @property
    def n_samples(self) -> int:
        """Samples per lead."""
        return int(self.adc.shape[1])

    @property
    def start(self) -> int:
        """First counter this frame accounts for, its gap included."""
        return self.first_counter - self.gap_before

    @property
    def end(self) -> int:
        """Counter after the last sample."""
        return self.first_counter + self.n_samples

    @property
    def period_ns(self) -> float:
        """Time from one sample to the next on the device's clock."""
        if self.n_samples and self.device_span_ns:
            return self.device_span_ns / self.n_samples
        return 1e12 / self.fs_mhz

    @property
    def end_utc_ns(self) -> int:
        """Fitted UTC one period after the last sample."""
        return self.utc_ns + round(self.n_samples * self.period_ns)

    def gap(self) -> Gap | None:
        """Give the gap right before the first sample, if any."""
        if not self.gap_before:
            return None
        return Gap(self.start, self.gap_before, self.gap_reason)

    def chunk(self) -> EcgChunk:
        """Give the samples in millivolts, with their clock."""
        clock = SampleClock(self.first_counter, self.device_time_ns, self.period_ns)
        ecg_mv = self.adc.astype(np.float64) * (self.lsb_pv * 1e-9)
        return EcgChunk(self.first_counter, ecg_mv, clock)


def encode_frame(frame: Frame, codec: Codec = Codec.DELTA_ZSTD) -> bytes:
    """Turn a frame into bytes.

    Raises
    ------
    FrameError
        If a field is out of its range or the shape does not match the lead mask.
    """
    n_leads = len(leads_of(frame.lead_mask))
    if frame.adc.ndim != 2 or frame.adc.shape[0] != n_leads or not n_leads:
        msg = f"samples of shape {frame.adc.shape} for lead mask {frame.lead_mask:#06x}"
        raise FrameError(msg)
    _require(frame.device.isascii(), f"device id {frame.device!r}")
    _require_counters(frame.first_counter, frame.n_samples, frame.gap_before)
    device = frame.device.encode("ascii")
    payload = encode_payload(frame.adc, codec)
    try:
        header = _HEADER.pack(
            MAGIC,
            VERSION,
            codec,
            frame.flags,
            frame.lead_mask,
            frame.lead_off,
            frame.gap_reason,
            len(device),
            frame.boot_id,
            frame.first_counter,
            frame.n_samples,
            frame.gap_before,
            frame.fs_mhz,
            frame.lsb_pv,
            frame.device_time_ns,
            frame.device_span_ns,
            frame.utc_ns,
            frame.arrival_ns,
            len(payload),
        )
    except struct.error as error:
        msg = f"frame {frame.device}/{frame.boot_id}/{frame.first_counter}: {error}"
        raise FrameError(msg) from error
    body = header + device + payload
    return body + _CRC.pack(crc32c(body))


def decode_frame(data: bytes) -> Frame:
    """Read a frame.

    Raises
    ------
    FrameError
        For anything that is not exactly one intact frame of a known version.
    """
    if len(data) < _HEADER.size + _CRC.size:
        msg = f"{len(data)} bytes are too few for a frame"
        raise FrameError(msg)
    fields = _HEADER.unpack_from(data)
    magic, version, codec, flags, lead_mask, lead_off, gap_reason, id_length = fields[:8]
    boot_id, first_counter, n_samples, gap_before, fs_mhz, lsb_pv = fields[8:14]
    device_time_ns, device_span_ns, utc_ns, arrival_ns, payload_length = fields[14:]
    if magic != MAGIC:
        msg = "does not start like a frame"
        raise FrameError(msg)
    if version != VERSION:
        msg = f"frame version {version} is not understood, {VERSION} is"
        raise FrameError(msg)
    payload_at = _HEADER.size + id_length
    if len(data) != payload_at + payload_length + _CRC.size:
        msg = f"frame of {len(data)} bytes, its header says {payload_at + payload_length + 4}"
        raise FrameError(msg)
    if crc32c(data[: -_CRC.size]) != _CRC.unpack_from(data, len(data) - _CRC.size)[0]:
        msg = "frame fails its CRC"
        raise FrameError(msg)
    n_leads = len(leads_of(lead_mask))
    _require(0 < n_leads == lead_mask.bit_count(), f"lead mask {lead_mask:#06x}")
    _require_counters(first_counter, n_samples, gap_before)
    _require(fs_mhz > 0 and lsb_pv > 0, f"rate {fs_mhz} mHz, LSB {lsb_pv} pV")
    try:
        device = data[_HEADER.size : payload_at].decode("ascii")
        adc = decode_payload(data[payload_at : -_CRC.size], Codec(codec), n_leads, n_samples)
        return Frame(
            device=device,
            boot_id=boot_id,
            first_counter=first_counter,
            adc=adc,
            lead_mask=lead_mask,
            fs_mhz=fs_mhz,
            lsb_pv=lsb_pv,
            device_time_ns=device_time_ns,
            device_span_ns=device_span_ns,
            utc_ns=utc_ns,
            arrival_ns=arrival_ns,
            gap_before=gap_before,
            gap_reason=GapReason(gap_reason),
            lead_off=lead_off,
            flags=FrameFlag(flags),
        )
    except ValueError as error:
        msg = f"frame field: {error}"
        raise FrameError(msg) from error


def frame_identity(data: bytes) -> tuple[str, int, int, int]:
    """Read whose frame it is: device, boot id, first counter it accounts for, and its end.

    Far cheaper than decoding it. Nothing is verified: for frames whose CRC was.

    Raises
    ------
    FrameError
        If the bytes are too few, or the device id is none.
    """
    try:
        fields = _HEADER.unpack_from(data)
        device = data[_HEADER.size : _HEADER.size + fields[7]].decode("ascii")
    except (struct.error, ValueError) as error:
        msg = f"frame header: {error}"
        raise FrameError(msg) from error
    boot_id, first_counter, n_samples, gap_before = fields[8:12]
    return device, boot_id, first_counter - gap_before, first_counter + n_samples


def _require_counters(first_counter: int, n_samples: int, gap_before: int) -> None:
    _require(n_samples <= MAX_SAMPLES, f"{n_samples} samples")
    _require(gap_before <= min(first_counter, MAX_GAP_SAMPLES), f"gap of {gap_before} samples")
    _require(first_counter + n_samples < _MAX_COUNTER, f"counter {first_counter}")


def _require(condition: bool, what: str) -> None:
    if not condition:
        msg = f"frame field out of range: {what}"
        raise FrameError(msg)
