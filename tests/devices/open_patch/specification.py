"""The worked examples of docs/open-patch.md, read out of it, and its codecs taken word by word."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs" / "open-patch.md").read_text()


def example(name: str) -> bytes:
    """Give the bytes of the code block that is headed ``hex NAME``; notes after ``;`` fall away."""
    found = re.search(rf"^```hex {re.escape(name)}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found, name
    return bytes.fromhex("".join(line.split(";")[0] for line in found[1].splitlines()))


def rice_one_by_one(payload: bytes, n_leads: int, n_samples: int) -> list[list[int]]:
    """Read codec 2 as a firmware would: bit after bit."""
    heads = [payload[4 * lead : 4 * lead + 4] for lead in range(n_leads)]
    bits = [octet >> (7 - at) & 1 for octet in payload[4 * n_leads :] for at in range(8)]
    at, quotients = 0, []
    for _ in range(n_leads * (n_samples - 1)):
        zeros = 0
        while not bits[at]:
            at, zeros = at + 1, zeros + 1
        at += 1
        quotients.append(zeros)
    at = -(-at // 8) * 8
    leads = []
    for lead, head in enumerate(heads):
        k, order = head[3] & 31, head[3] >> 5
        value, step = int.from_bytes(head[:3], "little", signed=True), 0
        samples = [value]
        for quotient in quotients[lead * (n_samples - 1) : (lead + 1) * (n_samples - 1)]:
            code = quotient << k
            for bit in range(k - 1, -1, -1):
                code, at = code | bits[at] << bit, at + 1
            residual = code >> 1 if code % 2 == 0 else -(code >> 1) - 1
            step = residual if order == 1 else step + residual
            value += step
            samples.append(value)
        leads.append(samples)
    return leads
