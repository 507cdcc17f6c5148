"""The vocabulary: words in both languages, codes only where they are certain."""

import re

import pytest

from ecgcore.errors import RulesError
from ecgcore.statements import RHYTHM_IDS
from ecgcore.vocabulary import UNSAID, parse, vocabulary

ROW = {"id": '"afib"', "group": '"rhythm"', "en": '"Atrial fibrillation"', "zh": '"心房颤动"'}


def toml_of(**changes: str | None) -> str:
    fields = {name: text for name, text in (ROW | changes).items() if text is not None}
    row = "[[statement]]\n" + "".join(f"{name} = {text}\n" for name, text in fields.items())
    return f'version = "1"\n[groups]\nrhythm = "Rhythm"\n{row}'


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"zh": None}, "missing required field `zh`"),
        ({"zh": '" "'}, "afib: zh: no words"),
        ({"group": '"rythm"'}, "afib: group: there is no group 'rythm'"),
        ({"aah": "50"}, "afib: aah: no such field"),
        ({"aha": '"50"'}, "Expected `int | null`, got `str`"),
        ({"aha": "220"}, "afib: primaries: go with secondary statements"),
        ({"primaries": "[145]"}, "afib: primaries: go with secondary statements"),
        ({"modifiers": "[50]"}, "afib: modifiers: are numbers of 301-369"),
        ({"en": '"Bifascicular block"'}, "says what reports are asked not to say"),
    ],
)
def test_a_row_that_cannot_be_is_refused(changes: dict[str, str | None], problem: str) -> None:
    assert parse(toml_of()).terms["afib"].aha is None
    with pytest.raises(RulesError, match=re.escape(problem)):
        parse(toml_of(**changes))


def test_two_rows_of_one_id_are_refused() -> None:
    with pytest.raises(RulesError, match="afib: id: stands in 2 rows"):
        parse(toml_of() + toml_of().split("\n", 3)[3])


def test_every_rhythm_is_in_it() -> None:
    assert set(vocabulary().terms) >= RHYTHM_IDS


@pytest.mark.parametrize(
    ("id_", "aha", "snomed", "scp"),
    [
        ("afib", 50, "164889003", "AFIB"),
        ("aflutter", 51, "164890007", "AFLT"),
        ("avb1", 82, "270492004", "1AVB"),
        ("complete_avb", 88, "27885002", "3AVB"),
        ("pac", 30, "284470004", "PAC"),
        ("pvc", 60, "427172004", "PVC"),
        ("lafb", 101, "445118002", "LAFB"),
        ("lbbb", 104, "164909002", "CLBBB"),
        ("rbbb", 106, "59118001", "CRBBB"),
        ("lad", 121, "39732003", None),
        ("rad", 120, "47665007", None),
        ("lvh", 142, "164873001", "LVH"),
        ("lae", 140, None, "LAO/LAE"),
        ("long_qt", 148, "111975006", "LNGQT"),
        ("short_qt", 149, None, None),
        ("mi_anteroseptal", 165, "164917005", "ASMI"),
        ("normal_ecg", 1, None, "NORM"),
        ("pause", None, None, None),
    ],
)
def test_codes(id_: str, aha: int | None, snomed: str | None, scp: str | None) -> None:
    term = vocabulary()[id_]
    assert (term.aha, term.snomed, term.scp) == (aha, snomed, scp)


def test_parts_are_named_rather_than_words_that_reports_should_not_use() -> None:
    for term in vocabulary().terms.values():
        assert not any(word in f"{term.id} {term.en}".lower() for word in UNSAID)


def test_an_unknown_statement_is_named() -> None:
    with pytest.raises(KeyError, match="no statement has the id avb9"):
        vocabulary()["avb9"]
