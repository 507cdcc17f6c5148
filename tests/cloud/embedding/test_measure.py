"""What is told of a lead, by a network whose answers are known."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloud.embedding.card import SHIPPED, read_card
from cloud.embedding.classify import Classifier
from cloud.embedding.encoder import Encoder
from cloud.embedding.measure import (
    EmbeddedLead,
    Told,
    embedded_leads,
    of_beats,
    of_stretches,
    of_windows,
    rules_say,
    stretches_of,
)
from cloud.embedding.model import Model
from cloud.evaluation.analysis import FoundRhythm, analyse
from cloud.evaluation.archive import Lead
from ecgcore.embedding_input import Segments, beats_of, segments_of
from ecgcore.events import NullReason, RhythmLabel
from ecgcore.irregularity import Forest
from ecgcore.types import FloatArray
from tests.cloud.embedding.test_population import POPULATION
from tests.strategies import ecg_of

FS_HZ = 250.0


class First:
    """Says of each window its first three samples."""

    def run(self, _: Any, given: dict[str, FloatArray]) -> list[FloatArray]:
        return [given["ecg"][:, 0, :3]]


def leaf(log_odds: float) -> Forest:
    return Forest(
        np.array([0], np.int32),
        np.array([-1], np.int32),
        np.array([0.0]),
        np.array([0], np.int32),
        np.array([log_odds]),
    )


@dataclass(frozen=True)
class Made:
    lead: EmbeddedLead
    model: Model

    def told(self) -> dict[str, list[Told]]:
        found: dict[str, list[Told]] = {}
        for each in (*of_windows(self.lead, self.model), *of_stretches(self.lead, self.model)):
            found.setdefault(each.key, []).append(each)
        return found


def made(ecg_mv: FloatArray) -> Made:
    card = read_card(SHIPPED)
    # Logits of N, A, O, ~ are 1, 2, 3 and 0.
    classifier = Classifier(
        ((leaf(1.5), leaf(2.5)), (leaf(1.0),), (leaf(3.0),)),
        np.zeros(3),
        np.zeros((1, 3)),
        np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]),
        np.zeros(4),
    )
    n_beat = card.input.config().n_beat_samples
    population = replace(
        POPULATION, beat_mean=np.zeros(n_beat), beat_axes=np.eye(n_beat)[[44, 0, 1, 2, 3]]
    )
    model = Model(Encoder(card, Path(), First()), population, classifier)
    lead = np.atleast_2d(ecg_mv)
    return Made(embedded_leads(lead, FS_HZ, [analyse(Lead("x", ecg_mv, FS_HZ))], model)[0], model)


@pytest.fixture(scope="module")
def heart() -> FloatArray:
    return ecg_of(list(np.arange(0.5, 39.5, 0.8)), FS_HZ, 40.0, noise_mv=0.005)


def test_each_window_and_the_whole_have_their_embeddings(heart: FloatArray) -> None:
    given = made(heart)
    told = given.told()
    windows = segments_of(heart, FS_HZ, given.model.encoder.config).values[:, :3]
    emb_record = np.array([each.value for each in told["emb_record"]])
    assert emb_record == pytest.approx(windows)
    assert [(t.start_s, t.end_s) for t in told["emb_record"]] == [
        (0.0, 10.0),
        (10.0, 20.0),
        (20.0, 30.0),
        (30.0, 40.0),
    ]
    emb_window_mean = told["emb_window_mean"][0].value
    assert emb_window_mean == pytest.approx(tuple(windows.mean(axis=0)))
    assert len(told["emb_drift"]) == 3
    assert len(told["novelty"]) == 4
    assert told["emb_drift_self"][0].value is NullReason.TOO_SHORT


def test_emb_drift_self_is_measured_from_the_windows_before(heart: FloatArray) -> None:
    given = made(heart)
    # Twenty alike, then one that stands across them, then one as before.
    embeddings = np.tile([1.0, 0.0, 0.0], (22, 1))
    embeddings[20] = [0.0, 1.0, 0.0]
    segments = Segments(10.0 * np.arange(22), np.zeros((22, 1000), np.float32))
    given = replace(given, lead=replace(given.lead, embeddings=embeddings, segments=segments))
    told = given.told()["emb_drift_self"]
    assert [each.start_s for each in told] == [200.0, 210.0]
    emb_drift_self = [each.value for each in told]
    assert emb_drift_self == pytest.approx([1.0, 1.0 - 20.0 / np.hypot(20.0, 1.0)])


def test_class_prob_are_the_shares_of_the_logits(heart: FloatArray) -> None:
    told = made(heart).told()
    total = float(np.exp([1.0, 2.0, 3.0, 0.0]).sum())
    class_prob_other = told["class_prob_other"][0].value
    assert class_prob_other == pytest.approx(np.exp(3.0) / total)
    class_prob_noise = told["class_prob_noise"][0].value
    assert class_prob_noise == pytest.approx(1.0 / total)
    class_prob_entropy = told["class_prob_entropy"][0].value
    shares = np.exp([1.0, 2.0, 3.0, 0.0]) / total
    assert class_prob_entropy == pytest.approx(-(shares * np.log(shares)).sum() / np.log(4.0))
    # The model says O, the rules that it is normal.
    rule_vs_model = told["rule_vs_model"][0].value
    assert rule_vs_model == "disagree"


def test_a_class_is_told_of_each_minute_alone() -> None:
    assert stretches_of(2500, FS_HZ) == [(0, 2500)]
    assert stretches_of(29_999, FS_HZ) == [(0, 29_999)]
    assert stretches_of(32_500, FS_HZ) == [(0, 15_000), (15_000, 32_500)]
    slow, fast = np.arange(0.5, 60.0, 1.0), np.arange(60.2, 129.5, 0.5)
    both = ecg_of([*slow, *fast], FS_HZ, 130.0, noise_mv=0.005)
    told = made(both).told()["rule_vs_model"]
    assert [(each.start_s, each.end_s) for each in told] == [(0.0, 60.0), (60.0, 130.0)]
    # Even beats at 60 are normal, at 120 tachycardia, which the classes call another rhythm.
    assert [each.value for each in told] == ["disagree", "agree"]


def test_rules_say_what_takes_most_of_the_time(heart: FloatArray) -> None:
    lead = made(heart).lead
    assert rules_say(lead) == "N"

    def with_rhythm(label: RhythmLabel) -> EmbeddedLead:
        rhythms = (FoundRhythm((0, heart.size), label),)
        return replace(lead, found=replace(lead.found, rhythms=rhythms))

    said = [
        rules_say(with_rhythm(label))
        for label in (RhythmLabel.AFIB, RhythmLabel.NOISE, RhythmLabel.SVT)
    ]
    assert said == ["A", "~", "O"]


def test_each_beat_has_its_embedding_and_loadings(heart: FloatArray) -> None:
    given = made(heart)
    told = list(of_beats(given.lead, given.model))
    places_s = given.lead.found.beats.samples / FS_HZ
    beats, _ = beats_of(heart, FS_HZ, places_s, given.model.encoder.config)
    emb_beat = [each.value for each in told if each.key == "emb_beat"]
    assert len(emb_beat) == len(beats)
    assert np.array(emb_beat) == pytest.approx(beats[:, :3], abs=0.3)
    # The first axis looks at R, the second at the first sample of the window.
    pca_beat_1 = [each.value for each in told if each.key == "pca_beat_1"]
    assert pca_beat_1 == pytest.approx(beats[:, 44].tolist(), abs=1.0)


@pytest.mark.parametrize(
    ("cut", "reason"),
    [
        (lambda x: x[:2000], NullReason.TOO_SHORT),
        (lambda x: np.where(np.arange(x.size) % 2000 < 50, np.nan, x), NullReason.GAP),
        (lambda x: np.zeros(x.size), NullReason.LOW_SQI),
    ],
)
def test_a_lead_without_a_window_says_why(heart: FloatArray, cut: Any, reason: NullReason) -> None:
    told = made(cut(heart)).told()
    assert {key: of[0].value for key, of in told.items()} == dict.fromkeys(
        ("emb_record", "novelty", "emb_window_mean"), reason
    )


def test_a_gap_leaves_out_what_rests_on_all_of_a_lead(heart: FloatArray) -> None:
    with_gap = heart.copy()
    with_gap[3000:3010] = np.nan
    told = made(with_gap).told()
    assert told["class_prob_afib"][0].value is NullReason.GAP
    assert len(told["emb_record"]) == 3
