"""Rules that cannot be are refused by name; those of the package hold together."""

import re
from typing import Any

import pytest

from ecgcore.catalogue import catalogue
from ecgcore.errors import ConfigError, RulesError
from ecgcore.findings_conditions import lines_of
from ecgcore.findings_rules import RuleSet, parse, rules
from ecgcore.person import Person, Sex
from ecgcore.vocabulary import SECONDARY, vocabulary

SHARED = """
version = "1.0"
[absent_wave]
where = "qrs_pp"
keys = ["q_amp"]
[few_leads]
below = "leads_full"
groups = ["axis"]
en = "12-lead ECG advised"
zh = "建议做12导联心电图"
[lead_fault]
statements = ["lead_mismatch"]
kept_back = { groups = ["axis"] }
consider = { groups = ["st_t"] }
[regions.inferior]
leads = ["II", "aVF", "III"]
en = "inferior"
zh = "下壁"
[limits.leads_full]
unit = "1"
default = 8
range = [6, 12]
status = "K"
[limits.pr_long]
unit = "ms"
default = 200
range = [200, 220]
status = "K"
[limits.two]
unit = "1"
default = 2
range = [1, 4]
status = "K"
"""
RULE = {
    "id": '"avb1"',
    "says": '"avb1"',
    "certainty": '"probable"',
    "all": '["pr_int > pr_long"]',
}


def of(more: str = "", **changes: str | None) -> RuleSet:
    fields = {name: text for name, text in (RULE | changes).items() if text is not None}
    rule = "[[rule]]\n" + "".join(f"{name} = {text}\n" for name, text in fields.items())
    return parse(SHARED + rule + more, vocabulary())


def test_a_rule_that_can_be_is_read() -> None:
    assert [rule.id for rule in of().rules] == ["avb1"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"all": '["pr_inte > pr_long"]'}, "avb1: pr_inte is no key of the registry"),
        ({"all": '["pr_int > pr_lang"]'}, "avb1: pr_lang is neither a limit nor a key"),
        ({"all": '["st_j0 in V1 > pr_lang"]'}, "there is no limit pr_lang"),
        ({"all": '["pr_int > 200"]'}, "is no condition"),
        ({"all": '["pr_int ~ pr_long"]'}, "is no condition"),
        ({"all": '["hr_mean > pr_long"]'}, "hr_mean is in /min, limit pr_long in ms"),
        ({"all": '["r_amp in V1 > st_j0 in V1"]'}, "r_amp in mV cannot be compared with st_j0 in"),
        ({"all": '["r_amp in X1 > s_amp in V1"]'}, "there is no lead X1"),
        ({"all": '["pr_int is long"]'}, "pr_int is no key of the registry that is a word"),
        ({"all": '["early_repol is yes"]'}, "early_repol is true or false"),
        ({"all": None}, "avb1: it has no condition"),
        ({"all": '[{ some = ["pr_int > pr_long"] }]'}, "is no condition"),
        ({"least": '"two"'}, "least, of go together; of is missing"),
        ({"leads": '["inferior"]', "each": '["st_j0 > pr_long"]'}, "at_least is missing"),
        ({"says": '"avb9"'}, "avb1: the vocabulary has no statement avb9"),
        ({"not_with": '["avb9"]'}, "avb1: the vocabulary has no statement avb9"),
        ({"says": None}, "missing required field `says`"),
        ({"certainty": '"sure"'}, "Invalid enum value 'sure'"),
        ({"sys": '"avb1"'}, "avb1: sys: no such field"),
        ({"modifiers": "[330]"}, "modifier 330 does not go with avb1"),
        ({"en": '"long"'}, "its detail is told in one language only"),
        ({"lasts": '"two"'}, "lasts: there is no limit two in seconds"),
        ({"says": '"suggests_pericarditis"'}, "200 may only stand with 145, 146, 147"),
        (
            {"says": '"suggests_pericarditis"', "with_any": '["long_qt"]'},
            "200 may only stand with 145, 146, 147",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused(changes: dict[str, str | None], problem: str) -> None:
    with pytest.raises(RulesError, match=re.escape(problem)):
        of(**changes)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("[[rule]]\n", "rules: ?"),
        ('[limits.bad]\nunit = "ms"\ndefault = 5\nrange = [6, 7]\nstatus = "K"\n', "limit bad: 5"),
        ('[limits.bad]\nunit = "ms"\n', "default"),
        ('[regions.bad]\nleads = ["V0"]\nen = "x"\nzh = "x"\n', "there is no lead V0"),
        ("[[rule\n", "rules: "),
        (
            '[[rule]]\nid = "avb1"\nsays = "short_pr"\ncertainty = "possible"\n'
            'all = ["pr_int > pr_long"]\n',
            "avb1: stands in two rules",
        ),
        (
            '[[rule]]\nid = "a"\nsays = "lad"\ncertainty = "possible"\n'
            'all = ["pr_int > pr_long"]\nnot_with = ["rad"]\n'
            '[[rule]]\nid = "b"\nsays = "rad"\ncertainty = "possible"\n'
            'all = ["pr_int > pr_long"]\nnot_with = ["lad"]\n',
            "await each other",
        ),
    ],
)
def test_a_file_that_cannot_be_is_refused(more: str, problem: str) -> None:
    with pytest.raises(RulesError, match=re.escape(problem)):
        of(more)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(RulesError, match="lead_fault is missing"):
        parse(SHARED.replace("lead_fault", "other"), vocabulary())


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"pr_lang": 210.0}, "limit pr_lang: there is none of that name"),
        ({"qtc_long.boys": 450.0}, "limit qtc_long.boys: there is none"),
        ({"pr_long": 300.0}, "limit pr_long = 300.0: has to be from 200 to 220 ms"),
        ({"pr_long": "long"}, "limit pr_long = 'long': has to be from 200 to 220 ms"),
        ({"pr_long": True}, "limit pr_long = True: has to be"),
        ({"pr_long": float("nan")}, "limit pr_long = nan: has to be"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(problem)):
        rules().with_limits(values)


def test_limits_of_the_first_case_that_fits() -> None:
    limit = rules().limits["ste_at_j"]
    old, young = Person(Sex.MALE, 40.0), Person(Sex.MALE, 39.9)
    for person, lead, value in (
        (old, "V2", 200.0),
        (young, "V3", 250.0),
        (young, "V4", 100.0),
        (Person(Sex.FEMALE), "V2", 150.0),
        (Person(), "II", 100.0),
    ):
        assert limit.value_for(person, lead) == value


def test_every_rule_comes_after_those_it_awaits() -> None:
    order = list(rules().rules)
    for at, rule in enumerate(order):
        sayers = {k for k, other in enumerate(order) if other.says in rule.awaits - {rule.says}}
        assert all(k < at for k in sayers if order[k].says not in order[k].with_any), rule.id
    assert order[-1].id == "normal_ecg"


def test_every_limit_is_used_and_every_key_is_in_the_registry() -> None:
    text = rules().text
    for name in rules().limits:
        # By the engine itself: how sure a rhythm is, what is told of it.
        if not name.startswith(("rhythm_", "sinus_lasts", "pause")):
            assert re.search(rf'(?<=[ "]){name}"', text), name
    for rule in rules().rules:
        for line in () if rule.condition is None else lines_of(rule.condition):
            assert catalogue().find(line.key) or line.key in ("age_years", "n_leads")


def test_secondary_statements_rest_on_their_primaries() -> None:
    words = vocabulary()
    secondary = [rule for rule in rules().rules if words[rule.says].aha in SECONDARY]
    assert {words[rule.says].aha for rule in secondary} == {200, 208, 211, 220}
    for rule in secondary:
        assert {words[id_].aha for id_ in rule.with_any} <= set(words[rule.says].primaries)
        assert rule.certainty == "consider"
