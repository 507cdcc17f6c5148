"""The kinds of simulated patch that a scenario may name, and how each one can be spoiled.

A kind says how a patch is built and which bytes of its notifications show damage: a value that a
driver would take for good samples is no damage that anybody could account for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from devices import sig
from ecgcore.errors import ConfigError
from ecgcore.types import FloatArray, Int32Array, Lead
from simulators.lab.open_patch import OPEN_PATCH_LEADS, WorldlyOpenPatch
from simulators.patch import WorldlyPatch
from simulators.patches.bitalino import SimulatedBitalino
from simulators.patches.ganglion import GanglionConfig, SimulatedGanglion
from simulators.patches.healthypi import HealthyPi, SimulatedHealthyPi
from simulators.patches.heart_rate import SimulatedStrap
from simulators.patches.movesense import MovesenseConfig, SimulatedMovesense
from simulators.patches.open_patch import OpenPatchConfig
from simulators.patches.polar_h10 import PatchConfig, SimulatedH10
from simulators.patches.sensor import SensorConfig
from simulators.source import MultiSource

_FIRST_SERIAL = 0x0A1B2C
_H10_TYPE, _H10_FRAME_TYPE, _H10_HEADER_BYTES, _H10_SAMPLE_BYTES = 0, 9, 10, 3

Spoil: TypeAlias = Callable[[bytes, np.random.Generator], bytes]


@dataclass(frozen=True, slots=True)
class Birth:
    """What a patch is made of."""

    number: int
    """From 1."""
    start: int
    """How often it was started before."""
    seed: int
    power_on_utc_ns: int
    source: MultiSource
    leads: tuple[Lead, ...]
    fs_hz: float
    battery_pct: int
    drift_ppm: float = 0.0
    """How much faster than UTC the patch's clock runs."""


@dataclass(frozen=True, slots=True)
class PatchKind:
    """One kind of patch."""

    build: Callable[[Birth], WorldlyPatch]
    leads: tuple[Lead, ...]
    """What it records if nothing is said."""
    rates_hz: tuple[int, ...]
    """What it can; the first if nothing is said."""
    spoils: Mapping[str, Spoil]
    """By the `how` of a `corrupt` fault."""
    able: tuple[Lead, ...] = ()
    """What it can record; empty: what it does by default and nothing else."""
    most_leads: int = 1
    has_clock: bool = False
    """Whether it has a clock that somebody can set."""
    number_modulus: int = 1 << 23
    """Sample numbers as values stay below this."""
    number_step_uv: int = 1
    """What a sample number counts, so that the patch's scale keeps each apart."""
    has_samples: bool = True
    """Whether it sends an ECG at all."""


def patch_kind(name: str) -> PatchKind:
    """Give a kind by its name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in _KINDS:
        msg = f"patch kind {name!r}: there are {', '.join(kind_names())}"
        raise ConfigError(msg)
    return _KINDS[name]


def kind_names() -> tuple[str, ...]:
    """Give the names of all kinds."""
    return tuple(sorted(_KINDS))


def serial_of(seed: int, number: int) -> str:
    """Give eight hex digits of a patch, counted from 1."""
    return f"{(_FIRST_SERIAL + seed) & 0xFFFFFF:06X}{number:02X}"


def _build_h10(birth: Birth) -> WorldlyPatch:
    config = PatchConfig(
        serial_of(birth.seed, birth.number),
        birth.power_on_utc_ns,
        drift_ppm=birth.drift_ppm,
        fs_hz=birth.fs_hz,
        battery_pct=birth.battery_pct,
    )
    return SimulatedH10(config, FirstLead(birth.source))


def _sensor(birth: Birth, serial: str | None = None) -> SensorConfig:
    serial = serial_of(birth.seed, birth.number) if serial is None else serial
    return SensorConfig(serial, birth.power_on_utc_ns, birth.drift_ppm, birth.battery_pct)


def _build_movesense(birth: Birth) -> WorldlyPatch:
    serial = f"{birth.seed % 10**6:06d}{birth.number:06d}"
    config = MovesenseConfig(serial, birth.power_on_utc_ns, birth.drift_ppm, birth.battery_pct)
    return SimulatedMovesense(config, FirstLead(birth.source), round(birth.fs_hz))


def _healthypi(make: HealthyPi) -> Callable[[Birth], WorldlyPatch]:
    return lambda birth: SimulatedHealthyPi(_sensor(birth), FirstLead(birth.source), make)


def _strap(make: str, rr_unit_ms: float) -> Callable[[Birth], WorldlyPatch]:
    def build(birth: Birth) -> WorldlyPatch:
        source = FirstLead(birth.source)
        return SimulatedStrap(_sensor(birth), source, birth.fs_hz, rr_unit_ms=rr_unit_ms, make=make)

    return build


def _build_bitalino(birth: Birth) -> WorldlyPatch:
    serial = f"{birth.seed & 0xFF:02X}-{birth.number & 0xFF:02X}"
    return SimulatedBitalino(_sensor(birth, serial), FirstLead(birth.source))


def _ganglion(firmware: str, bits: int) -> Callable[[Birth], WorldlyPatch]:
    def build(birth: Birth) -> WorldlyPatch:
        config = GanglionConfig(
            f"{birth.seed & 0xFF:02x}{birth.number & 0xFF:02x}",
            birth.power_on_utc_ns,
            birth.drift_ppm,
            birth.battery_pct,
            firmware,
            bits,
        )
        return SimulatedGanglion(config, birth.source)

    return build


def _build_open_patch(birth: Birth) -> WorldlyPatch:
    config = OpenPatchConfig(
        number=int(serial_of(birth.seed, birth.number), 16),
        power_on_utc_ns=birth.power_on_utc_ns,
        leads=birth.leads,
        fs_hz=round(birth.fs_hz),
        rates_hz=(round(birth.fs_hz),),
        is_open=True,
        drift_ppm=birth.drift_ppm,
        first_boot=birth.start + 1,
    )
    return WorldlyOpenPatch(config, lambda fs_hz: birth.source, birth.battery_pct)


class FirstLead:
    """The first lead of several as a `Source`."""

    def __init__(self, source: MultiSource) -> None:
        self._source = source

    def read_uv(self, start: int, n_samples: int) -> Int32Array:
        """Give samples in microvolts, shape (n_samples,)."""
        return np.asarray(self._source.read_uv(start, n_samples)[0])

    def rpeaks(self, start: int, end: int) -> FloatArray | None:
        """Give where the R peaks lie in [start, end), in samples; None if nobody knows."""
        return self._source.rpeaks(start, end)


def _one_bit(value: bytes, chance: np.random.Generator) -> bytes:
    at = int(chance.integers(len(value)))
    return _replaced(value, at, value[at] ^ (1 << int(chance.integers(8))))


def _replaced(value: bytes, at: int, byte: int) -> bytes:
    return value[:at] + bytes([byte]) + value[at + 1 :]


def _h10_bits(value: bytes, chance: np.random.Generator) -> bytes:
    at = (_H10_TYPE, _H10_FRAME_TYPE)[int(chance.integers(2))]
    return _replaced(value, at, value[at] ^ (1 << int(chance.integers(2, 6))))


def _h10_truncated(value: bytes, chance: np.random.Generator) -> bytes:
    lengths = [n for n in range(1, len(value)) if (n - _H10_HEADER_BYTES) % _H10_SAMPLE_BYTES]
    return value[: lengths[int(chance.integers(len(lengths)))]]


def _h10_unknown(value: bytes, chance: np.random.Generator) -> bytes:
    return _replaced(value, _H10_FRAME_TYPE, int(chance.integers(0x40, 0x7F)))


def _half(value: bytes, chance: np.random.Generator) -> bytes:
    return value[: len(value) // 2]


def _uneven(value: bytes, chance: np.random.Generator) -> bytes:
    return value[:-1]


def _ganglion_unknown(value: bytes, chance: np.random.Generator) -> bytes:
    return _replaced(value, 0, int(chance.integers(0xE0, 0x100)))


def _movesense_unknown(value: bytes, chance: np.random.Generator) -> bytes:
    return _replaced(value, 0, int(chance.integers(0x40, 0x7F)))


# Its bytes are samples and nothing else: only a number of them that cannot be shows.
_UNEVEN_ONLY: Mapping[str, Spoil] = {"truncated": _uneven}
_GANGLION_LEADS = (Lead.I, Lead.II, Lead.V1, Lead.V5)
_KINDS = {
    "polar_h10": PatchKind(
        _build_h10,
        leads=(Lead.CHEST,),
        rates_hz=(130,),
        spoils={"bits": _h10_bits, "truncated": _h10_truncated, "unknown": _h10_unknown},
        has_clock=True,
    ),
    "movesense": PatchKind(
        _build_movesense,
        leads=(Lead.CHEST,),
        rates_hz=(250,),
        spoils={"truncated": _half, "unknown": _movesense_unknown},
    ),
    "open_patch": PatchKind(
        _build_open_patch,
        leads=(Lead.I, Lead.II),
        rates_hz=(250,),
        # A check sum over every frame.
        spoils={"bits": _one_bit, "truncated": _half},
        able=OPEN_PATCH_LEADS,
        most_leads=8,
    ),
    "healthypi_5": PatchKind(
        _healthypi(HealthyPi.FIVE),
        leads=(Lead.CHEST,),
        rates_hz=(125,),
        spoils=_UNEVEN_ONLY,
    ),
    "healthypi_move": PatchKind(
        _healthypi(HealthyPi.MOVE),
        leads=(Lead.CHEST,),
        rates_hz=(128,),
        spoils=_UNEVEN_ONLY,
    ),
    "bitalino": PatchKind(
        _build_bitalino,
        leads=(Lead.CHEST,),
        rates_hz=(100,),
        # Four bits of check sum pass one damage in sixteen: none that always shows.
        spoils={},
        number_modulus=300,
        number_step_uv=3,
    ),
    "ganglion": PatchKind(
        _ganglion("2.0.1", 18),
        leads=_GANGLION_LEADS,
        rates_hz=(200,),
        spoils={"truncated": _half, "unknown": _ganglion_unknown},
        most_leads=len(_GANGLION_LEADS),
        # Back to the first number must still fit a difference.
        number_modulus=400,
    ),
    "ganglion_3": PatchKind(
        _ganglion("3.0.2", 19),
        leads=_GANGLION_LEADS,
        rates_hz=(200,),
        spoils={"truncated": _half, "unknown": _ganglion_unknown},
        most_leads=len(_GANGLION_LEADS),
        number_modulus=15_000,
    ),
    "heart_rate": PatchKind(
        _strap("Strap", sig.RR_UNIT_MS),
        leads=(Lead.CHEST,),
        rates_hz=(130,),
        spoils={},
        has_samples=False,
    ),
    "heartypatch": PatchKind(
        _strap("HeartyPatch", 1.0),
        leads=(Lead.CHEST,),
        rates_hz=(130,),
        spoils={},
        has_samples=False,
    ),
}
