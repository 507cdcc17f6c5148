"""The printed report, measured in its own drawing commands."""

import base64
import re
import zlib

import numpy as np
import pytest

from cloud.reporting.pdf.ink import Face, shortened, width_mm, wrapped
from cloud.reporting.pdf.spot import pdf_of
from ecgcore.report import Strip
from tests.cloud.reporting.recordings import TWELVE, spot

MM = 72.0 / 25.4
_FS_HZ = 250


def streams(pdf: bytes) -> list[str]:
    """Give the drawing commands of each page."""
    found = []
    for raw in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            text = zlib.decompress(base64.a85decode(raw.strip().removesuffix(b"~>")))
        except ValueError:
            continue
        if b" Tf" in text:
            found.append(text.decode("latin-1"))
    return found


def polylines(commands: str) -> list[np.ndarray]:
    """Give every path of straight lines as points in mm, shape (n, 2)."""
    paths: list[list[tuple[float, float]]] = []
    for x, y, verb in re.findall(r"(-?[\d.]+) (-?[\d.]+) ([ml])\b", commands):
        if verb == "m":
            paths.append([])
        paths[-1].append((float(x) / MM, float(y) / MM))
    return [np.array(path) for path in paths]


def of_square_wave() -> bytes:
    """Print a strip that is 1 mV high for every other second."""
    counts = np.where(np.arange(10 * _FS_HZ) // _FS_HZ % 2, 1000, 0)
    strip = Strip(
        id="main", lead="I", first_counter=0, start_ns=0, fs_hz=_FS_HZ, lsb_pv=1_000_000,
        samples=tuple(counts.tolist()),
    )  # fmt: skip
    return pdf_of(spot(("I",)).model_copy(update={"strips": (strip,)}), "en")


def test_a_second_is_25_mm_and_a_millivolt_is_10_mm() -> None:
    [first, *_] = streams(of_square_wave())
    signal = max(polylines(first), key=len)
    assert len(signal) == 10 * _FS_HZ
    steps = np.flatnonzero(np.abs(np.diff(signal[:, 1])) > 1.0)
    assert np.diff(signal[steps, 0]) == pytest.approx(25.0, abs=0.01)
    assert np.ptp(signal[:, 1]) == pytest.approx(10.0, abs=0.01)


def test_the_paper_is_ruled_by_the_millimetre_and_the_pulse_is_1_mv() -> None:
    [first, *_] = streams(of_square_wave())
    paths = polylines(first)
    tall = sorted(
        {
            round(float(p[0, 0]), 2)
            for p in paths
            if len(p) == 2 and p[0, 0] == p[1, 0] and np.ptp(p[:, 1]) > 25
        }
    )
    assert np.diff(tall) == pytest.approx(1.0, abs=0.02)
    [pulse] = [p for p in paths if len(p) == 6]
    assert np.ptp(pulse[:, 1]) == pytest.approx(10.0, abs=0.01)
    assert pulse[3, 0] - pulse[2, 0] == pytest.approx(5.0, abs=0.01)
    # 0 mV of the pulse is that of the signal.
    signal = max(paths, key=len)
    assert pulse[0, 1] == pytest.approx(np.median(signal[:, 1]) - 0.0, abs=5.01)


def test_twelve_leads_follow_each_other_in_four_columns() -> None:
    report = spot()
    [first, *_] = streams(pdf_of(report, "en"))
    pieces = [p for p in polylines(first) if len(p) > 500]
    assert len(pieces) == 13
    fs_hz = report.device.fs_nominal_hz
    starts = sorted({round(float(p[0, 0]), 1) for p in pieces})
    assert np.diff(starts) == pytest.approx(62.5, abs=0.1)
    # V4 is drawn from its own samples of the last quarter.
    v4 = next(s for s in report.strips if s.lead == "V4")
    wanted = np.array(v4.samples[round(7.5 * fs_hz) :]) * 1e-3
    assert any(
        len(p) == wanted.size and np.allclose(np.diff(p[:, 1]), 10 * np.diff(wanted), atol=0.02)
        for p in pieces
    )


@pytest.mark.parametrize("names", [TWELVE, ("I", "II"), ("CHEST",)])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_page_says_what_it_is_and_its_number(names: tuple[str, ...], lang: str) -> None:
    pdf = pdf_of(spot(names), lang)  # type: ignore[arg-type]
    pages = streams(pdf)
    assert len(pages) == int(re.findall(rb"/Count (\d+)", pdf)[0])
    for number, page in enumerate(pages, start=1):
        assert f"{number}" in page
        if lang == "en":
            assert "not a diagnosis" in page
            assert f"page {number} of {len(pages)}" in page
            assert str(spot(names).report_id) in page
    assert pdf == pdf_of(spot(names), lang)  # type: ignore[arg-type]


def test_a_report_without_signal_can_be_printed() -> None:
    bare = spot(("I",)).model_copy(update={"strips": (), "beat": None, "statements": ()})
    assert "There is no signal to show." in streams(pdf_of(bare, "en"))[0]


def test_lines_fit_and_no_chinese_line_begins_with_a_stop() -> None:
    face = Face(8.0)
    text = "如果这对您来说不寻常，请咨询医生；如有胸痛、晕厥或呼吸困难，请立即求助。" * 3
    for width in (30.0, 47.0, 90.0):
        lines = wrapped(text, width, face)
        assert "".join(lines) == text
        assert all(line[0] not in "，。；、" for line in lines)
        # A stop may hang out by its own width.
        assert max(width_mm(line, face) for line in lines) <= width + face.size_pt / MM
    assert width_mm(shortened(text, 30.0, face), face) <= 30.0
    assert shortened("st_j0 0.2, limit 0.1", 80.0, face) == "st_j0 0.2, limit 0.1"
    words = wrapped("seek help now if you have chest pain", 20.0, face)
    assert " ".join(words) == "seek help now if you have chest pain"
