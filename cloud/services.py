"""Which of the parts behind the pages work right now, and since when."""

from dataclasses import dataclass
from enum import StrEnum

ENGINE_SILENT_S = 3.0
"""Shards that nobody reads for so long are down; an engine's heart beats once a second."""


class Service(StrEnum):
    """The parts people must know about when they fail."""

    BROKER = "broker"
    ENGINE = "engine"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Condition:
    """Up or down since a moment."""

    up: bool
    since_ns: int


class Services:
    """The condition of every service; down until heard of."""

    def __init__(self, now_ns: int) -> None:
        self._conditions = {service: Condition(False, now_ns) for service in Service}

    def set(self, service: Service, *, up: bool, now_ns: int) -> bool:
        """Note a condition; say whether it is news."""
        if self._conditions[service].up == up:
            return False
        self._conditions[service] = Condition(up, now_ns)
        return True

    def is_up(self, service: Service) -> bool:
        """Say whether a service works."""
        return self._conditions[service].up

    def conditions(self) -> dict[Service, Condition]:
        """Give every condition."""
        return dict(self._conditions)
