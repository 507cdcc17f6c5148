"""What lies over the base rhythm, over beats that were made up."""

import math

import pytest

from ecgcore.events import BeatLabel, BeatWaves, RhythmEnded, RhythmLabel, Wave
from ecgcore.patterns import PatternConfig, Patterns, PatternState
from ecgcore.rpeak import RPeak
from ecgcore.second import LabelledBeat
from ecgcore.state import dump_state, load_state

FS_HZ = 250.0
LETTERS = {"N": BeatLabel.NORMAL, "V": BeatLabel.VENTRICULAR, "S": BeatLabel.SUPRAVENTRICULAR}
Beat = tuple[LabelledBeat, float]
"""With its interval."""


def beat_of(sample: int, rr_s: float, letter: str, pr_ms: float | None = None) -> Beat:
    def wave(onset_ms: float) -> Wave:
        onset = sample + onset_ms * FS_HZ / 1e3
        return Wave(onset, onset + 10.0, onset + 20.0, 0.1, 0.9)

    waves = BeatWaves() if pr_ms is None else BeatWaves(wave(-40.0 - pr_ms), wave(-40.0))
    peak = RPeak(sample, 0.0, 1.0, 0.9, sample)
    return LabelledBeat(peak, waves, (waves,), LETTERS[letter], 1.0), rr_s


def beats_of(text: str, rr_s: float = 0.5, pr_ms: float | None = None) -> list[Beat]:
    return [
        beat_of(round(k * rr_s * FS_HZ), rr_s if k else math.nan, letter, pr_ms)
        for k, letter in enumerate(text)
    ]


def ended(beats: list[Beat], restored_at: int | None = None) -> list[RhythmEnded]:
    stage = Patterns(PatternConfig(), FS_HZ)
    events = []
    for k, (beat, rr_s) in enumerate(beats):
        if k == restored_at:
            state = load_state(PatternState, dump_state(stage.state, "law"), "law")
            stage = Patterns(PatternConfig(), FS_HZ, state)
        events += stage.push(beat, rr_s)
    events += stage.finish(sample_of(beats[-1]))
    return [each for each in events if isinstance(each, RhythmEnded)]


def sample_of(beat: Beat) -> int:
    return beat[0].peak.sample


@pytest.mark.parametrize(
    ("text", "label", "first", "last"),
    [
        ("NNNNVVNNNN", RhythmLabel.COUPLET, 4, 5),
        ("NNNNVVVNNNN", RhythmLabel.NSVT, 4, 6),
        ("NNNNVVVVVVNNNN", RhythmLabel.NSVT, 4, 9),
        ("NNVNVNVNVNNN", RhythmLabel.BIGEMINY, 1, 10),
        ("NNNVNNVNNVNNNN", RhythmLabel.TRIGEMINY, 1, 12),
    ],
)
def test_ectopic_beats(text: str, label: RhythmLabel, first: int, last: int) -> None:
    found = [each for each in ended(beats_of(text)) if each.label is label]
    assert len(found) == 1
    assert found[0].start == first * 125
    assert abs(found[0].end - last * 125) <= 125


def test_slow_triplet_is_no_tachycardia() -> None:
    labels = [each.label for each in ended(beats_of("NNNVVVNNN", rr_s=0.9))]
    assert labels == [RhythmLabel.TRIPLET]


@pytest.mark.parametrize("text", ["NNNNNNNNNN", "NNNVNNNNNN", "NNVNVNNNN", "NSNSNSNSNS"])
def test_no_pattern(text: str) -> None:
    assert ended(beats_of(text)) == []


@pytest.mark.parametrize(("rr_s", "n"), [(2.96, 0), (3.04, 1)])
def test_pause_from_three_seconds(rr_s: float, n: int) -> None:
    beats = [*beats_of("NN"), beat_of(125 + round(rr_s * FS_HZ), rr_s, "N")]
    found = ended(beats)
    assert [each.label for each in found] == [RhythmLabel.PAUSE] * n
    assert all((each.start, each.end) == (125, sample_of(beats[-1])) for each in found)


def test_long_pr_has_hysteresis() -> None:
    assert [e.label for e in ended(beats_of("N" * 30, pr_ms=210.0))] == [RhythmLabel.AVB1]
    assert ended(beats_of("N" * 30, pr_ms=195.0)) == []
    rising = [*beats_of("N" * 15, pr_ms=210.0), *beats_of("N" * 60, pr_ms=195.0)[15:]]
    found = ended(rising)
    assert [e.label for e in found] == [RhythmLabel.AVB1]
    assert found[0].end == sample_of(rising[-1])


@pytest.mark.parametrize("at", [3, 6, 9])
def test_restore_is_invisible(at: int) -> None:
    beats = beats_of("NNNVVVNVNVNVNNN")
    assert ended(beats, at) == ended(beats)


def test_memory_is_bounded() -> None:
    stage, sizes = Patterns(PatternConfig(), FS_HZ), []
    for beat, rr_s in beats_of("NVVVNVNVNV" * 60 + "V" * 600, pr_ms=150.0):
        stage.push(beat, rr_s)
        sizes.append(len(dump_state(stage.state, "law")))
    assert max(sizes[300:]) <= 1.2 * max(sizes[:300])
