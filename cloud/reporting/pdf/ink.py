"""Colours, fonts and text of the printed report."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

MM = 72.0 / 25.4
"""Points of a millimetre."""
INK = HexColor("#14181f")
SOFT = HexColor("#5b6573")
FAINT = HexColor("#c9d0d9")
PANEL = HexColor("#f3f5f8")
ACCENT = HexColor("#0b5c7a")
WARN = HexColor("#b3261e")
GOOD = HexColor("#2e7d5b")
GRID_FINE = HexColor("#f7dcd9")
GRID_BOLD = HexColor("#eeb4ae")

_LATIN = {False: "Helvetica", True: "Helvetica-Bold"}
CHINESE = "NotoSansSC"
RARE = "STSong-Light"
"""For characters that the font shipped here lacks: a reader puts its own font in its place."""
_CHINESE_FILE = Path(__file__).parent / "fonts" / "NotoSansSC-subset.ttf"
_FIRST_WIDE = 0x2E80
_LINE = 1.35


@dataclass(frozen=True, slots=True)
class Face:
    """How a text looks."""

    size_pt: float = 8.0
    is_bold: bool = False
    colour: Color = INK

    @property
    def line_mm(self) -> float:
        """From one line to the next."""
        return self.size_pt * _LINE / MM


BODY = Face()
BOLD = Face(is_bold=True)
SMALL = Face(6.5, colour=SOFT)
TITLE = Face(15.0, is_bold=True, colour=ACCENT)
HEADING = Face(8.5, is_bold=True, colour=ACCENT)


@cache
def _has_chinese() -> frozenset[int]:
    """Register the Chinese fonts; give the code points that the one shipped here has."""
    font = TTFont(CHINESE, _CHINESE_FILE)
    pdfmetrics.registerFont(font)
    pdfmetrics.registerFont(UnicodeCIDFont(RARE))
    return frozenset(font.face.charToGlyph)


def _is_wide(character: str) -> bool:
    return ord(character) >= _FIRST_WIDE


def _font_of(character: str, face: Face) -> str:
    if not _is_wide(character):
        return _LATIN[face.is_bold]
    return CHINESE if ord(character) in _has_chinese() else RARE


def _runs(text: str, face: Face) -> Iterator[tuple[str, str]]:
    """Give pieces of a text with the font that has their characters."""
    for font, characters in groupby(text, lambda character: _font_of(character, face)):
        yield font, "".join(characters)


def width_mm(text: str, face: Face) -> float:
    """Give the width of a line."""
    runs = _runs(text, face)
    return sum(float(pdfmetrics.stringWidth(t, font, face.size_pt)) for font, t in runs) / MM


def write(
    canvas: Canvas, x_mm: float, y_mm: float, text: str, face: Face = BODY, align: str = "left"
) -> None:
    """Write a line; `y_mm` is its base line, `x_mm` its left, its middle or its right end."""
    width = width_mm(text, face)
    x_mm -= {"left": 0.0, "centre": width / 2, "right": width}[align]
    line = canvas.beginText(x_mm * MM, y_mm * MM)
    line.setFillColor(face.colour)
    for font, piece in _runs(text, face):
        line.setFont(font, face.size_pt)
        line.textOut(piece)
    canvas.drawText(line)


def wrapped(text: str, width: float, face: Face = BODY) -> list[str]:
    """Break a text into lines of so many millimetres, at spaces or between Chinese characters."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for token in _tokens(paragraph):
            if line and width_mm((line + token).rstrip(), face) > width:
                lines.append(line.rstrip())
                line = token.lstrip()
            else:
                line += token
        lines.append(line.rstrip())
    return lines


def shortened(text: str, width: float, face: Face = BODY) -> str:
    """Give a text that fits one line of so many millimetres; what is cut is shown by dots."""
    if width_mm(text, face) <= width:
        return text
    first = wrapped(text, width - width_mm("…", face), face)[0]
    return f"{first.rstrip(', ·')}…"


_CLOSING = frozenset("，。；：、）！？")


def _tokens(text: str) -> Iterator[str]:
    """Give what must stay on one line: words with the space after, characters with their stop."""
    token = ""
    for character in text:
        if character in _CLOSING:
            token += character
            continue
        if token and (_is_wide(character) or _is_wide(token[-1]) or token[-1] == " "):
            yield token
            token = ""
        token += character
    if token:
        yield token


def write_lines(
    canvas: Canvas, x_mm: float, y_mm: float, lines: list[str], face: Face = BODY
) -> float:
    """Write lines downwards from a first base line; give the base line after the last."""
    for line in lines:
        write(canvas, x_mm, y_mm, line, face)
        y_mm -= face.line_mm
    return y_mm
