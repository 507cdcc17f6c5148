"""Run one peer over signals, in the peers' own environment: `python peer_run.py NAME KIND IN OUT`.

Knows nothing of this project. IN is an npz with `fs` and signals `x0`, `x1` ... in millivolts; OUT
gets `cpu_s`, and for each signal the beats (or values, or labels) `r0`, `r1` ... or the wave points
`w0`, `w1` ...: shape (9, n_beats), NaN where there is none, rows as `POINTS`.
"""

import os
import sys
import time
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

POINTS = ("p_on", "p", "p_off", "qrs_on", "r", "qrs_off", "t_on", "t", "t_off")
_WARM_UP_S = 10
_MOST_RUNS, _ENOUGH_S = 3, 20.0


def sleepecg_beats(ecg_mv: Any, fs: float) -> Any:
    import sleepecg

    return sleepecg.detect_heartbeats(ecg_mv, fs)


def xqrs_beats(ecg_mv: Any, fs: float) -> Any:
    from wfdb.processing import xqrs_detect

    return xqrs_detect(ecg_mv, fs, verbose=False)


def neurokit_beats(ecg_mv: Any, fs: float, method: str = "neurokit") -> Any:
    import neurokit2 as nk

    clean = nk.ecg_clean(ecg_mv, sampling_rate=int(fs), method=method)
    return nk.ecg_peaks(clean, sampling_rate=int(fs), method=method)[1]["ECG_R_Peaks"]


def pantompkins_beats(ecg_mv: Any, fs: float) -> Any:
    return neurokit_beats(ecg_mv, fs, "pantompkins1985")


def neurokit_waves(ecg_mv: Any, fs: float) -> Any:
    import neurokit2 as nk

    clean = nk.ecg_clean(ecg_mv, sampling_rate=int(fs))
    beats = nk.ecg_peaks(clean, sampling_rate=int(fs))[1]["ECG_R_Peaks"]
    waves = nk.ecg_delineate(clean, beats, sampling_rate=int(fs), method="dwt")[1]
    names = [f"ECG_{wave}_{what}s" for wave in "PRT" for what in ("Onset", "Peak", "Offset")]
    return np.array([waves.get(name, beats) for name in names], float)


def prominence_waves(ecg_mv: Any, fs: float) -> Any:
    from prominence_delineator import ProminenceDelineator

    # It needs R peaks; the fastest detector gives them.
    beats = sleepecg_beats(ecg_mv, fs)
    found = ProminenceDelineator(sampling_frequency=fs).find_waves(
        ecg_mv, beats, include_nodetections=True
    )
    names = ["P_on", "P", "P_off", "R_on", "R", "R_off", "T_on", "T", "T_off"]
    return np.array([found[name] for name in names], float)


def ecgdeli_waves(ecg_mv: Any, fs: float) -> Any:
    import ecgdeli

    found = ecgdeli.annotate(ecgdeli.filter_ecg(ecg_mv, fs=fs), fs=fs).leads[0]
    names = ["p_on", "p_peak", "p_off", "qrs_on", "r_peak", "qrs_off", "t_on", "t_peak", "t_off"]
    points = np.array([getattr(found, name) for name in names], float)
    points[points < 0] = np.nan
    return points


def neurokit_process(ecg_mv: Any, fs: float) -> Any:
    import neurokit2 as nk

    return nk.ecg_process(ecg_mv, sampling_rate=int(fs))[1]["ECG_R_Peaks"]


def neurokit_values(ecg_mv: Any, fs: float) -> Any:
    import neurokit2 as nk

    signals, _ = nk.ecg_process(ecg_mv, sampling_rate=int(fs))
    values = nk.ecg_intervalrelated(signals, sampling_rate=int(fs))
    found = [np.asarray(value, float).ravel()[0] for value in values.iloc[0]]
    return np.array([value for value in found if np.isfinite(value)])


@cache
def openecg_codec() -> Any:
    from openecg import load_codec_onnx

    return load_codec_onnx()


def openecg_embedding(ecg_mv: Any, fs: float) -> Any:
    import openecg

    # It gives no embedding but labels of samples, by a network over the same ten seconds.
    return openecg.encode(ecg_mv, fs=int(fs), model=openecg_codec()).channels.ravel()


CALLS: dict[tuple[str, str], Callable[[Any, float], Any]] = {
    ("sleepecg", "beats"): sleepecg_beats,
    ("wfdb xqrs", "beats"): xqrs_beats,
    ("NeuroKit2", "beats"): neurokit_beats,
    ("NeuroKit2 pantompkins", "beats"): pantompkins_beats,
    ("NeuroKit2 dwt", "waves"): neurokit_waves,
    ("prominence-delineator", "waves"): prominence_waves,
    ("ecgdeli", "waves"): ecgdeli_waves,
    ("NeuroKit2 ecg_process", "all"): neurokit_process,
    ("prominence-delineator", "all"): lambda ecg_mv, fs: prominence_waves(ecg_mv, fs)[4],
    ("NeuroKit2 ecg_process and ecg_intervalrelated", "values"): neurokit_values,
    ("openecg codec", "embedding"): openecg_embedding,
    ("ecgdeli", "all"): lambda ecg_mv, fs: ecgdeli_waves(ecg_mv, fs)[4],
}


def main() -> None:
    """Run over all signals."""
    warnings.simplefilter("ignore")
    name, kind, source, target = sys.argv[1:]
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    call = CALLS[name, kind]
    with np.load(source) as data:
        fs = float(data["fs"])
        signals = [data[f"x{n}"] for n in range(len(data.files) - 1)]
    _tried(call, signals[0][: round(_WARM_UP_S * fs)], fs)
    took_s: list[float] = []
    # The best of some runs, as ours.
    while len(took_s) < _MOST_RUNS and sum(took_s) < _ENOUGH_S:
        start_s = time.process_time()
        found = [_tried(call, signal, fs) for signal in signals]
        took_s.append(time.process_time() - start_s)
    cpu_s = min(took_s)
    letter = "w" if kind == "waves" else "r"
    np.savez(
        target,
        cpu_s=cpu_s,
        n_failed=sum(each is None for each in found),
        **{f"{letter}{n}": _or_none(each, kind) for n, each in enumerate(found)},
    )


def _tried(call: Callable[[Any, float], Any], signal: Any, fs: float) -> Any:
    """Give None where a peer fails on a signal: it then found nothing there."""
    try:
        return call(signal, fs)
    except Exception as error:
        print(f"{type(error).__name__}: {error}"[:200], file=sys.stderr)
        return None


def _or_none(found: Any, kind: str) -> Any:
    if found is None:
        return np.empty((len(POINTS), 0)) if kind == "waves" else np.empty(0)
    return np.asarray(found, float)


if __name__ == "__main__":
    main()
