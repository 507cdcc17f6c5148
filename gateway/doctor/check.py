"""What a check finds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from gateway.settings import GatewaySettings


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as well as it could."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    detail: str
    advice: str = ""
    """What to do about it; empty when there is nothing to do."""


Check: TypeAlias = Callable[[GatewaySettings], Awaitable[list[Finding]]]


def ok(what: str, detail: str) -> Finding:
    """Give a finding that needs nothing."""
    return Finding(what, Verdict.OK, detail)


def warning(what: str, detail: str, advice: str) -> Finding:
    """Give a finding one should know of."""
    return Finding(what, Verdict.WARNING, detail, advice)


def failed(what: str, detail: str, advice: str) -> Finding:
    """Give a finding that keeps the gateway from working."""
    return Finding(what, Verdict.FAILED, detail, advice)
