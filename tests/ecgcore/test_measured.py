"""Values of any kind, with what their key means."""

import pytest

from ecgcore.events import NullReason
from ecgcore.measured import Said, gated, measurement_of


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        (0.25, (0.25, None, None, None)),
        (True, (1.0, None, None, None)),
        ("qRs", (None, "qRs", None, None)),
        ((1.0, 2.0), (None, None, (1.0, 2.0), None)),
        (NullReason.AF, (None, None, None, NullReason.AF)),
    ],
)
def test_a_value_stands_where_its_kind_belongs(said: Said, parts: tuple[object, ...]) -> None:
    found = measurement_of("qrs_pattern", said, 7, 0.9, "V1")
    assert (found.value, found.text, found.vector, found.null_reason) == parts
    assert found.n == (0 if isinstance(said, NullReason) else 7)


def test_what_the_recording_cannot_carry_is_taken_back_whole() -> None:
    found = gated(measurement_of("fqrs", "1", 7, 0.9, "V1"), 10.0, 130.0)
    assert found.null_reason is NullReason.FS_TOO_LOW
    assert (found.value, found.text, found.n) == (None, None, 0)
