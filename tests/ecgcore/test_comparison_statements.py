"""AHA comparison statements, one rule after the other."""

from dataclasses import replace

import pytest

from ecgcore.comparison_statements import (
    Comparison,
    ComparisonLimits,
    Ground,
    GroundKind,
    Tracing,
    compare_stmt,
)

LIMITS = ComparisonLimits()
PLAIN = Tracing(frozenset({20}), hr=70.0, pr_int=160.0, qrs_dur=90.0, qtc_fridericia=420.0)
NEW, GONE, CHANGED = GroundKind.NEW, GroundKind.GONE, GroundKind.CHANGED


def said(*codes: int, **values: float) -> Tracing:
    return replace(PLAIN, codes=frozenset(codes), **values)


def codes(now: Tracing, before: Tracing = PLAIN) -> list[int]:
    return [each.code for each in compare_stmt(now, before, LIMITS)]


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (said(50), PLAIN, [401]),
        (PLAIN, said(50), [401]),
        (said(20, 60), PLAIN, [401]),
        (said(20, 181), PLAIN, [401]),
        # Sinus rhythm is one rhythm; what its rate does has a rule of its own.
        (said(22, hr=52.0), PLAIN, [400]),
        (said(22, hr=49.0), PLAIN, [401]),
        (said(21, hr=101.0), said(20, hr=90.0), [400]),
        (said(20, hr=95.0), said(20, hr=60.0), [400]),
        (said(20, 160), PLAIN, [402]),
        (said(20, 220, 145), PLAIN, [402]),
        # That it is gone makes nothing worse, and it is not the same either.
        (PLAIN, said(20, 160), []),
        (said(20, 160, st_max_uv=250.0), said(20, 160, st_max_uv=150.0), [402]),
        (said(20, 160, st_max_uv=240.0), said(20, 160, st_max_uv=150.0), [400]),
        (said(20, 82), PLAIN, [403]),
        (said(20, 104), PLAIN, [403]),
        (PLAIN, said(20, 104), []),
        (said(20, 147), PLAIN, [404]),
        (PLAIN, said(20, 148), [404]),
        (said(20, qtc_fridericia=481.0), PLAIN, [404]),
        (said(20, 155), PLAIN, [400]),
        (said(20, 121), PLAIN, [405]),
        (PLAIN, said(20, 142), [405]),
        (said(20, 208), PLAIN, [405]),
        (said(50, 104, 148, 121), PLAIN, [401, 403, 404, 405]),
        (PLAIN, PLAIN, [400]),
        # An abnormal PR within a tenth of the earlier one, and one beyond.
        (said(20, pr_int=230.0), said(20, pr_int=210.0), [400]),
        (said(20, pr_int=232.0), said(20, pr_int=210.0), []),
    ],
)
def test_each_rule(now: Tracing, before: Tracing, expected: list[int]) -> None:
    assert codes(now, before) == expected


def test_what_was_not_measured_twice_is_not_called_the_same() -> None:
    assert codes(replace(PLAIN, pr_int=None)) == []
    without = replace(PLAIN, codes=frozenset({50}), pr_int=None)
    # Fibrillation has no PR, then as now.
    assert codes(without, without) == [400]
    nothing = Tracing(frozenset({20}))
    assert codes(nothing, nothing) == []


def test_the_evidence_is_told() -> None:
    compare_stmt_found = compare_stmt(said(50, hr=120.0), PLAIN, LIMITS)
    assert compare_stmt_found == (
        Comparison(
            401,
            (
                Ground(NEW, "50"),
                Ground(GONE, "20"),
                Ground(CHANGED, "hr_mean", 120.0, 70.0, 20.0),
            ),
        ),
    )
    [same] = compare_stmt(PLAIN, PLAIN, LIMITS)
    assert [ground.subject for ground in same.grounds] == ["pr_int", "qrs_dur", "qtc_fridericia"]


def test_two_readings_of_one_tracing_differ_in_interpretation_alone() -> None:
    found = compare_stmt(said(50), said(20), LIMITS, is_same_tracing=True)
    assert found == (Comparison(406, (Ground(NEW, "50"), Ground(GONE, "20"))),)
    assert compare_stmt(PLAIN, PLAIN, LIMITS, is_same_tracing=True) == ()
