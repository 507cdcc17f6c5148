"""The four dimensions in a few values each: what is looked at first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ecgcore.catalogue import Scope, catalogue
from ecgcore.events import Dimension
from ecgcore.report import DimensionSummary, ReportMeasurement

_GLOBAL = (Scope.GLOBAL_AVERAGE, Scope.GLOBAL_WINDOW)
_S, _I = Dimension.STRUCTURAL, Dimension.INTENSITY
_F, _C = Dimension.FUNCTIONAL, Dimension.COMPARATIVE


@dataclass(frozen=True, slots=True)
class SummaryConfig:
    """Which values stand for a dimension, in the order they are wanted in."""

    keys: Mapping[Dimension, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType(
            {
                _S: (
                    *("hr_mean", "pr_int", "qrs_dur", "qtc_fridericia", "qrs_axis", "p_dur"),
                    *("t_axis", "rr_longest"),
                ),
                _I: (
                    *("r_amp", "st_j60", "t_amp", "lvh_sokolow", "lvh_cornell", "qrs_vm"),
                    *("p_amp_pos", "noise_rms"),
                ),
                _F: (
                    *("rmssd", "sdnn", "pvc_burden", "af_burden", "edr_rate", "lf_hf"),
                    *("sd1_sd2", "dfa_a1", "sampen", "stress_0_100"),
                ),
                _C: (
                    *("qrst_angle_spatial_mean", "tpe_qt", "jt_qt", "r_t_ratio", "r_progression"),
                    *("qt_disp", "tmpl_corr", "z_self", "iceb", "qrst_angle_frontal"),
                ),
            }
        )
    )
    leads: tuple[str, ...] = ("II", "V5", "I")
    """Of a value of each lead, the first of these that is there; else the first that has one."""
    least: int = 3
    most: int = 5


def summarised(
    measurements: Sequence[ReportMeasurement], config: SummaryConfig | None = None
) -> tuple[DimensionSummary, ...]:
    """Give three to five values of each dimension, those that are there before those that are not.

    A dimension of which nothing was asked is left out.
    """
    config = config or SummaryConfig()
    found = {dim: _chosen(measurements, keys, config) for dim, keys in config.keys.items()}
    return tuple(DimensionSummary(dim=dim, values=each) for dim, each in found.items() if each)


def _chosen(
    measurements: Sequence[ReportMeasurement], keys: Sequence[str], config: SummaryConfig
) -> tuple[ReportMeasurement, ...]:
    alike = [[m for m in measurements if m.key == key] for key in keys]
    one_each = [_of_lead(each, config.leads) for each in alike if each]
    there = [m for m in one_each if m.null_reason is None][: config.most]
    absent = [m for m in one_each if m.null_reason is not None]
    wanted = there + absent[: max(config.least - len(there), 0)]
    return tuple(m for m in one_each if m in wanted)


def _of_lead(alike: Sequence[ReportMeasurement], leads: Sequence[str]) -> ReportMeasurement:
    """Give the value over all leads, or that of the lead wanted most, as the registry has it."""
    by_lead = {m.lead: m for m in reversed(alike)}
    entry = catalogue().find(alike[0].key)
    is_global = entry is not None and any(scope in _GLOBAL for scope in entry.scope)
    order = (None, *leads) if is_global else (*leads, None)
    return next((by_lead[lead] for lead in order if lead in by_lead), alike[0])
