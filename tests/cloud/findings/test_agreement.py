"""Agreement in numbers worked by hand."""

import pytest

from cloud.findings.agreement import Agreement, agreements, wilson, wilson_pct
from cloud.findings.labels import Label, Labelled
from cloud.findings.work import Judged
from ecgcore.findings import Findings, Suppressed, Unjudged
from ecgcore.report import Certainty, Evidence, Localised, Source, Statement


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.0, 16.11),
        (1, 29, 0.61, 17.18),
    ],
)
def test_wilson(k: int, n: int, low: float, high: float) -> None:
    assert wilson_pct(k, n) == pytest.approx((low, high), abs=0.005)
    mirrored = wilson_pct(n - k, n)
    assert mirrored == pytest.approx((100.0 - high, 100.0 - low), abs=0.005)
    assert wilson(0, 0) is None


def judged(labels: str, said: dict[str, Certainty], unjudged: str = "", kept: str = "") -> Judged:
    statements = tuple(
        Statement(
            id=id_,
            text=Localised(en=id_, zh=id_),
            certainty=certainty,
            source=Source.RULE,
            evidence=(Evidence(key="x", value=1.0, threshold=0.0),),
            start_ns=0,
            end_ns=1,
            strip_ids=(),
        )
        for id_, certainty in said.items()
    )
    found = Findings(
        statements,
        tuple(Unjudged(id_, id_, ()) for id_ in unjudged.split()),
        tuple(Suppressed(id_, id_, "lead_mismatch") for id_ in kept.split()),
        "1.0/x",
    )
    return Judged("r", found, Labelled("a", "scp", frozenset(labels.split())))


def test_each_record_counts_once() -> None:
    label = Label(finding="lvh", says=("lvh", "lvh_st_t"), scp=("LVH", "VCLVH"))
    possible, consider = Certainty.POSSIBLE, Certainty.CONSIDER
    records = [
        judged("LVH VCLVH", {"lvh": possible, "lvh_st_t": possible}),
        judged("LVH", {"lvh": consider}),
        judged("VCLVH", {}, unjudged="lvh"),
        judged("SR", {"lvh": possible}, unjudged="lvh"),
        judged("SR", {"lad": possible}, kept="lvh"),
        judged("SR", {}),
        Judged("unlabelled", judged("", {}).findings, None),
        Judged("unreadable", None, Labelled("a", "scp", frozenset({"LVH"})), error="no"),
    ]
    found = agreements(records, label)
    assert found == {"a": Agreement(tp=1, fn=2, fp=1, tn=2, considered=1, unjudged=2)}
    cells = found["a"].cells
    assert cells[:4] == (6, 3, 2, 1)
    assert cells[4] == pytest.approx(100.0 / 3.0)
    assert cells[6] == pytest.approx(200.0 / 3.0)
    assert cells[8:] == (50.0, 1, 2)
