from hypothesis import given
from hypothesis import strategies as st

from ecgcore.wire.checksum import crc32c


def bitwise(data: bytes) -> int:
    """CRC-32C by its definition: reflected polynomial 0x82F63B78, all ones in and out."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def test_check_value_of_the_standard() -> None:
    # RFC 3720, appendix B.4: 32 zeros; and the usual check string.
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"123456789") == 0xE3069283


@given(st.binary(max_size=200))
def test_equals_its_definition(data: bytes) -> None:
    assert crc32c(data) == bitwise(data)
