"""How far found waves lie from those that readers drew, within records and on average."""

import numpy as np

from cloud.training.wave_beats import Mask, WaveBeats
from ecgcore.types import FloatArray

POINTS = ("P on", "P", "P off", "QRS on", "R", "QRS off", "T on", "T", "T off")


def errors_ms(
    beats: WaveBeats, points_s: FloatArray, point: int, record: int, is_best: bool
) -> FloatArray:
    """Give the errors of one point in one record; of two channels, the better one for each beat."""
    rows = np.flatnonzero((beats.record == record) & ~np.isnan(beats.points_s[:, point]))
    errors = 1e3 * (points_s[rows, point] - beats.points_s[rows, point])
    if not is_best:
        return np.asarray(errors)
    # The annotated R peak tells which beats are the same.
    keys = np.round(beats.place_s[rows] + beats.points_s[rows, 4], 3)
    best = [errors[keys == key][np.abs(errors[keys == key]).argmin()] for key in np.unique(keys)]
    return np.array(best)


def record_errors_ms(
    beats: WaveBeats, points_s: FloatArray, point: int, is_best: bool
) -> list[FloatArray]:
    """Give the errors of one point in each record that has more than two."""
    records = [
        errors_ms(beats, points_s, point, int(record), is_best)
        for record in np.unique(beats.record)
    ]
    return [errors for errors in records if errors.size > 2]


def score(beats: WaveBeats, points_s: FloatArray, log_odds: FloatArray) -> None:
    """Print the table: LUDB's lead II, and the better of QTDB's channels for each beat.

    The median over records is told beside the mean, which a record that is read quite differently
    moves.
    """
    is_lead_2, is_qtdb = (beats.source == 0) & (beats.lead == 1), beats.source == 1
    lead_2, qtdb = _only(beats, is_lead_2), _only(beats, is_qtdb)
    for k, name in enumerate(POINTS):
        if name == "R":
            continue
        alone = record_errors_ms(lead_2, points_s[is_lead_2], k, is_best=False)
        best = record_errors_ms(qtdb, points_s[is_qtdb], k, is_best=True)
        median = float(np.median([errors.mean() for errors in best]))
        print(f"{name:8} LUDB II {_line(alone)}   QTDB {_line(best)} median {median:+5.1f} ms")
    for k, name in enumerate(("P", "QRS", "T")):
        is_known = ~np.isnan(lead_2.present[:, k])
        is_there, found = lead_2.present[is_known, k] > 0, log_odds[is_lead_2][is_known, k]
        for least in (0.0, 0.5, 1.0, 1.5):
            hits = (is_there & (found > least)).sum()
            se, ppv = hits / is_there.sum(), hits / (found > least).sum()
            print(f"{name:8} LUDB II, log-odds over {least}: Se {se:.4f} +P {ppv:.4f}")


def _line(records: list[FloatArray]) -> str:
    mean, within = np.concatenate(records).mean(), np.mean([each.std() for each in records])
    return f"mean {mean:+5.1f} sd {within:5.1f}"


def _only(beats: WaveBeats, rows: Mask) -> WaveBeats:
    return WaveBeats(*(getattr(beats, name)[rows] for name in WaveBeats.__slots__))
