"""A host without radio: a driver's dialogue against a simulated patch, time by steps."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from devices.driver import (
    Answer,
    Command,
    CommandReply,
    Conversation,
    Dialogue,
    Packet,
    Read,
    Request,
    Samples,
)
from ecgcore.types import Int32Array
from simulators.patch import AttRefused, Notification, SimulatedPatch

_T = TypeVar("_T")
S_NS = 1_000_000_000
ON_NS = 1_700_000_000 * S_NS
_STEP_NS = 25_000_000
_REPLY_NS = 5 * S_NS


class Host:
    """What a gateway does on a link, without waiting for anything.

    Parameters
    ----------
    is_lost : callable
        Asked for every notification whether it gets lost on the way.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        patch: SimulatedPatch,
        *,
        mtu: int | None = None,
        is_lost: Callable[[Notification], bool] = lambda notification: False,
    ) -> None:
        self.dialogue = dialogue
        self.patch = patch
        self.mtu = min(mtu or patch.att_mtu, patch.att_mtu)
        self.now_ns = patch.power_on_utc_ns + S_NS
        self.is_lost = is_lost
        self.packets: list[Packet] = []
        self.sent: list[range] = []
        """Samples of each notification that arrived."""
        self.lost: list[range] = []
        self.wrote: list[bytes] = []

    def listen(self) -> None:
        has = {each.uuid for service in self.patch.services for each in service.characteristics}
        for listen in self.dialogue.listens:
            assert listen.characteristic in has or not listen.required
            if listen.characteristic in has:
                self.patch.subscribe(listen.characteristic, True, self.now_ns, self.mtu)

    def converse(self, conversation: Conversation[_T]) -> _T:
        answer: Answer = None
        while True:
            try:
                answer = self._carry_out(conversation.send(answer))
            except StopIteration as end:
                result: _T = end.value
                return result

    def _carry_out(self, request: Request) -> Answer:
        match request:
            case Read(uuid):
                try:
                    return self.patch.read(uuid, self.now_ns)
                except AttRefused:
                    return b""
            case Command(name, uuid, payload, has_reply):
                self.wrote.append(payload)
                heard = self._hear(self.patch.write(uuid, payload, self.now_ns, self.mtu))
                deadline_ns = self.now_ns + _REPLY_NS
                while has_reply and self.now_ns < deadline_ns:
                    for packet in heard:
                        if isinstance(packet, CommandReply) and packet.name == name:
                            return packet
                    heard = self.wait(_STEP_NS)
        return None

    def wait(self, ns: int) -> list[Packet]:
        """Let time pass; give what was decoded of what came."""
        end_ns = self.now_ns + ns
        heard: list[Packet] = []
        while self.now_ns < end_ns:
            self.now_ns = min(self.now_ns + _STEP_NS, end_ns)
            heard += self._hear(self.patch.due(self.now_ns))
        return heard

    def _hear(self, notifications: Iterable[Notification]) -> list[Packet]:
        heard: list[Packet] = []
        for notification in notifications:
            assert len(notification.value) <= self.mtu - 3
            if self.is_lost(notification):
                self.lost.append(notification.samples)
                continue
            self.sent.append(notification.samples)
            heard += self.dialogue.decode(notification.characteristic, notification.value)
        self.packets += heard
        return heard

    @property
    def samples(self) -> list[Samples]:
        return [packet for packet in self.packets if isinstance(packet, Samples)]

    @property
    def adc(self) -> Int32Array:
        """Every sample heard, shape (n_leads, n)."""
        return np.concatenate([each.adc for each in self.samples], axis=1)


class Ramp:
    """The sample's number, times `step_uv`, as its value in microvolts, over and over."""

    def __init__(self, modulus: int = 1000, step_uv: int = 1) -> None:
        self._modulus = modulus
        self._step_uv = step_uv

    def read_uv(self, start: int, n_samples: int) -> Int32Array:
        numbers = np.arange(start, start + n_samples) % self._modulus
        return (numbers * self._step_uv).astype(np.int32)

    def rpeaks(self, start: int, end: int) -> None:
        return None


class Ramps:
    """Several ramps as the leads of one source."""

    def __init__(self, *ramps: Ramp) -> None:
        self.n_leads = len(ramps)
        self._ramps = ramps

    def read_uv(self, start: int, n_samples: int) -> Int32Array:
        return np.array([ramp.read_uv(start, n_samples) for ramp in self._ramps])

    def rpeaks(self, start: int, end: int) -> None:
        return None
