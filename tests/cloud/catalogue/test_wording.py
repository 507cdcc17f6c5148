"""Rows in words."""

import pytest

from cloud.catalogue.wording import codes_of, needs_of, range_of, source_of, unit_of
from ecgcore.catalogue import catalogue

REGISTRY = catalogue()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("hr_mean", "/min"),
        ("p_present", "true or false"),
        ("p_form", "class"),
        ("psd", "vector, mV2/Hz"),
        ("d_prev", "its biomarker's"),
        ("slope_7d", "its biomarker's /d"),
    ],
)
def test_units(key: str, words: str) -> None:
    assert unit_of(REGISTRY[key]) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("hr_mean", "1 lead"),
        ("t_pca_ratio", "8 leads, 10 s, 3 beats"),
        ("tcrt", "X, Y, Z or 8 leads, 10 s, 3 beats"),
        ("dfa_a1", "1 lead, 60 s, 300 beats, 100 Hz"),
        ("tp", "1 lead, 250 s, 100 Hz"),
        ("ulf", "1 lead, 24 h, 100 Hz"),
        ("hrr1", "1 lead; marked end of exercise"),
        ("even_odd_diff", ""),
    ],
)
def test_needs(key: str, words: str) -> None:
    assert needs_of(REGISTRY[key]) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("pr_int", "120 to 200"),
        ("lvh_cornell", "men at most 2.8; women at most 2"),
        ("low_voltage_limb", "at least 0.5"),
        ("qrs_dur", "at most 110; men 74 to 114; mean of men 95"),
        ("rr_median", ""),
    ],
)
def test_ranges(key: str, words: str) -> None:
    assert range_of(REGISTRY[key]) == words


def test_codes() -> None:
    assert codes_of(REGISTRY["qt_int"]) == "LOINC 8634-8; MDC 2:16160; MDC per lead 2:8192 + lead"
    assert codes_of(REGISTRY["osborn"]) == "AHA 154"
    assert codes_of(REGISTRY["rr_median"]) == ""


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("qrs_dur", "AHA3 V"),
        ("p_dur", "CID V; range K"),
        ("qtc_fridericia", "CID V; range AHA4 K"),
        ("hr_inst", "K"),
        ("z_self", "O"),
    ],
)
def test_sources(key: str, words: str) -> None:
    assert source_of(REGISTRY[key]) == words
