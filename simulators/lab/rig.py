"""What can be seen of a scenario under way, what can be done to it, and its account."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from ecgcore.errors import ConfigError
from simulators.lab.room import ScenarioRoom, Worn
from simulators.lab.timeline import Timeline
from simulators.scenario.faults import Fault, Level, Scope
from simulators.scenario.plan import Plan, Planned

INJECTABLE = {
    "lead_off": 20.0,
    "link_cut": 20.0,
    "silence": 20.0,
    "reboot": 10.0,
    "battery_drain": 5.0,
}
"""What the page offers, with its duration in seconds of the scenario."""
_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)


class Rig:
    """One scenario at the Bluetooth level."""

    def __init__(self, plan: Plan, room: ScenarioRoom, timeline: Timeline) -> None:
        self._plan = plan
        self._room = room
        self._timeline = timeline
        self._injected: list[Planned] = []

    def about(self) -> dict[str, Any]:
        """Give what does not change while the scenario runs."""
        scenario = self._plan.scenario
        return {
            "name": scenario.name,
            "about": scenario.about.strip(),
            "seed": scenario.seed,
            "duration_s": scenario.duration_s,
            "speed": self._timeline.clock.speed,
            "injectable": sorted(INJECTABLE),
        }

    def state(self) -> dict[str, Any]:
        """Give what does."""
        now_s = self._timeline.now_s
        planned = [*self._plan.faults, *self._injected]
        return {
            "now_s": round(now_s, 2),
            "faults": [each.as_dict() for each in planned],
            "patches": [self._patch(worn, now_s) for worn in self._room.worn],
        }

    def _patch(self, worn: Worn, now_s: float) -> dict[str, Any]:
        patch = worn.patch
        active = sorted({each.kind for each in patch.plan if each.is_on(now_s)})
        return {
            "number": worn.number,
            "device": patch.device_id,
            "state": _state(worn, active),
            "is_worn": patch.is_worn,
            "battery_pct": patch.battery_pct,
            "faults": active,
            "runs": len(patch.account.runs),
            "sent_samples": patch.account.n_sent,
            "touched_samples": sum(patch.account.touched_by_kind().values()),
        }

    def inject(self, kind: str, number: int) -> None:
        """Let a fault begin now.

        Raises
        ------
        ConfigError
            If there is no such patch, or the fault is not one that may be injected.
        """
        if kind not in INJECTABLE or not 1 <= number <= len(self._room.worn):
            msg = f"inject {kind!r} into patch {number}: not possible"
            raise ConfigError(msg)
        now_s = self._timeline.now_s
        given = {"kind": kind, "at": now_s, "for": INJECTABLE[kind], "patches": [number]}
        try:
            fault = _FAULT.validate_python(given)
        except ValidationError as error:
            msg = f"inject {kind!r}: {error.errors()[0]['msg']}"
            raise ConfigError(msg) from error
        at = len(self._plan.faults) + len(self._injected) + 1
        planned = Planned(at, number, now_s, now_s + INJECTABLE[kind], fault)
        self._injected.append(planned)
        self._room.inject(number, planned)

    def account(self) -> dict[str, Any]:
        """Give the truth at the end."""
        return {
            **self.about(),
            "level": Level.BLUETOOTH.value,
            "played_s": round(self._timeline.now_s, 1),
            "faults": [each.as_dict() for each in (*self._plan.faults, *self._injected)],
            "left_out": [
                each.number
                for each in self._plan.faults
                if Level.BLUETOOTH not in each.fault.levels or each.fault.scope is Scope.HOST
            ],
            "patches": [
                {
                    "device": worn.patch.device_id,
                    "runs": [
                        {
                            "power_on_utc_ns": run.power_on_utc_ns,
                            "sample0_ns": run.sample0_ns,
                            "notifications": run.notifications,
                            "sent": [[each.start, each.stop] for each in run.sent],
                        }
                        for run in worn.patch.account.runs
                    ],
                    "sent_samples": worn.patch.account.n_sent,
                    "touched_samples": worn.patch.account.touched_by_kind(),
                }
                for worn in self._room.worn
            ],
        }


def _state(worn: Worn, active: list[str]) -> str:
    if "reboot" in active:
        return "off"
    if "link_cut" in active:
        return "cut off"
    if not worn.patch.is_streaming:
        return "waiting"
    return "silent" if "silence" in active else "streaming"
