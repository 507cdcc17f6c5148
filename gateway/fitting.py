"""A look at one patch before it is claimed: what it is, its battery, and a few seconds of trace."""

import asyncio
from dataclasses import dataclass
from time import time_ns

import numpy as np

from devices.driver import CommandReply, HeartRate, Samples, Signal, SkinContact
from ecgcore.errors import NotificationError
from ecgcore.types import FloatArray
from gateway.causes import cause_of
from gateway.link import Details, Link, LinkError
from gateway.scanner import Sighting

_TRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Look:
    """What a patch showed of itself."""

    details: Details
    fs_hz: float | None
    """None: the patch has no ECG."""
    ecg_mv: FloatArray
    """shape (n_samples,), first lead"""
    contact: bool | None
    heart_rate_bpm: int | None


class _Viewer:
    """Collects what one link brings."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._pieces: list[Samples] = []
        self.contact: bool | None = None
        self.heart_rate_bpm: int | None = None
        self.came = asyncio.Event()

    async def pump(self) -> None:
        while True:
            notification = await self._link.inbox.get()
            try:
                packets = self._link.dialogue.decode(notification.characteristic, notification.data)
            except NotificationError:
                continue
            for packet in packets:
                self._take(packet)
            self.came.set()

    def _take(self, packet: object) -> None:
        match packet:
            case Samples():
                self._pieces.append(packet)
            case HeartRate(bpm=bpm, contact=contact):
                self.heart_rate_bpm, self.contact = bpm, contact
            case SkinContact(is_on=is_on):
                self.contact = is_on
            case CommandReply():
                self._link.answer(packet)

    @property
    def n_samples(self) -> int:
        return sum(piece.adc.shape[1] for piece in self._pieces)

    def ecg_mv(self, signal: Signal) -> FloatArray:
        if not self._pieces:
            return np.empty(0)
        adc = np.concatenate([piece.adc[0] for piece in self._pieces])
        return adc.astype(np.float64) * (signal.lsb_pv * 1e-9)


async def look(sighting: Sighting) -> Look:
    """Connect, take five seconds, stop and disconnect.

    Raises
    ------
    LinkError
        If the patch refuses, is gone, or sends nothing in time.
    """
    link = Link(sighting.driver, time_ns)
    viewer = _Viewer(link)
    try:
        async with asyncio.TaskGroup() as tasks:
            # It hands over the patch's answers, up to the last one.
            pump = tasks.create_task(viewer.pump())
            async with link.connected(sighting):
                details, signal = await _watch(link, viewer)
            pump.cancel()
    except ExceptionGroup as errors:
        first = cause_of(errors)
        msg = f"{sighting.device_id}: {first}"
        raise LinkError(msg) from first
    return Look(
        details,
        signal.fs_mhz / 1000 if signal else None,
        viewer.ecg_mv(signal) if signal else np.empty(0),
        viewer.contact,
        viewer.heart_rate_bpm,
    )


async def _watch(link: Link, viewer: _Viewer) -> tuple[Details, Signal | None]:
    details = await link.details()
    signal = await link.start()
    if signal is not None:
        await _collect(link, viewer, round(_TRACE_S * signal.fs_mhz / 1000))
    return details, signal


async def _collect(link: Link, viewer: _Viewer, n_samples: int) -> None:
    try:
        async with asyncio.timeout(link.dialogue.first_frame_timeout_s + 2 * _TRACE_S):
            while viewer.n_samples < n_samples:
                viewer.came.clear()
                link.check()
                await viewer.came.wait()
    except TimeoutError as error:
        msg = "the patch is connected but sends no samples"
        raise LinkError(msg) from error
