"""P waves that were lost, in signals where they are known."""

import numpy as np
import pytest

from ecgcore.av_conduction import AvConfig, dropped_p
from ecgcore.conduction import ConductionConfig
from ecgcore.extraction import ExtractionConfig, analyse
from tests.ecgcore.test_conduction import FS_HZ, LENGTH_S, TRAIN, drawn, lost_every


@pytest.mark.parametrize("with_block", [True, False])
def test_lost_p_waves_are_counted(with_block: bool) -> None:
    r_s = lost_every(2) if with_block else TRAIN + 0.17
    ecg_mv = drawn(list(TRAIN), list(r_s))[np.newaxis]
    recorded = analyse(ecg_mv, FS_HZ, ("II",), ExtractionConfig())
    n_lost = int((TRAIN < LENGTH_S - 1.0).sum() - (np.asarray(r_s) < LENGTH_S - 1.0).sum())
    found = dropped_p(recorded, AvConfig(), ConductionConfig())
    assert dropped_p(recorded, AvConfig(), ConductionConfig()) == pytest.approx(n_lost, abs=2)
    assert (found > 20) is with_block
    # A gap before them loses none but those next to it.
    ecg_mv[0, 2000:2300] = np.nan
    gapped = dropped_p(
        analyse(ecg_mv, FS_HZ, ("II",), ExtractionConfig()), AvConfig(), ConductionConfig()
    )
    assert gapped == pytest.approx(n_lost, abs=6)
