import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import ConfigError
from gateway.claim import ClaimCode, label_text, parse_claim

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)


def test_a_printed_number_names_the_patch_that_ends_with_it() -> None:
    code = parse_claim(" 0a1b2c3d\n")
    assert code.names("polar-h10-0A1B2C3D")
    assert not code.names("polar-h10-FF0A1B2C3D")
    assert not code.names("polar-h10-0A1B2C3E")
    assert parse_claim("polar-h10-0A1B2C3D").names("polar-h10-0A1B2C3D")


@given(device=NAMES, passkey=st.none() | st.integers(0, 999_999))
def test_a_label_gives_back_what_was_put_in(device: str, passkey: int | None) -> None:
    assert parse_claim(label_text(device, passkey)) == ClaimCode(device, passkey)


@pytest.mark.parametrize(
    "text",
    ["", "a b", "ecgomics:claim?", "ecgomics:claim?device=x&passkey=12345678", "ä" * 3, "x" * 49],
)
def test_what_can_name_no_patch_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="code"):
        parse_claim(text)
