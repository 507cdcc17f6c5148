"""A model whose card and file disagree is refused, and so is a card that is none."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from cloud.embedding.card import SHIPPED, read_card
from cloud.embedding.encoder import load
from cloud.embedding.model import load_model
from ecgcore.errors import ConfigError


@pytest.fixture
def card(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED.parent, tmp_path / "model")
    return tmp_path / "model" / "card.toml"


def changed(card: Path, old: str, new: str) -> Path:
    text = card.read_text()
    assert old in text
    card.write_text(text.replace(old, new, 1))
    return card


def test_the_shipped_card_is_whole() -> None:
    found = read_card(SHIPPED)
    assert (SHIPPED.parent / found.model.file).stat().st_size <= 2_000_000
    assert found.licence
    assert found.limits
    for source in found.trained_on:
        assert source.licence.startswith(("ODC-BY", "CC-BY", "MIT"))
    for figure in found.figures:
        assert figure.how


def test_another_file_than_the_card_says_is_refused(card: Path) -> None:
    with (card.parent / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ConfigError, match=r"model\.onnx has sha256 .*, the card says"):
        load(card)


def test_a_missing_file_is_named(card: Path) -> None:
    (card.parent / "population.npz").unlink()
    with pytest.raises(ConfigError, match=r"population\.npz: No such file"):
        load(card)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("size = 288", "size = 64", "the model gives 288 numbers, the card says 64"),
        ('name = "ecg"', 'name = "signal"', "the model has no input signal, but ecg"),
        ('name = "embedding"', 'name = "x"', "the model has no output x, but embedding"),
        ("has_channel_axis = true", "has_channel_axis = false", "does not take 1000 samples"),
        ("fs_hz = 100.0", "fs_hz = -1.0", "input.fs_hz: Input should be greater than 0"),
        ('version = "1"', "", "version: Field required"),
        ('version = "1"', 'version = "1"\ncolour = "red"', "colour: Extra inputs"),
        ("[model]", "[model", r"card\.toml: "),
    ],
)
def test_what_is_wrong_with_a_card_is_named(card: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(changed(card, old, new))


def test_what_is_no_card_or_no_model_is_refused(card: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        read_card(tmp_path / "none.toml")
    (card.parent / "model.onnx").write_bytes(b"no model")
    old = read_card(SHIPPED).model.sha256
    changed(card, old, hashlib.sha256(b"no model").hexdigest())
    with pytest.raises(ConfigError, match=r"model\.onnx is no model that can be run"):
        load(card)


def test_another_model_plugs_in_by_its_card_alone(card: Path) -> None:
    """Here the same network, said to look at half the length, and without what lies beside it."""
    text = card.read_text().replace("length_s = 10.0", "length_s = 5.0")
    start, end = text.index("[classifier]"), text.index("[[trained_on]]")
    card.write_text(text[:start] + text[end:])
    model = load_model(card)
    assert (model.population, model.classifier) == (None, None)
    assert model.encoder.embed(np.zeros((3, 500), np.float32)).shape == (3, 288)
