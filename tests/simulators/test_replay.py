from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import ConfigError
from simulators.replay import load_record, resample
from simulators.source import Source


def write_record(
    folder: Path, values: list[int], *, fs: str = "130", gain: str = "200/mV", name: str = "MLII"
) -> Path:
    """Write a WFDB record of format 16 by hand, after header(5) of the WFDB applications guide."""
    (folder / "rec.dat").write_bytes(np.array(values, "<i2").tobytes())
    header = f"rec 1 {fs} {len(values)}\nrec.dat 16 {gain} 16 0 0 0 0 {name}\n"
    (folder / "rec.hea").write_text(header)
    return folder / "rec"


def test_record_at_the_patchs_rate_passes_unchanged(tmp_path: Path) -> None:
    record: Source = load_record(write_record(tmp_path, [0, 200, -100, 1]), 130.0)
    assert record.read_uv(0, 4).tolist() == [0, 1000, -500, 5]
    assert record.rpeaks(0, 4) is None


def test_record_starts_again_after_its_end(tmp_path: Path) -> None:
    record = load_record(write_record(tmp_path, [200, 400, 600]), 130.0)
    assert record.n_samples == 3
    assert record.read_uv(2, 5).tolist() == [3000, 1000, 2000, 3000, 1000]


def test_microvolts_count_as_such(tmp_path: Path) -> None:
    record = load_record(write_record(tmp_path, [2000, 4000], gain="2/uV"), 130.0)
    assert record.read_uv(0, 2).tolist() == [1000, 2000]


def test_missing_samples_are_bridged(tmp_path: Path) -> None:
    # -32768 is "no sample" in format 16.
    record = load_record(write_record(tmp_path, [-32768, 200, -32768, 400, -32768]), 130.0)
    assert record.read_uv(0, 5).tolist() == [1000, 1000, 1500, 2000, 2000]


@pytest.mark.parametrize("fs_hz", [125.0, 250.0, 257.142857, 300.0, 360.0, 500.0, 1000.0])
def test_resampling_keeps_what_the_new_rate_can_carry(fs_hz: float) -> None:
    # Oracle: the sines themselves, taken at the new rate.
    def sines(time_s: np.ndarray) -> np.ndarray:
        return np.sin(2 * np.pi * 7 * time_s) + 0.5 * np.cos(2 * np.pi * 31 * time_s)

    n_samples = round(20 * fs_hz)
    moved = resample(sines(np.arange(n_samples) / fs_hz), fs_hz, 130.0)
    assert moved.size == pytest.approx(20 * 130, abs=1)
    middle = slice(130, -130)
    expected = sines(np.arange(moved.size) / 130)
    assert np.abs(moved[middle] - expected[middle]).max() < 0.01


def test_resampling_lets_nothing_fold_back() -> None:
    # 115 Hz would appear at 15 Hz.
    tone = np.sin(2 * np.pi * 115 * np.arange(20 * 360) / 360)
    assert np.abs(resample(tone, 360.0, 130.0)[130:-130]).max() < 0.01


@given(level_mv=st.floats(-5, 5))
def test_resampling_keeps_a_level_up_to_the_ends(level_mv: float) -> None:
    moved = resample(np.full(720, level_mv), 360.0, 130.0)
    assert moved == pytest.approx(level_mv, abs=0.01 * abs(level_mv) + 1e-9)


def test_record_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"record {tmp_path}/nope: there is no nope\.hea"):
        load_record(tmp_path / "nope", 130.0)


@pytest.mark.parametrize(
    "header",
    ["", "rec 1 130 4\nrec.dat 4711 200/mV\n", "rec 1 130 4\n", "\0\1"],
)
def test_record_that_cannot_be_read_is_one_line(tmp_path: Path, header: str) -> None:
    path = write_record(tmp_path, [1, 2, 3, 4])
    path.with_name("rec.hea").write_text(header)
    with pytest.raises(ConfigError) as caught:
        load_record(path, 130.0)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", [[-32768, -32768], [1, 2]])
def test_record_without_voltage_is_refused(tmp_path: Path, values: list[int]) -> None:
    gain = "200/mV" if values[0] < 0 else "200/mmHg"
    with pytest.raises(ConfigError, match=r"ECG channel has no|is a voltage"):
        load_record(write_record(tmp_path, values, gain=gain), 130.0)
