"""The ECG that is measured with: a real record where there is one, else a synthetic heart."""

from functools import cache

from simulators.ecg import EcgConfig, SyntheticEcg
from simulators.replay import load_record
from simulators.source import Source
from tests.e2e.demo_run import RECORD


def signal_name() -> str:
    """Say what is measured with."""
    is_real = RECORD.with_suffix(".hea").exists()
    return f"{RECORD.parent.name}/{RECORD.name}" if is_real else "synthetic"


@cache
def source(fs_hz: float) -> Source:
    """Give the signal at a patch's rate."""
    if RECORD.with_suffix(".hea").exists():
        return load_record(RECORD, fs_hz)
    return SyntheticEcg(EcgConfig(fs_hz))
