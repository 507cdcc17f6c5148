"""A gateway's session without radio and without waiting: patch, dialogue and recorder in a loop."""

import itertools
from collections.abc import Sequence

from devices.driver import Command, Conversation, Driver, Read, Samples, Signal, Wish
from ecgcore.errors import NotificationError
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame
from gateway.recorder import Recorder, RecorderConfig
from simulators.lab.build import build_patches
from simulators.lab.patch import FaultyPatch
from simulators.patch import Notification
from simulators.scenario.faults import HostClockJump, Mtu
from simulators.scenario.plan import Plan, Planned

START_NS = 1_790_000_000_000_000_000
_NS = 1_000_000_000
_STEP_S = 0.1
_RECONNECT_S = 0.7
_STALL_S = 5.0
_MTU_CUT_S = 1.0


class Host:
    """One patch's session."""

    def __init__(self, patch: FaultyPatch, driver: Driver, shared: Sequence[Planned]) -> None:
        self.patch = patch
        self.frames: list[Frame] = []
        self._driver = driver
        self._shared = shared
        self._ids = itertools.count(1)
        self._recorder: Recorder | None = None
        self._dialogue = driver.open(Wish())
        self._is_linked = False
        self._free_s = 0.0
        self._heard_s = 0.0
        self._is_restarted = False
        self.errors = 0

    def step(self, at_s: float) -> None:
        """Do what is due at a moment of the scenario."""
        if self._is_cut(at_s):
            if self._is_linked:
                self._drop(at_s)
            self._free_s = at_s + _RECONNECT_S
        elif not self._is_linked and at_s >= self._free_s:
            self._connect(at_s)
        elif self._is_linked:
            for notification in self.patch.due(_utc_ns(at_s)):
                self._take(notification, at_s)
                self.patch.account.sent(notification.samples)
            self._watch(at_s)

    def _is_cut(self, at_s: float) -> bool:
        plan = self.patch.plan
        if plan.is_on("link_cut", at_s) or plan.is_on("reboot", at_s):
            return True
        edges = [edge for each in plan.of("mtu") for edge in (each.start_s, each.end_s)]
        return any(edge <= at_s < edge + _MTU_CUT_S for edge in edges)

    def _mtu(self, at_s: float) -> int:
        limits = [
            each.fault.bytes_
            for each in self.patch.plan.of("mtu")
            if isinstance(each.fault, Mtu) and each.is_on(at_s)
        ]
        return min([self.patch.att_mtu, *limits])

    def _connect(self, at_s: float) -> None:
        self._dialogue = self._driver.open(Wish())
        self._is_linked, self._is_restarted, self._heard_s = True, False, at_s
        self._interrupt(same_link=False)
        for listen in self._dialogue.listens:
            self.patch.subscribe(listen.characteristic, True, _utc_ns(at_s), self._mtu(at_s))
        signal = self._converse(self._dialogue.start(), at_s)
        assert signal is not None
        if self._recorder is None:
            config = RecorderConfig(self.patch.device_id, signal)
            self._recorder = Recorder(config, lambda: next(self._ids))

    def _drop(self, at_s: float) -> None:
        self._is_linked = False
        self.patch.disconnect()
        self._free_s = at_s + _RECONNECT_S

    def _watch(self, at_s: float) -> None:
        if at_s - self._heard_s < _STALL_S:
            return
        if self._is_restarted:
            self._drop(at_s)
            return
        self._is_restarted, self._heard_s = True, at_s
        self._interrupt(same_link=True)
        self._converse(self._dialogue.stop(), at_s)
        self._converse(self._dialogue.start(), at_s)

    def _interrupt(self, *, same_link: bool) -> None:
        if self._recorder:
            self._recorder.interrupt(GapReason.LINK_LOST, is_same_link=same_link)

    def _converse(self, conversation: Conversation[Signal | None], at_s: float) -> Signal | None:
        answer = None
        while True:
            try:
                request = conversation.send(answer)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            answer = self._asked(request, at_s)

    def _asked(self, request: Command | Read, at_s: float) -> object:
        utc_ns = _utc_ns(at_s)
        if isinstance(request, Read):
            return self.patch.read(request.characteristic, utc_ns)
        replies = self.patch.write(request.characteristic, request.payload, utc_ns, self._mtu(at_s))
        packets = [
            packet
            for reply in replies
            for packet in self._dialogue.decode(reply.characteristic, reply.value)
        ]
        return packets[0] if request.has_reply else None

    def _take(self, notification: Notification, at_s: float) -> None:
        try:
            packets = self._dialogue.decode(notification.characteristic, notification.value)
        except NotificationError:
            self.errors += 1
            return
        for packet in packets:
            if isinstance(packet, Samples) and self._recorder:
                self._heard_s, self._is_restarted = at_s, False
                frame = self._recorder.take(packet, self._host_ns(at_s), is_lead_off=False)
                self.frames += [frame] if frame else []

    def _host_ns(self, at_s: float) -> int:
        ahead_s = 0.0
        for each in self._shared:
            if isinstance(each.fault, HostClockJump) and each.is_on(at_s):
                ahead_s += -each.fault.by if each.fault.is_back else each.fault.by
        return _utc_ns(at_s + ahead_s)


def play(plan: Plan, driver: Driver) -> list[Host]:
    """Play a plan to its end."""
    hosts = [Host(patch, driver, plan.shared()) for patch in build_patches(plan, START_NS)]
    for step in range(round(plan.scenario.duration_s / _STEP_S)):
        for host in hosts:
            host.step(step * _STEP_S)
    return hosts


def _utc_ns(at_s: float) -> int:
    return START_NS + round(at_s * _NS)
