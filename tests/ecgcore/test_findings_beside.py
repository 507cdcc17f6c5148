"""Rules and a model that agree, and that do not."""

import pytest

from ecgcore.findings_beside import Agreement, beside
from ecgcore.report import Certainty, Evidence, Localised, Source, Statement


def statement(id_: str, source: Source) -> Statement:
    return Statement(
        id=id_,
        text=Localised(en=id_, zh=id_),
        certainty=Certainty.POSSIBLE,
        source=source,
        evidence=(Evidence(key="x", value=1.0, threshold=0.5),),
        start_ns=0,
        end_ns=1,
        strip_ids=(),
    )


def test_side_by_side_in_the_order_of_the_vocabulary() -> None:
    by_rules = [statement(id_, Source.RULE) for id_ in ("lvh", "afib", "lad")]
    by_model = [statement(id_, Source.MODEL) for id_ in ("rbbb", "afib")]
    found = beside(by_rules, by_model, {"afib", "rbbb", "lvh"})
    assert [(each.id, each.agreement) for each in found] == [
        ("afib", Agreement.BOTH),
        ("rbbb", Agreement.MODEL),
        ("lvh", Agreement.RULE),
        ("lad", Agreement.UNASKED),
    ]
    assert found[0].model is by_model[1]
    assert found[1].rule is None


@pytest.mark.parametrize("classes", [{"lvh"}, {"avb9"}])
def test_a_model_that_states_what_it_cannot_is_refused(classes: set[str]) -> None:
    with pytest.raises(ValueError, match="the model has no class"):
        beside([], [statement("avb9" if "avb9" in classes else "afib", Source.MODEL)], classes)
