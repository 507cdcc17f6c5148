"""Make the Chinese font of the printed report: `python make_font.py SOURCE.otf`.

The source is Noto Sans SC Regular, as `pylopdf-fonts-zh-cn` 0.1.1 on PyPI carries it, under the SIL
Open Font License; `fonts/OFL.txt` goes with what is made of it. Kept are the characters
of GB 2312; outlines become quadratic, which PDF fonts of reportlab
need. It needs fontTools, and is run only when the characters change.
"""

import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent / "fonts" / "NotoSansSC-subset.ttf"
_PUNCTUATION_ROWS = range(0xA1, 0xA4)
_HAN_ROWS = range(0xB0, 0xF8)
_CELLS = range(0xA1, 0xFF)
_MAX_ERROR_UNITS = 1.0
_POST_WITHOUT_NAMES = 3.0


def characters() -> set[int]:
    """Give the code points that are kept."""
    found = set(range(0x20, 0x7F))
    for row in (*_PUNCTUATION_ROWS, *_HAN_ROWS):
        for cell in _CELLS:
            try:
                found.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def make(source: Path, out: Path) -> None:
    """Write the subset as TrueType."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont, newTable

    font = TTFont(source)
    options = Options(layout_features=[], hinting=False, desubroutinize=True, notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    glyphs = _quadratic(font)
    font["loca"] = newTable("loca")
    font["glyf"] = glyf = newTable("glyf")
    glyf.glyphOrder = font.getGlyphOrder()
    glyf.glyphs = glyphs
    for name in ("CFF ", "VORG", "vmtx", "vhea", "BASE", "GSUB", "GPOS"):
        if name in font:
            del font[name]
    font["maxp"].tableVersion = 0x00010000
    font["maxp"].__dict__.update(_LIMITS)
    font["post"].formatType = _POST_WITHOUT_NAMES
    font["post"].extraNames, font["post"].mapping = [], {}
    font.sfntVersion = "\x00\x01\x00\x00"
    glyf.compile(font)
    font.save(out)


_LIMITS = {
    "maxZones": 1,
    "maxTwilightPoints": 0,
    "maxStorage": 0,
    "maxFunctionDefs": 0,
    "maxInstructionDefs": 0,
    "maxStackElements": 0,
    "maxSizeOfInstructions": 0,
    "maxComponentElements": 0,
    "maxPoints": 0,
    "maxContours": 0,
    "maxCompositePoints": 0,
    "maxCompositeContours": 0,
    "maxComponentDepth": 0,
}


def _quadratic(font: Any) -> dict[str, Any]:
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    outlines = font.getGlyphSet()
    found = {}
    for name in font.getGlyphOrder():
        pen = TTGlyphPen(outlines)
        outlines[name].draw(Cu2QuPen(pen, _MAX_ERROR_UNITS, reverse_direction=True))
        found[name] = pen.glyph()
    return found


if __name__ == "__main__":
    make(Path(sys.argv[1]), OUT)
