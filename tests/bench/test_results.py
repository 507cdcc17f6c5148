import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from cloud.evaluation.tally import Tally
from ecgcore.types import GapReason
from ecgcore.wire.frame import Frame
from tests.bench.analysis import Analysis, tables_of
from tests.bench.bluetooth import BluetoothRun, account_of
from tests.bench.catch_up import CatchUp
from tests.bench.core import CoreCost
from tests.bench.embedding import EmbeddingFigures, EmbeddingTable
from tests.bench.extraction import ExtractionFigures, ExtractionTable
from tests.bench.peers import BeatFigures, Comparison, WaveFigures
from tests.bench.results import Results, growth, times
from tests.bench.scaling import StreamCost
from tests.bench.spool import SpoolCost
from tests.bench.startup import Start, StartUp
from tests.bench.system import SystemRun
from tests.bench.tables import tables
from tests.bench.wire import FormatCost

NAMES = ("engine", "gateway", "server", "broker")
ONE = SystemRun(
    patches=1,
    window_s=30.0,
    to_websocket_p50_s=0.4,
    to_websocket_p99_s=0.7,
    to_commit_p50_s=0.4,
    to_commit_p99_s=0.6,
    framing_s=0.5,
    frames_per_s=2.0,
    cpu_pct=dict.fromkeys(NAMES, 10.0),
    peak_memory_mb=dict.fromkeys(NAMES, 100.0),
    lost_samples=0,
)
TWENTY = replace(
    ONE, patches=20, to_websocket_p99_s=2.5, frames_per_s=36.0, cpu_pct=dict.fromkeys(NAMES, 40.0)
)
POINTS = dict.fromkeys(("p_on", "qrs_on", "t", "t_off"), 9.0)
ANALYSIS = Analysis(
    Comparison(
        "3 records",
        "2 strips",
        detectors=[
            BeatFigures("ours", 0.02, Tally(999, 1, 1), 98.0),
            BeatFigures("theirs", 0.04, Tally(990, 10, 10), 97.0, n_failed=1),
        ],
        pipelines=[BeatFigures("ours", 0.3, None, None)],
        delineators=[
            WaveFigures("ours", 0.1, POINTS, Tally(95, 5, 5), POINTS),
            WaveFigures("theirs", 6.0, None, None, None),
        ],
    ),
    [
        ExtractionTable(
            "4 records",
            [ExtractionFigures("ours", 10.0, 100.0), ExtractionFigures("theirs", 200.0, 60.0)],
        )
    ],
    EmbeddingTable(
        "1 record",
        [EmbeddingFigures("ours, batch of 64", 0.12), EmbeddingFigures("theirs", 24.0)],
    ),
    [StreamCost("detector", 250, 1, 5.0)],
)
RESULTS = Results(
    signal="synthetic",
    wire=[FormatCost("JSON", 2000, 20.0, 20.0), FormatCost("raw int16", 500, 5.0, 40.0)],
    core=[CoreCost(130, 73, 200.0, 5000.0)],
    analysis=ANALYSIS,
    spool=SpoolCost(200.0, 3000.0, 40_000.0, 90_000.0, 276.0, 286.0, 0.06),
    catch_up=CatchUp(4, 600, 24.0, 1.1, 2.6, 30, 1.7),
    system=[TWENTY, ONE],
    start_up=StartUp(Start(11.0, 12.0, None, 310.0), Start(4.0, 6.0, 67.0, 200.0)),
    bluetooth=[
        BluetoothRun(
            50, 20.0, 9.0, 14.0, 3.0, 5.0, 160.0, 4321, 0, 0, 0.5, 3.5, 17, 0, silence_told_s=4.8
        ),
        BluetoothRun(200, 20.0, 25.0, 61.0, 12.0, 9.0, 300.0, 17_000, 73, 0),
    ],
    clock_error_p95_ms=1.7,
)


def test_growth_is_from_the_fewest_patches_to_the_most() -> None:
    assert growth([TWENTY, ONE], lambda run: run.frames_per_s) == 18.0
    assert growth([TWENTY, ONE], lambda run: run.lost_samples) is None
    assert growth([ONE], lambda run: run.frames_per_s) is None


def test_a_ratio_keeps_two_digits() -> None:
    assert [times(n, 2000) for n in (500, 2000, 4100)] == ["0.25x", "1x", "2x"]


def test_targets_are_judged_on_the_most_patches_and_a_limit_itself_is_missed() -> None:
    met = {target.name.strip(): target.is_met for target in RESULTS.targets}
    assert met == {
        "sample to WebSocket, p99": False,
        "of which framing": True,
        "engine + gateway + server": False,
        "peak memory engine": True,
        "72 h of three leads spooled": True,
        "spooling three leads": True,
        "backlog drained in": True,
        "live beside it, p99": False,
        "others committed, p99": True,
        "second start to first patch": True,
        "UTC of a sample, error p95": True,
        "50 straps: gateway and straps": True,
        "50 straps: until all stream": True,
        "50 straps: lost": True,
        "50 straps: back after a cut, p95": False,
        "50 straps: silence told after": True,
        "200 straps: gateway and straps": False,
        "200 straps: until all stream": True,
        "200 straps: lost": False,
    }


def test_what_is_not_framing_is_the_systems_own() -> None:
    assert ONE.p99_beyond_framing_s == pytest.approx(0.2)
    assert ONE.own_cpu_pct == 30.0


def test_the_tables_name_every_figure() -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(tables(RESULTS))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for figure in (
        "0.25x",
        "5000",
        "90000",
        "200x",
        "18.0x",
        "25x",
        "120.0",
        "CPU broker",
        "4321",
        "missed",
    ):
        assert figure in shown


def test_the_analysis_stands_beside_others_as_ratios() -> None:
    detectors, pipelines, delineators, extraction, embedding, scaling = tables_of(ANALYSIS)
    theirs = dict(zip(detectors.columns, detectors.rows[1], strict=True))
    assert theirs["of ours"] == "2x"
    assert theirs["errors, of ours"] == "10x"
    assert theirs["F1 %"] == 99.0
    assert theirs["failed"] == 1
    # Without annotated signal there is a cost and no accuracy.
    assert dict(zip(pipelines.columns, pipelines.rows[0], strict=True))["F1 %"] is None
    assert delineators.rows[1][2] == "60x"
    assert extraction.rows[1] == ("theirs", "200", "20x", 60.0)
    assert embedding.rows == (("ours, batch of 64", "0.12", "1x"), ("theirs", "24", "200x"))
    assert scaling.rows[0] == ("detector, 250 Hz, 1 lead", "5", "0.018", 200_000)


def strap_frame(first: int, n_samples: int, gap_before: int = 0) -> Frame:
    return Frame(
        device="polar-h10-0A1B2C01",
        boot_id=1,
        first_counter=first,
        adc=np.arange(first, first + n_samples, dtype=np.int32)[None],
        lead_mask=1,
        fs_mhz=130_000,
        lsb_pv=1_000_000,
        device_time_ns=0,
        device_span_ns=1,
        utc_ns=0,
        arrival_ns=0,
        gap_before=gap_before,
        gap_reason=GapReason.LINK_LOST if gap_before else GapReason.NONE,
    )


def test_an_account_of_straps_tells_lost_repeated_and_unnamed() -> None:
    frames = [strap_frame(0, 10), strap_frame(20, 10, 10), strap_frame(20, 10), strap_frame(35, 5)]
    account = account_of(frames, [(0, 10), (20, 42)], [(40, 42)])
    assert (account.sent, account.lost, account.repeated) == (30, 5, 10)
    assert (account.holes, account.holes_named_late) == (2, 1)
