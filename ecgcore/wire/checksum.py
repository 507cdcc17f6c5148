"""CRC-32C (Castagnoli), by the library that uses the processor's instruction for it."""

import google_crc32c


def crc32c(data: bytes) -> int:
    """Give the CRC-32C of `data`, 0 to 2**32 - 1."""
    return int(google_crc32c.value(data))
