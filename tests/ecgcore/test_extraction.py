"""A whole recording, measured at once."""

import math

import numpy as np
import pytest

from ecgcore.catalogue import LATENT, Kind, catalogue
from ecgcore.events import Measurement, NullReason
from ecgcore.extraction import Extraction, ExtractionConfig, analyse, extract, measure
from ecgcore.lead_window import BANDS_HZ
from ecgcore.measured import gated, measurement_of
from ecgcore.occasion import Mark, MarkKind, Occasion
from ecgcore.types import FloatArray
from ecgcore.wavelet import N_LEVELS
from tests.strategies import WAVES, ecg_of

FS_HZ = 250.0
SECONDS = 12.0
LEADS = ("II", "V5")
_BANDS = [f"bp_{name}" for name in BANDS_HZ]
_OCTAVES = [f"wavelet_e{level + 1}" for level in range(N_LEVELS)]


def recording(gain: float = 1.0) -> FloatArray:
    ecg_mv = ecg_of([0.6 + 0.8 * k for k in range(14)], FS_HZ, SECONDS, noise_mv=0.01)
    return gain * np.stack([ecg_mv, 0.7 * ecg_mv])


def of(found: Extraction) -> dict[tuple[str, str | None], Measurement]:
    return {(each.key, each.lead): each for each in found.measurements}


def test_rates_intervals_and_shape_come_together() -> None:
    found = extract(recording(), FS_HZ, LEADS, ExtractionConfig())
    values = of(found)
    assert found.n_beats == 14
    assert found.duration_s == SECONDS
    assert values["hr_mean", None].value == pytest.approx(75.0, abs=0.5)
    assert values["qrs_dur", None].n >= 10
    gain = values["r_amp", "V5"].value, values["r_amp", "II"].value
    assert gain[0] is not None
    assert gain[1] is not None
    assert gain[0] / gain[1] == pytest.approx(0.7, abs=0.02)
    assert values["sdnn", None].null_reason is NullReason.TOO_SHORT
    # What the representative beat gives is not given by the window a second time.
    assert len(values) == len(found.measurements)


def test_what_was_noted_beside_a_recording_is_used() -> None:
    marks = (Mark(round(6.0 * FS_HZ), MarkKind.SYMPTOM, "palpitation"),)
    found = of(
        extract(recording(), FS_HZ, LEADS, ExtractionConfig(), occasion=Occasion(marks=marks))
    )
    text = found["symptom_rhythm_table", None].text
    assert text is not None
    assert '"text": "palpitation", "rhythms": ["sinus_rhythm"]' in text
    assert found["rhythm_class", None].text == "sinus_rhythm"
    assert found["tmpl_corr", "V5"].value == pytest.approx(1.0, abs=0.01)
    without = of(extract(recording(), FS_HZ, LEADS, ExtractionConfig()))
    assert without["symptom_rhythm_table", None].null_reason is NullReason.NOT_APPLICABLE


def test_every_key_of_the_registry_is_told_or_said_why_not() -> None:
    told = {
        each.key for each in extract(recording(), FS_HZ, LEADS, ExtractionConfig()).measurements
    }
    for entry in catalogue().entries:
        is_elsewhere = entry.kind is Kind.POINTER or entry.group == LATENT
        if not is_elsewhere and not entry.key.endswith("*"):
            assert entry.key in told


def test_variability_is_measured_where_it_is_long_enough() -> None:
    beats_s = np.cumsum(0.8 + 0.05 * np.sin(0.25 * 2 * np.pi * 0.8 * np.arange(110)))
    ecg_mv = ecg_of(list(beats_s), FS_HZ, 90.0, noise_mv=0.01)
    values = of(extract(ecg_mv[np.newaxis], FS_HZ, ("II",), ExtractionConfig()))
    assert values["sdnn", None].value == pytest.approx(0.05e3 / 2**0.5, abs=2.0)
    assert values["hf", None].value is not None
    assert values["lf", None].null_reason is NullReason.TOO_SHORT
    assert values["sdnn", None].n > 90


def test_fibrillation_has_no_variability_of_the_sinus_node() -> None:
    rng = np.random.default_rng(3)
    beats_s = np.cumsum(rng.uniform(0.35, 1.1, 110))
    ecg_mv = ecg_of(list(beats_s), FS_HZ, 80.0, noise_mv=0.01)
    # The P wave of every beat taken off again.
    (height_mv, place_s, width_s), times_s = WAVES[0], np.arange(ecg_mv.size) / FS_HZ
    for beat_s in beats_s:
        ecg_mv -= height_mv * np.exp(-0.5 * ((times_s - beat_s - place_s) / width_s) ** 2)
    values = of(extract(ecg_mv[np.newaxis], FS_HZ, ("II",), ExtractionConfig()))
    assert values["sdnn", None].null_reason is NullReason.AF
    assert values["af_nrmssd", None].value is not None


def test_the_size_of_chunks_changes_nothing() -> None:
    ecg_mv = recording()
    config = ExtractionConfig()
    one, other = (
        measure(analyse(ecg_mv, FS_HZ, LEADS, config, chunk_s=chunk_s), config).measurements
        for chunk_s in (0.1, 20.0)
    )
    assert one == other


def test_missing_samples_are_a_gap() -> None:
    ecg_mv = recording()
    ecg_mv[0, 1000:1300] = math.nan
    found = extract(ecg_mv, FS_HZ, LEADS, ExtractionConfig())
    longest = of(found)["rr_longest", None].value
    assert longest is not None
    assert longest < 1000.0
    assert found.sqi == pytest.approx(0.9, abs=0.1)


def test_what_is_too_short_for_a_representative_beat_is_refused() -> None:
    values = of(extract(recording()[:, : round(9.0 * FS_HZ)], FS_HZ, LEADS, ExtractionConfig()))
    for key, lead in (("qrs_dur", None), ("t_area", "II"), ("qtc_bazett", None)):
        assert values[key, lead].null_reason is NullReason.TOO_SHORT, key
    assert values["hr_mean", None].value is not None


def test_a_value_that_asks_for_a_faster_rate_is_taken_back() -> None:
    value = measurement_of("rmssd", 30.0, 99, 0.9, None)
    assert gated(value, 300.0, 250.0) is value
    slow = gated(value, 300.0, 50.0)
    assert (slow.value, slow.n, slow.null_reason) == (None, 0, NullReason.FS_TOO_LOW)
    assert gated(value, 20.0, 250.0).null_reason is NullReason.TOO_SHORT


@pytest.mark.parametrize("n_samples", [1, 400, 3000])
def test_without_a_heart_every_value_has_its_reason(n_samples: int) -> None:
    found = extract(np.zeros((2, n_samples)), FS_HZ, LEADS, ExtractionConfig())
    assert found.n_beats == 0
    valued = {each.key for each in found.measurements if each.value is not None}
    # What is said of the line itself is said all the same.
    of_line = {"flat_frac", "leadoff_frac", "wander_pp", "psd", *_BANDS, *_OCTAVES}
    of_link = {"coverage", "loss_frac", "gap_count", "longest_gap"}
    assert valued <= {"sqi", "noise_rms", "qrs_count", *of_line, *of_link}
    for each in found.measurements:
        said = (each.value, each.text, each.vector)
        assert (each.null_reason is not None) is (said == (None, None, None)), each.key


def test_what_is_no_voltage_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond"):
        extract(np.full((1, 500), 1e9), FS_HZ, ("I",), ExtractionConfig())
    with pytest.raises(ValueError, match="no samples"):
        extract(np.zeros((2, 0)), FS_HZ, LEADS, ExtractionConfig())
    with pytest.raises(ValueError, match="rate"):
        extract(np.zeros((1, 500)), 20.0, ("I",), ExtractionConfig())
