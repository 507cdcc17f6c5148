"""Configurations from presets and TOML, and what is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import ConfigError
from ecgcore.extraction import ExtractionConfig
from ecgcore.parameters import PRESETS, configured, parse, plain, preset, schema


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_all_values_and_its_own_digest(name: str) -> None:
    found = preset(name)
    assert found.recording.leads
    others = {preset(each).parameters.digest for each in PRESETS if each != name}
    # Handheld and patch differ in what they are made for alone.
    assert found.parameters.digest not in others or name in ("patch", "handheld")


def test_what_is_not_written_is_the_presets() -> None:
    found = parse('preset = "holter"\n[hrv]\nnn_reject = 0.3\n', "mine.toml").parameters
    base = preset("holter").parameters
    assert found == replace(base, hrv=replace(base.hrv, nn_reject=0.3))
    assert found.digest != base.digest
    assert parse("", "none").parameters == ExtractionConfig()


@pytest.mark.parametrize("name", PRESETS)
def test_a_configuration_written_out_and_read_again_is_the_same(name: str) -> None:
    config = preset(name).parameters
    assert configured(plain(config), ExtractionConfig(), "again") == config


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[hrv]\nnn_rejct = 0.3", "hrv.nn_rejct: there is no such parameter"),
        ("[hrvv]\nnn_reject = 0.3", "hrvv: there is no such parameter"),
        ("[hrv]\nnn_reject = 3.0", r"hrv.nn_reject = 3.0: .*less than.*\(allowed: 0 to 1\)"),
        ("[hrv]\ndfa_short = [0, 11]", r"hrv.dfa_short.0 = 0: .*\(allowed: 1 to 1e\+06\)"),
        ('[hrv]\npsd = "fourier"', "hrv.psd = 'fourier': .*'welch', 'lomb' or 'ar'"),
        ("[hrv]\nlf = [0.2, 0.1]", r"hrv.lf = \[0.2, 0.1\]: a band begins below its end"),
        ("[hrv]\nbreathing_hz = 5000.0", r"breathing_hz = 5000.0: .*\(allowed: 0 to 1000\)"),
        ("[rhythm.rate]\nbrady_bpm = nan", "rhythm.rate.brady_bpm = nan: .*finite"),
        ("[average]\nleast_beats = 2.5", "average.least_beats = 2.5: .*integer"),
        ("average = 3", "average = 3: .*dictionary"),
        ('preset = "ward"', "'ward': there are patch, handheld, diagnostic, holter"),
        ("preset = 3", "preset is 3, not a name"),
        ("[hrv", "mine.toml: Expected"),
    ],
)
def test_what_cannot_be_is_named_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse(text, "mine.toml")


@given(st.floats(0.0, 1.0), st.integers(1, 50))
def test_every_value_in_range_is_taken(share: float, n: int) -> None:
    told = {"hrv": {"nn_reject": share}, "average": {"least_beats": n}}
    found = configured(told, ExtractionConfig(), "here")
    assert (found.hrv.nn_reject, found.average.least_beats) == (share, n)


def test_the_schema_tells_ranges_and_meanings() -> None:
    found = schema()
    average = found["$defs"]["AverageConfig"]["properties"]["least_correlation"]
    assert (average["minimum"], average["maximum"], average["default"]) == (0.0, 1.0, 0.95)
    assert average["description"].startswith("A beat whose QRS")
    assert found["properties"]["hrv"] == {"$ref": "#/$defs/HrvConfig"}
