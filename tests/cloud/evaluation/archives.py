"""Tiny archives with a known truth, written as WFDB records."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgcore.types import FloatArray
from tests.strategies import ecg_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import wfdb

FS_HZ = 250.0


def heart(
    duration_s: float, rr_s: float = 0.8, noise_mv: float = 0.01
) -> tuple[FloatArray, list[int]]:
    """Give a regular heart and the samples of its R peaks."""
    rpeaks_s = [0.5 + rr_s * n for n in range(int((duration_s - 1) / rr_s))]
    ecg_mv = ecg_of(rpeaks_s, FS_HZ, duration_s, noise_mv=noise_mv)
    return ecg_mv, [round(at * FS_HZ) for at in rpeaks_s]


def write_record(
    folder: Path, name: str, leads: Sequence[FloatArray], lead_names: Sequence[str]
) -> None:
    """Write signals in millivolts."""
    folder.mkdir(parents=True, exist_ok=True)
    _quietly(
        wfdb.wrsamp,
        name,
        fs=FS_HZ,
        units=["mV"] * len(leads),
        sig_name=list(lead_names),
        p_signal=np.stack(leads, axis=1),
        fmt=["16"] * len(leads),
        adc_gain=[1000.0] * len(leads),
        baseline=[0] * len(leads),
        write_dir=str(folder),
    )


def write_marks(
    folder: Path, name: str, extension: str, marks: Sequence[tuple[int, str, str]]
) -> None:
    """Write annotations: sample, code, note."""
    ordered = sorted(marks)
    # wfdb writes no digits in an extension, though it reads them.
    written = extension.replace("1", "")
    _quietly(
        wfdb.wrann,
        name,
        written,
        np.array([sample for sample, _, _ in ordered]),
        [symbol for _, symbol, _ in ordered],
        aux_note=[note for _, _, note in ordered],
        fs=FS_HZ,
        write_dir=str(folder),
    )
    (folder / f"{name}.{written}").rename(folder / f"{name}.{extension}")


def _quietly(call: Callable[..., None], *arguments: Any, **options: Any) -> None:
    """Call wfdb, which makes pandas warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call(*arguments, **options)
