"""Counts and burdens over beats that were made up, whole and in parts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.events import BeatLabel, RhythmEnded, RhythmLabel
from ecgcore.rhythm_judged import TallyConfig
from ecgcore.rhythm_sums import BeatSums
from ecgcore.rhythm_tally import Found, RhythmTally, TallyState
from ecgcore.settling import Settled, SettledBeat, SettledPiece
from ecgcore.state import dump_state, load_state

FS_HZ = 100
LETTERS = {
    "N": BeatLabel.NORMAL,
    "V": BeatLabel.VENTRICULAR,
    "S": BeatLabel.SUPRAVENTRICULAR,
    "P": BeatLabel.PACED,
}
SINUS, AF, NOISE = RhythmLabel.SINUS_RHYTHM, RhythmLabel.AFIB, RhythmLabel.NOISE


def beats_of(
    text: str, rr_s: float | list[float] = 0.5, rhythm: RhythmLabel = SINUS
) -> list[Settled]:
    """Give beats by their letters, small ones without a P wave; no interval spans a ``|``."""
    steps = rr_s if isinstance(rr_s, list) else [rr_s] * len(text)
    beats: list[Settled] = []
    time_s, is_linked = 1.0, False
    for letter, step_s in zip(text, steps, strict=True):
        if letter == "|":
            is_linked = False
            continue
        time_s += step_s
        beats.append(
            SettledBeat(
                round(time_s * FS_HZ),
                round(time_s * 1e6),
                round(step_s * 1e6) if is_linked else None,
                LETTERS[letter.upper()],
                rhythm,
                letter.isupper(),
            )
        )
        is_linked = True
    return beats


def pieces_of(*parts: tuple[float, RhythmLabel], usable: bool = True) -> list[Settled]:
    """Give second after second of rhythms."""
    pieces: list[Settled] = []
    at = 0
    for length_s, rhythm in parts:
        for _ in range(round(length_s)):
            is_usable = usable and rhythm is not NOISE
            pieces.append(SettledPiece(at, at + FS_HZ, is_usable, rhythm))
            at += FS_HZ
    return pieces


def tallied(items: list[Settled], config: TallyConfig | None = None) -> RhythmTally:
    tally = RhythmTally(config or TallyConfig(), FS_HZ)
    for item in items:
        tally.push(item)
    return tally


def found(items: list[Settled]) -> Found:
    return tallied(items).found()


def test_beats_are_counted_by_class() -> None:
    told = found(beats_of("NNVNSNPNN"))
    n_of = [told.n_of(label) for label in LETTERS.values()]
    assert (told.n_beats, n_of) == (9, [6, 1, 1, 1])


@pytest.mark.parametrize(
    ("text", "rr_s", "pairs", "triples", "runs", "longest", "bpm", "total_s"),
    [
        ("NNVVNN", 0.5, 1, 0, 0, 0, 0.0, 0.0),
        ("NNVVVNN", 0.5, 0, 1, 1, 3, 120.0, 1.0),
        ("NNVVVNN", 0.7, 0, 1, 0, 0, 0.0, 0.0),
        ("VVNVVVVVNVVV", 0.4, 1, 1, 2, 5, 150.0, 2.4),
        ("VVVV|VV", 0.4, 1, 0, 1, 4, 150.0, 1.2),
        ("V|V|V", 0.4, 0, 0, 0, 0, 0.0, 0.0),
    ],
)
def test_runs_of_ventricular_beats(
    text: str, rr_s: float, pairs: int, triples: int, runs: int, longest: int, bpm: float,
    total_s: float,
) -> None:  # fmt: skip
    v = found(beats_of(text, rr_s)).ventricular
    assert (v.n_pairs, v.n_triples, v.n, v.longest_n) == (pairs, triples, runs, longest)
    assert v.fastest * 60e6 == pytest.approx(bpm)
    assert v.length / 1e6 == pytest.approx(total_s)


def test_runs_of_supraventricular_beats_are_none_in_fibrillation() -> None:
    text = "NNSSSSNNSSN"
    s = found(beats_of(text, 0.4)).supraventricular
    assert (s.n, s.longest_n, s.fastest * 60e6) == (1, 4, pytest.approx(150.0))
    assert found(beats_of(text, 0.4, AF)).supraventricular.n == 0
    assert found(beats_of(text, 0.7)).supraventricular.n == 0


@pytest.mark.parametrize(
    ("text", "bigeminy_s", "trigeminy_s"),
    [
        ("NNVNVNVNN", 3.0, 0.0),  # one sinus beat, then three cycles up to the next
        ("NNVNVNN", 0.0, 0.0),
        ("NNVNNVNNVNNN", 0.0, 5.0),
        ("NVNV|NVNV", 0.0, 0.0),
        ("VNVNVN", 2.5, 0.0),
    ],
)
def test_time_in_cycles(text: str, bigeminy_s: float, trigeminy_s: float) -> None:
    told = found(beats_of(text, 0.5))
    assert told.bigeminy.length / 1e6 == pytest.approx(bigeminy_s)
    assert told.trigeminy.length / 1e6 == pytest.approx(trigeminy_s)


def test_pauses_are_longer_in_fibrillation() -> None:
    steps = [0.8, 0.8, 3.0, 0.8, 5.1, 0.8]
    told = found(beats_of("NNNNNN", steps))
    assert (told.sums.n_pauses, told.sums.n_pauses_af, told.peaks.pause_us) == (2, 0, 5_100_000)
    told = found(beats_of("NNNNNN", steps, AF))
    assert (told.sums.n_pauses, told.sums.n_pauses_af, told.peaks.pause_us) == (0, 1, 5_100_000)


@pytest.mark.parametrize(
    ("rr_s", "brady_s", "tachy_s"), [(1.25, 25.0, 0.0), (0.5, 0.0, 10.0), (0.8, 0.0, 0.0)]
)
def test_time_at_a_slow_or_fast_rate(rr_s: float, brady_s: float, tachy_s: float) -> None:
    sums = found(beats_of("N" * 21, rr_s)).sums
    assert sums.judged_us / 1e6 == pytest.approx(20 * rr_s)
    assert (sums.brady_us / 1e6, sums.tachy_us / 1e6) == pytest.approx((brady_s, tachy_s))


def test_too_few_intervals_have_no_rate() -> None:
    assert found(beats_of("N" * 8, 2.0)).sums.judged_us == 0
    assert found(beats_of("NNNNN|NNNNN", 2.0)).sums.judged_us == 0


@pytest.mark.parametrize(
    ("text", "last_s", "n"),
    [
        ("NNNNNNn", 1.3, 1),
        ("NNNNNNV", 1.3, 1),
        ("NNNNNNN", 1.3, 0),  # has its P wave: a pause of the sinus node
        ("NNNNNNn", 1.1, 0),
        ("NNNNNVn", 1.3, 0),  # compensation
        ("nnnnnnn", 1.3, 0),  # no P wave can be seen at all
    ],
)
def test_escape_beats(text: str, last_s: float, n: int) -> None:
    assert found(beats_of(text, [1.0] * 6 + [last_s])).sums.n_escapes == n


def test_coupling_intervals_of_premature_beats() -> None:
    steps = [1.0] * 5 + [0.5, 1.5, 1.0, 1.0, 0.7, 1.3, 1.6]
    sums = found(beats_of("NNNNNVNNNVNV", steps)).sums
    # The last one comes late: no premature beat.
    assert (sums.n_coupled, sums.coupled_us, sums.coupled_us2) == (2, 1_200_000, 740_000_000_000)


def test_time_in_fibrillation_and_its_episodes() -> None:
    told = tallied(pieces_of((60, SINUS), (40, AF), (20, SINUS), (10, AF), (30, SINUS)))
    assert told.usable_s == 160.0
    assert told.state.rhythms[AF] == 50 * FS_HZ
    af = told.found().af
    assert (af.n, af.longest / FS_HZ, af.length / FS_HZ) == (1, 40.0, 40.0)


def test_unreadable_signal_does_not_end_fibrillation_but_does_not_count() -> None:
    told = tallied(pieces_of((20, AF), (10, NOISE), (20, AF), (31, NOISE), (20, AF)))
    af = told.found().af
    assert (af.n, af.longest / FS_HZ) == (1, 50.0)
    assert (told.usable_s, told.state.rhythms[AF]) == (60.0, 60 * FS_HZ)


def test_fibrillating_ventricles_have_no_beats() -> None:
    in_vf = beats_of("VVVVV", 0.3, RhythmLabel.VF)
    told = found([*beats_of("NNVV", 0.5), *in_vf, *beats_of("VVNVN", 0.5)])
    assert (told.n_beats, told.n_of(BeatLabel.VENTRICULAR)) == (9, 5)
    assert (told.ventricular.n_pairs, told.ventricular.n) == (2, 0)


def test_rate_in_fibrillation() -> None:
    told = found([*beats_of("N" * 9, 0.5), *beats_of("N" * 20, [0.6] * 11 + [0.4] * 9, AF)])
    assert (told.sums.n_af, told.peaks.af_span_us) == (19, 3_200_000)
    assert 60e6 * told.sums.n_af / told.sums.af_us == pytest.approx(60 * 19 / (10 * 0.6 + 9 * 0.4))


@st.composite
def streams(draw: st.DrawFn) -> list[Settled]:
    """Draw beats with pieces of their rhythm around them, in order."""
    items: list[Settled] = []
    at_s = 0
    rhythm = st.sampled_from([SINUS, SINUS, AF, NOISE, RhythmLabel.UNDETERMINED, RhythmLabel.VF])
    for _ in range(draw(st.integers(1, 8))):
        now, n, rr_s = (
            draw(rhythm),
            draw(st.integers(0, 14)),
            draw(st.sampled_from([0.4, 1.3, 3.2])),
        )
        text = draw(st.text("NNVVSPn", min_size=n, max_size=n))
        has_link = bool(items) and draw(st.booleans())
        beats = beats_of(text, rr_s, now)
        for k, beat in enumerate(beats):
            assert isinstance(beat, SettledBeat)
            rr_us = round(rr_s * 1e6) if k or has_link else None
            start, time_us = at_s * FS_HZ + beat.start, round(at_s * 1e6) + beat.time_us
            items.append(beat._replace(start=start, time_us=time_us, rr_us=rr_us))
        length_s = draw(st.integers(1, 40)) + round(n * rr_s) + 2
        items.append(SettledPiece(at_s * FS_HZ, (at_s + length_s) * FS_HZ, now is not NOISE, now))
        if draw(st.booleans()):
            items.append(RhythmEnded(at_s, at_s, RhythmLabel.AVB1, 0.7))
        at_s += length_s + draw(st.sampled_from([0, 0, 5, 40]))
    return items


@given(items=streams(), cuts=st.lists(st.integers(0, 60), max_size=8))
def test_parts_add_up_to_the_whole(items: list[Settled], cuts: list[int]) -> None:
    whole = tallied(items)
    places = [0, *sorted(min(cut, len(items)) for cut in cuts), len(items)]
    parts = [tallied(items[a:b]) for a, b in pairwise(places)]
    from_left, from_right = parts[0], parts[-1]
    for part in parts[1:]:
        from_left = from_left + part
    for part in reversed(parts[:-1]):
        from_right = part + from_right
    assert from_left == whole == from_right
    assert from_left.found() == whole.found()


def test_going_on_is_adding() -> None:
    items = beats_of("NVNVVVNVNVNVNSSSSN" * 3, 0.4)
    first = tallied(items[:20])
    restored = load_state(TallyState, dump_state(first.state, "law"), "law")
    again = RhythmTally(TallyConfig(), FS_HZ, restored)
    for item in items[20:]:
        again.push(item)
    assert again == tallied(items) == first + tallied(items[20:])
    # Neither part was changed by being added.
    assert first == tallied(items[:20])


def test_memory_is_bounded() -> None:
    sizes = []
    tally = RhythmTally(TallyConfig(), FS_HZ)
    for item in beats_of("NVNVVVNVNVNVNSSSSN" * 200, 0.4):
        tally.push(item)
        sizes.append(len(dump_state(tally.state, "law")))
    assert max(sizes[1000:]) <= max(sizes[:1000]) + 64


def test_only_what_follows_by_the_same_rules_is_added() -> None:
    one, other = tallied(pieces_of((60, SINUS))), tallied(pieces_of((60, SINUS)))
    with pytest.raises(ValueError, match="starts at 0, the first ends at 6000"):
        one + other
    with pytest.raises(ValueError, match="other rules"):
        one + tallied([], TallyConfig(vt_bpm=120.0))
    assert one != 3
    assert BeatSums() + BeatSums() == BeatSums()
