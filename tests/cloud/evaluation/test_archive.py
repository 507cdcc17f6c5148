"""Reading archives."""

import pytest

from cloud.evaluation.archive import person_of
from ecgcore.person import Person, Sex


@pytest.mark.parametrize(
    ("comments", "person"),
    [
        (["<age>: 76", "<sex>: F", "<diagnoses>:"], Person(Sex.FEMALE, 76.0)),
        (["Age: 65", "Sex: Male", "Dx: 426177001"], Person(Sex.MALE, 65.0)),
        (["Age: NaN", "Sex: Unknown", "average age of 30"], Person()),
        ([], Person()),
    ],
)
def test_who_a_record_is_of_stands_in_its_comments(comments: list[str], person: Person) -> None:
    assert person_of(comments) == person
