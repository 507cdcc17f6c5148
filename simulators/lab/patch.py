"""A simulated patch to which a plan happens; pure, as the patch inside.

Every draw depends on the seed, the fault's number in the plan and the first sample of the
notification alone: it is the same however fast time runs and whenever a host connects.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from devices.driver import Advertisement
from simulators.heart.heart import Disturbance
from simulators.lab.account import Account
from simulators.lab.kinds import PatchKind
from simulators.lab.signals import disturbances_of
from simulators.lab.world import battery_pct, crystal_ns
from simulators.patch import Notification, ServiceSpec, WorldlyPatch
from simulators.scenario.faults import Chancy, ClockJump, Corrupt
from simulators.scenario.plan import Planned, Timetable

_NS = 1_000_000_000
# What was held up by a weak signal may still be lost when it is over.
_BLUR_S = 60.0
# A clock set back by less cannot be told from a notification that comes late.
_UNTELLABLE_NS = 1_500_000_000
_UNTELLABLE_BLUR_S = 3.0
# What is this old was asked for by the host.
_FROM_MEMORY_S = 15.0

Build = Callable[[int, int], WorldlyPatch]
"""Takes the number of the start, from 0, and its UTC in ns."""


class FaultyPatch:
    """One patch of a scenario.

    Parameters
    ----------
    build : Build
        Makes the patch anew for each start.
    plan : Timetable
        Its faults; `add` puts more into it.
    disturbances : list of Disturbance
        Faults of its signal, as the signal's source has them.
    start_ns : int
        UTC of the scenario's begin, and of the first start.
    seed : int
        The scenario's.
    """

    def __init__(
        self,
        build: Build,
        kind: PatchKind,
        plan: Timetable,
        disturbances: list[Disturbance],
        start_ns: int,
        seed: int,
    ) -> None:
        self.plan = plan
        self._disturbances = disturbances
        self.account = Account()
        self._build = build
        self._kind = kind
        self._start_ns = start_ns
        self._seed = seed
        self._held: Notification | None = None
        self._blurred_until_s = float("-inf")
        self._inner = build(0, start_ns)
        self._full_pct = self._inner.condition.battery_pct
        self._starts = 0
        self._clock_faults = 0
        self.account.begin(self._inner, 0)

    # -- what it is -----------------------------------------------------------------------

    @property
    def device_id(self) -> str:
        """What the gateway calls this patch."""
        return self._inner.device_id

    @property
    def name(self) -> str:
        """What is advertised."""
        return self._inner.name

    @property
    def address(self) -> str:
        """Static random Bluetooth address."""
        return self._inner.address

    @property
    def att_mtu(self) -> int:
        """The most it agrees to, unless a fault says less."""
        return self._inner.att_mtu

    @property
    def fs_hz(self) -> float:
        """Samples per second of the patch's own clock."""
        return self._inner.fs_hz

    @property
    def power_on_utc_ns(self) -> int:
        """When sample 0 of this run was taken."""
        return self._inner.power_on_utc_ns

    @property
    def services(self) -> Sequence[ServiceSpec]:
        """What a host discovers."""
        return self._inner.services

    @property
    def is_streaming(self) -> bool:
        """Whether the ECG has been started."""
        return self._inner.is_streaming

    @property
    def is_worn(self) -> bool:
        """Whether the electrodes touch skin."""
        return self._inner.condition.is_worn

    @property
    def battery_pct(self) -> int:
        """State of charge."""
        return self._inner.condition.battery_pct

    def sample_ns(self, sample: int) -> int:
        """Give the patch's clock at a sample of this run."""
        return self._inner.sample_ns(sample)

    def add(self, planned: Planned) -> None:
        """Add a fault that begins now or later."""
        self.plan.add(planned)
        self._disturbances.extend(disturbances_of([planned], self._seed))

    # -- what a host does -----------------------------------------------------------------

    def advertisement(self, utc_ns: int) -> Advertisement:
        """Give what it advertises now."""
        return self._at(utc_ns).advertisement(self._crystal_ns(utc_ns))

    def read(self, characteristic: str, utc_ns: int) -> bytes:
        """Give the value of a characteristic."""
        return self._at(utc_ns).read(characteristic, self._crystal_ns(utc_ns))

    def write(
        self, characteristic: str, data: bytes, utc_ns: int, mtu: int
    ) -> Sequence[Notification]:
        """Take what a host wrote."""
        return self._at(utc_ns).write(characteristic, data, self._crystal_ns(utc_ns), mtu)

    def subscribe(self, characteristic: str, is_on: bool, utc_ns: int, mtu: int) -> None:
        """Note that a host turned notifications or indications on or off."""
        self._at(utc_ns).subscribe(characteristic, is_on, self._crystal_ns(utc_ns), mtu)

    def disconnect(self) -> None:
        """Forget the host; what was held back is lost."""
        self._held = None
        self._inner.disconnect()

    def due(self, utc_ns: int) -> Iterator[Notification]:
        """Give what is to be sent by now, as the plan leaves it.

        What a fault spoils has no samples any more; what may arrive or not still has.
        """
        inner = self._at(utc_ns)
        if self.is_off(utc_ns):
            return
        for notification in inner.due(self._crystal_ns(utc_ns)):
            if notification.samples:
                yield from self._spoiled(notification, self._sent_s(notification, utc_ns))
            else:
                yield notification

    def is_off(self, utc_ns: int) -> bool:
        """Tell whether the patch has no power now."""
        return self.plan.is_on("reboot", self._at_s(utc_ns))

    # -- what the plan does ---------------------------------------------------------------

    def _at_s(self, utc_ns: int) -> float:
        return (utc_ns - self._start_ns) / _NS

    def _crystal_ns(self, utc_ns: int) -> int:
        return crystal_ns(self.plan, self._start_ns, utc_ns)

    def _at(self, utc_ns: int) -> WorldlyPatch:
        """Bring the patch up to now."""
        at_s = self._at_s(utc_ns)
        reboots = [each for each in self.plan.of("reboot") if each.end_s <= at_s]
        if len(reboots) > self._starts:
            self._starts = len(reboots)
            self._start_anew(max(each.end_s for each in reboots))
        self._set_clock(at_s)
        condition = self._inner.condition
        condition.is_worn = not self.plan.is_on("lead_off", at_s)
        condition.battery_pct = battery_pct(self.plan, at_s, self._full_pct)
        return self._inner

    def _start_anew(self, start_s: float) -> None:
        self._held = None
        began_ns = self._start_ns + round(start_s * _NS)
        self._inner = self._build(self._starts, self._crystal_ns(began_ns))
        # What was done to the clock before went with the power.
        self._clock_faults = len(self._clock_faults_until(start_s))
        self.account.begin(self._inner, self._starts)

    def _clock_faults_until(self, at_s: float) -> list[Planned]:
        faults = [*self.plan.of("clock_jump"), *self.plan.of("clock_reset")]
        begun = [each for each in faults if each.start_s <= at_s]
        return sorted(begun, key=lambda each: each.start_s)

    def _set_clock(self, at_s: float) -> None:
        for each in self._clock_faults_until(at_s)[self._clock_faults :]:
            self._clock_faults += 1
            condition = self._inner.condition
            if isinstance(each.fault, ClockJump):
                condition.clock_shift_ns += round(each.fault.by * _NS)
            else:
                began_ns = self._crystal_ns(self._start_ns + round(each.start_s * _NS))
                condition.clock_shift_ns = self._inner.power_on_utc_ns - began_ns
                if began_ns - self._inner.power_on_utc_ns < _UNTELLABLE_NS:
                    self._blurred_until_s = each.start_s + _UNTELLABLE_BLUR_S
            self._held = None
            self.account.begin(self._inner, self._starts)

    def _spoiled(self, notification: Notification, at_s: float) -> Iterator[Notification]:
        first = notification.samples.start
        if taken := self._taken_by(first, at_s):
            self._touch(notification, taken)
            # What waited to be overtaken would come later than what is merely late.
            self._held = None
            return
        if spoiling := self._hit("corrupt", first, at_s):
            notification = self._corrupted(notification, spoiling)
        elif blur := self._blur(at_s):
            self.account.touched(notification.samples, blur)
        held, self._held = self._held, None
        if held is None and self._hit("reorder", first, at_s):
            self._held = self._touch(notification, "reorder")
            return
        yield notification
        if self._hit("duplicate", first, at_s):
            yield replace(notification, samples=range(0))
        if held is not None:
            yield held

    def _taken_by(self, first: int, at_s: float) -> str | None:
        if self.plan.is_on("silence", at_s):
            return "silence"
        return "loss" if self._hit("loss", first, at_s) else None

    def _sent_s(self, notification: Notification, utc_ns: int) -> float:
        """Give when a notification goes out: as its last sample is taken, or from memory, now.

        By the sample's own time, what happens to it does not depend on who polls how often.
        """
        taken_s = self._taken_s(notification.samples.stop)
        now_s = self._at_s(utc_ns)
        return taken_s if now_s - taken_s < _FROM_MEMORY_S else now_s

    def _taken_s(self, sample: int) -> float:
        taken_ns = self._inner.power_on_utc_ns + sample * _NS / self._inner.fs_hz
        return (taken_ns - self._start_ns) / _NS

    def _hit(self, kind: str, first: int, at_s: float) -> Planned | None:
        """Give the fault of a kind that happens to the notification of a first sample, if any."""
        for each in self.plan.of(kind):
            fault = each.fault
            if not each.is_on(at_s) or not isinstance(fault, Chancy):
                continue
            if self._chance(each, first).random() < fault.probability:
                return each
        return None

    def _chance(self, planned: Planned, first: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, planned.number, len(self.account.runs), first))

    def _corrupted(self, notification: Notification, planned: Planned) -> Notification:
        chance = self._chance(planned, notification.samples.start)
        chance.random()
        ways = sorted(self._kind.spoils)
        if isinstance(planned.fault, Corrupt) and planned.fault.how != "any":
            ways = [planned.fault.how]
        spoil = self._kind.spoils[ways[int(chance.integers(len(ways)))]]
        value = spoil(notification.value, chance)
        return replace(self._touch(notification, "corrupt"), value=value)

    def _touch(self, notification: Notification, kind: str) -> Notification:
        if notification.samples:
            self.account.touched(notification.samples, kind)
        return replace(notification, samples=range(0))

    def _blur(self, at_s: float) -> str | None:
        """Give what may spoil a notification or not, nobody can say in advance."""
        if at_s < self._blurred_until_s:
            return "clock_reset"
        for each in self.plan.of("weak_signal"):
            if each.start_s <= at_s < each.end_s + _BLUR_S:
                return each.kind
        return None
