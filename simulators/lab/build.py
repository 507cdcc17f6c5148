"""A plan becomes the patches to which it happens."""

from dataclasses import dataclass

from ecgcore.errors import ConfigError
from ecgcore.types import Lead
from simulators.heart.heart import Disturbance
from simulators.lab.kinds import Birth, PatchKind, patch_kind
from simulators.lab.patch import FaultyPatch
from simulators.lab.signals import Numbers, OffSkin, disturbances_of, signal_of
from simulators.patch import WorldlyPatch
from simulators.scenario.faults import Corrupt
from simulators.scenario.plan import Plan, Timetable
from simulators.scenario.schema import PatchGroup
from simulators.source import MultiSource

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Maker:
    """Builds one patch, at each of its starts."""

    group: PatchGroup
    kind: PatchKind
    number: int
    seed: int
    start_ns: int
    plan: Timetable
    disturbances: list[Disturbance]

    @property
    def leads(self) -> tuple[Lead, ...]:
        return self.group.leads or self.kind.leads

    @property
    def fs_hz(self) -> float:
        return float(self.group.rate_hz or self.kind.rates_hz[0])

    def __call__(self, start: int, utc_ns: int) -> WorldlyPatch:
        birth = Birth(
            self.number,
            start,
            self.seed,
            utc_ns,
            self._source(start, utc_ns),
            self.leads,
            self.fs_hz,
            self.group.battery_pct,
        )
        return self.kind.build(birth)

    def _source(self, start: int, utc_ns: int) -> MultiSource:
        if self.group.signal == "sample_number":
            kind = self.kind
            return Numbers(start, len(self.leads), kind.number_modulus, kind.number_step_uv)
        start_s = (utc_ns - self.start_ns) / _NS
        signal = signal_of(
            self.group,
            leads=self.leads,
            fs_hz=self.fs_hz,
            seed=(self.seed, self.number),
            start_s=start_s,
            disturbances=self.disturbances,
        )
        return OffSkin(signal, self.plan, self.fs_hz, start_s)


def build_patches(plan: Plan, start_ns: int) -> list[FaultyPatch]:
    """Give the patches of a scenario, all started at `start_ns` (UTC).

    Raises
    ------
    ConfigError
        If a patch's kind is not known, or lacks a lead, a rate or what a fault needs.
    """
    patches = []
    for number, group in enumerate(plan.scenario.groups, 1):
        kind = patch_kind(group.kind)
        _require_possible(group, kind, number)
        own = plan.of_patch(number)
        _require_vulnerable(own, kind, f"patch {number} ({group.kind})")
        disturbances = disturbances_of(own, plan.seed)
        make = _Maker(group, kind, number, plan.seed, start_ns, own, disturbances)
        patches.append(FaultyPatch(make, kind, own, disturbances, start_ns, plan.seed))
    return patches


def _require_possible(group: PatchGroup, kind: PatchKind, number: int) -> None:
    able = kind.able or kind.leads
    missing = [lead.label for lead in group.leads if lead not in able]
    if missing:
        msg = f"patch {number} ({group.kind}) has no lead {missing[0]}"
        raise ConfigError(msg)
    if group.leads and not kind.able and group.leads != kind.leads:
        labels = ", ".join(lead.label for lead in kind.leads)
        msg = f"patch {number} ({group.kind}) records {labels}, all of them"
        raise ConfigError(msg)
    if len(group.leads) > kind.most_leads:
        msg = f"patch {number} ({group.kind}) records {kind.most_leads} leads at most"
        raise ConfigError(msg)
    if group.rate_hz is not None and group.rate_hz not in kind.rates_hz:
        rates = ", ".join(str(rate) for rate in kind.rates_hz)
        msg = f"patch {number} ({group.kind}) cannot do {group.rate_hz} Hz, only {rates}"
        raise ConfigError(msg)


def _require_vulnerable(plan: Timetable, kind: PatchKind, who: str) -> None:
    for name in ("clock_reset", "clock_jump"):
        if plan.of(name) and not kind.has_clock:
            msg = f"{who}: {name} needs a clock that can be set, and it has none"
            raise ConfigError(msg)
    for name in ("silence", "loss", "duplicate", "reorder"):
        if plan.of(name) and not kind.has_samples:
            msg = f"{who}: {name} needs an ECG, and it sends none"
            raise ConfigError(msg)
    for each in plan.of("corrupt"):
        how = each.fault.how if isinstance(each.fault, Corrupt) else "any"
        if not kind.spoils or (how != "any" and how not in kind.spoils):
            ways = ", ".join(sorted(kind.spoils)) or "none"
            msg = f"{who}: corrupt, how {how!r}: damage that shows is only possible as {ways}"
            raise ConfigError(msg)
