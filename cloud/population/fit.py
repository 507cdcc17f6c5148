"""Rows of the population's tables out of what was measured of normal people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from ecgcore.catalogue import catalogue
from ecgcore.person import Person, Sex
from ecgcore.population import PROBABILITIES, REFERENCE_HR, Core, Row, Table
from ecgcore.types import FloatArray
from ecgcore.vector import EIGHT

_GLOBAL = (
    *("hr_mean", "p_dur", "pr_int", "pr_seg", "qrs_dur", "qt_int", "jt_int", "tpe_int"),
    *("qtc_bazett", "qtc_fridericia", "qtc_framingham", "qtc_hodges", "qtc_rautaharju"),
    *("jtc", "jtpc", "tpe_qt", "iceb", "icebc"),
)
_GLOBAL_EIGHT = (
    *("p_axis", "qrs_axis", "t_axis", "qrst_angle_frontal", "qrst_angle_spatial_mean"),
    *("qrst_angle_spatial_peak", "qrs_vm", "t_vm", "vg_magnitude", "lvh_sokolow", "lvh_cornell"),
    *("lvh_lewis", "qrs_sum12", "qrs_pca_ratio", "t_pca_ratio", "ptf_v1", "r_progression"),
)
_LEAD = ("r_amp", "s_amp", "t_amp", "st_j60", "qrs_area", "t_area", "r_peak_time")
_CORE = ("hr_mean", "p_dur", "pr_int", "qrs_dur", "qtc_fridericia", "tpe_int")
_CORE_EIGHT = ("qrs_axis", "t_axis", "qrst_angle_spatial_mean", "lvh_sokolow", "lvh_cornell")
_IQR_OVER_SD = 1.349
"""Of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a table holds."""

    id: str
    title: str
    leads: tuple[str, ...]
    keys: tuple[str, ...]
    """Over all leads."""
    lead_keys: tuple[str, ...]
    core: tuple[str, ...]


PLANS = (
    Plan(
        id="eight",
        title="Eight leads or more",
        leads=EIGHT,
        keys=_GLOBAL + _GLOBAL_EIGHT,
        lead_keys=_LEAD,
        core=_CORE + _CORE_EIGHT,
    ),
    Plan(
        id="single",
        title="Fewer leads than eight, from single ones",
        leads=(),
        keys=_GLOBAL,
        lead_keys=(),
        core=_CORE,
    ),
)


@dataclass(frozen=True, slots=True)
class FitConfig:
    """When a row is made, and how."""

    least_n: int = 20
    """People that a row rests on at least."""
    age_bands: tuple[tuple[float, float], ...] = ((18.0, 40.0), (40.0, 60.0), (60.0, 120.0))
    """Years, the end excluded."""
    skewed: float = 1.0
    """A value above 0 that is skewed more is taken as its logarithm, if that is less skewed."""
    least_n_rate: int = 100
    """People from whom a change with the heart rate is told."""
    least_t_rate: float = 4.0
    """Slope over its standard error, from which that change is taken for real."""
    core_z: float = 3.0
    """Deviations are cut here before their correlation is taken, lest one misreading make it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one normal person."""

    source: str
    person: Person
    leads: tuple[str, ...]
    values: Mapping[tuple[str, str | None], float] = field(default_factory=dict)
    """By key and lead; what is absent is not here."""


def fit(plan: Plan, people: Sequence[Measured], config: FitConfig) -> Table:
    """Make a table from the people whose leads suit it.

    Raises
    ------
    ValueError
        If there are too few of them.
    """
    suited = [each for each in people if _suits(plan, each)]
    if len(suited) < config.least_n:
        msg = f"table {plan.id}: {len(suited)} normal people, fewer than {config.least_n}"
        raise ValueError(msg)
    wanted: list[tuple[str, str | None]] = [(key, None) for key in plan.keys]
    wanted += [(key, lead) for lead, key in product(plan.leads, plan.lead_keys)]
    rows = [row for key, lead in wanted for row in _rows(plan, key, lead, suited, config)]
    return Table(
        id=plan.id,
        title=plan.title,
        leads=plan.leads,
        rows=tuple(rows),
        core=_core(plan, rows, suited, config),
    )


def _suits(plan: Plan, measured: Measured) -> bool:
    # What stands in the table of many leads would differ from what one lead shows.
    return set(plan.leads) <= set(measured.leads) if plan.leads else len(measured.leads) == 1


def _rows(
    plan: Plan, key: str, lead: str | None, people: Sequence[Measured], config: FitConfig
) -> Iterator[Row]:
    with_value = [each for each in people if (key, lead) in each.values]
    sexes = (None, *Sex)
    for sex, band in product(sexes, (None, *config.age_bands)):
        chosen = [each for each in with_value if _is_in(each.person, sex, band)]
        if len(chosen) >= config.least_n:
            row = _row(key, lead, chosen, config)
            yield _of_stratum(row, plan, sex, band)


def _is_in(person: Person, sex: Sex | None, band: tuple[float, float] | None) -> bool:
    if sex is not None and person.sex is not sex:
        return False
    age = person.age_years
    return band is None or (age is not None and band[0] <= age < band[1])


def _of_stratum(row: Row, plan: Plan, sex: Sex | None, band: tuple[float, float] | None) -> Row:
    ages = f"{band[0]:.0f}-{band[1]:.0f}a" if band else None
    place = (plan.id, row.key, row.lead, *((sex, ages) if sex or ages else ("all",)))
    return replace(
        row,
        id="/".join(filter(None, place)),
        sex=sex,
        age_from=band[0] if band else None,
        age_to=band[1] if band else None,
    )


def _row(key: str, lead: str | None, people: Sequence[Measured], config: FitConfig) -> Row:
    x = np.array([each.values[key, lead] for each in people], float)
    hr = np.array([each.values.get(("hr_mean", None), np.nan) for each in people], float)
    is_angle = catalogue()[key].unit == "deg"
    is_log = not is_angle and _is_better_as_log(x, config)
    g = np.log(x) if is_log else x
    per_bpm = 0.0 if key == "hr_mean" else _per_bpm(g, hr, is_angle, config)
    off = per_bpm * np.where(np.isnan(hr), 0.0, hr - REFERENCE_HR)
    centre = _circular_centre(g) if is_angle else float(np.median(g - off))
    residual = (np.remainder(g - centre + 180.0, 360.0) - 180.0 if is_angle else g - centre) - off
    lower, upper = np.quantile(residual, (0.25, 0.75))
    # Values on a grid of samples can agree in more than half of all people.
    scale = float(upper - lower) / _IQR_OVER_SD or float(np.std(residual, ddof=1)) or 1.0
    return Row(
        id="",
        key=key,
        lead=lead,
        n=x.size,
        sources=tuple(sorted({each.source for each in people})),
        is_log=is_log,
        is_angle=is_angle,
        centre=_rounded(centre),
        scale=_rounded(scale),
        per_bpm=_rounded(per_bpm),
        quantiles=tuple((np.round(np.quantile(residual / scale, PROBABILITIES), 3) + 0.0).tolist()),
    )


def _is_better_as_log(x: FloatArray, config: FitConfig) -> bool:
    if (x <= 0.0).any():
        return False
    plain = abs(_skew(x))
    return plain > config.skewed and abs(_skew(np.log(x))) < plain


def _skew(x: FloatArray) -> float:
    off = x - x.mean()
    spread = float(np.sqrt(np.mean(off**2)))
    return float(np.mean(off**3)) / spread**3 if spread > 0.0 else 0.0


def _per_bpm(g: FloatArray, hr: FloatArray, is_angle: bool, config: FitConfig) -> float:
    is_known = np.isfinite(hr)
    n = int(is_known.sum())
    if is_angle or n < config.least_n_rate:
        return 0.0
    x, y = hr[is_known] - hr[is_known].mean(), g[is_known] - g[is_known].mean()
    spread = float(x @ x)
    if spread == 0.0:
        return 0.0
    slope = float(x @ y) / spread
    error = (float(np.sum((y - slope * x) ** 2)) / (n - 2) / spread) ** 0.5
    return slope if abs(slope) >= config.least_t_rate * error else 0.0


def _circular_centre(deg: FloatArray) -> float:
    mean = np.angle(np.exp(1j * np.radians(deg)).mean(), deg=True)
    off = np.remainder(deg - mean + 180.0, 360.0) - 180.0
    return float(np.remainder(mean + np.median(off) + 180.0, 360.0) - 180.0)


def _core(plan: Plan, rows: Sequence[Row], people: Sequence[Measured], config: FitConfig) -> Core:
    of_all = {row.key: row for row in rows if row.id.endswith("/all") and row.lead is None}
    keys = [key for key in plan.core if key in of_all]
    whole = [each for each in people if all((key, None) in each.values for key in keys)]
    z = np.array([[_z(of_all[key], each) for key in keys] for each in whole], float)
    correlation, shrinkage = shrunk(np.clip(z, -config.core_z, config.core_z))
    return Core(
        rows=tuple(keys),
        correlation=tuple(tuple(row) for row in np.round(correlation, 4).tolist()),
        shrinkage=round(shrinkage, 4),
        n=len(whole),
    )


def _z(row: Row, measured: Measured) -> float:
    z = row.z(measured.values[row.key, None], measured.values.get(("hr_mean", None)))
    return np.nan if z is None else z


def shrunk(z: FloatArray) -> tuple[FloatArray, float]:
    """Give the correlation of columns, shrunk towards none, and by how much (0 to 1).

    Notes
    -----
    The intensity that is best in expectation, from the variance of the coefficients themselves
    (Schaefer and Strimmer 2005). Rows are people; shape (n, k), n > 2.
    """
    n = z.shape[0]
    spread = z.std(axis=0)
    standard = (z - z.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    products = standard[:, :, np.newaxis] * standard[:, np.newaxis, :]
    r = products.mean(axis=0)
    variance = n / (n - 1) ** 3 * ((products - r) ** 2).sum(axis=0)
    is_off = ~np.eye(r.shape[0], dtype=bool)
    total = float((r[is_off] ** 2).sum())
    share = 1.0 if total == 0.0 else min(float(variance[is_off].sum()) / total, 1.0)
    return np.where(is_off, (1.0 - share) * r, 1.0), share


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
