"""The budgets table of docs/open-patch.md: `python -m tests.bench.open_patch FOLDER_OF_PTB_XL`.

Ten-second records at 500 Hz in microvolts; 250 Hz are means of two samples. 1000 Hz cannot be had
from them and is left out rather than made up.
"""

import sys
from pathlib import Path

import numpy as np
import wfdb

from devices.open_patch.frame import MAX_SAMPLES, OVERHEAD_BYTES
from devices.open_patch.rice import encode_rice
from ecgcore.types import Int32Array

_ROOM_BYTES = 244 - OVERHEAD_BYTES
# Of PTB-XL's order: I; I, II, V2; I, II, V1 to V6.
_LEADS = {1: [0], 3: [0, 1, 7], 8: [0, 1, 6, 7, 8, 9, 10, 11]}
_N_RECORDS = 10


def frames(adc: Int32Array, longest: int) -> list[tuple[int, int]]:
    """Give samples and payload bytes of the frames a signal takes."""
    found, at = [], 0
    while at < adc.shape[1]:
        n = min(longest, adc.shape[1] - at)
        while len(payload := encode_rice(adc[:, at : at + n])) > _ROOM_BYTES:
            n = min(n - 1, n * _ROOM_BYTES // len(payload))
        found.append((n, len(payload)))
        at += n
    return found[:-1]


def row(records: list[Int32Array], fs_hz: int, n_leads: int) -> str:
    longest = min(MAX_SAMPLES, fs_hz // 2)
    found = [frame for adc in records for frame in frames(adc[_LEADS[n_leads]], longest)]
    samples, payload = np.sum(found, axis=0)
    seconds = samples / fs_hz
    bytes_s = (payload + OVERHEAD_BYTES * len(found)) / seconds
    return (
        f"| {n_leads} | {fs_hz} | {payload / samples / n_leads:.2f} | {samples / len(found):.0f}"
        f" | {len(found) / seconds:.1f} | {bytes_s * 8 / 1000:.1f} | {bytes_s * 86_400 / 1e6:.0f} |"
    )


def main(folder: Path) -> None:
    names = sorted(folder.glob("*_hr.hea"))[:_N_RECORDS]
    signals = [wfdb.rdrecord(str(name.with_suffix(""))).p_signal.T for name in names]
    fast = [np.rint(1000 * signal).astype(np.int32) for signal in signals]
    slow = [np.rint((uv[:, ::2] + uv[:, 1::2]) / 2).astype(np.int32) for uv in fast]
    print("| leads | Hz | bytes a sample | samples a frame | frames/s | kbit/s | MB a day |")
    print("|---|---|---|---|---|---|---|")
    for fs_hz, records in ((250, slow), (500, fast)):
        for n_leads in _LEADS:
            print(row(records, fs_hz, n_leads))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
