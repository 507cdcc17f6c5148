import numpy as np
import pytest
from scipy.signal import butter, sosfilt, sosfilt_zi

from ecgcore.filters import Butterworth, ButterworthConfig

NOISE = np.random.default_rng(3).standard_normal(2000).cumsum()


@pytest.mark.parametrize(
    ("kind", "cutoff_hz", "order"),
    [("bandpass", (5.0, 20.0), 2), ("lowpass", (8.0,), 3), ("highpass", (0.5,), 1)],
)
def test_equals_scipy_on_the_whole_signal(
    kind: str, cutoff_hz: tuple[float, ...], order: int
) -> None:
    sections = butter(order, np.squeeze(cutoff_hz), kind, fs=250.0, output="sos")  # type: ignore[call-overload]  # kind is a plain str here
    expected, _ = sosfilt(sections, NOISE, zi=sosfilt_zi(sections) * NOISE[0])
    stage = Butterworth(ButterworthConfig(250.0, kind, cutoff_hz, order))  # type: ignore[arg-type]  # same
    np.testing.assert_allclose(stage.push(NOISE), expected, rtol=1e-9, atol=1e-9)


def test_a_constant_gives_no_transient() -> None:
    stage = Butterworth(ButterworthConfig(130.0, "bandpass", (5.0, 20.0)))
    assert np.abs(stage.push(np.full(500, 5.0))).max() < 1e-9


def test_starts_anew_after_reset() -> None:
    stage = Butterworth(ButterworthConfig(130.0, "bandpass", (5.0, 20.0)))
    first = stage.push(NOISE)
    stage.reset()
    assert np.array_equal(stage.push(NOISE), first)


def test_no_samples_give_none_and_settle_nothing() -> None:
    stage = Butterworth(ButterworthConfig(130.0, "lowpass", (5.0,)))
    assert stage.push(np.empty(0)).size == 0
    assert stage.state.memory is None


def test_a_cutoff_beyond_nyquist_is_refused() -> None:
    with pytest.raises(ValueError, match="critical frequencies"):
        Butterworth(ButterworthConfig(30.0, "bandpass", (5.0, 20.0)))
