"""A scenario in the demo: asked about from the simulator's command, handed on to it.

The cloud knows no simulator. It asks `ecgomics simulate --plan --json` how many patches there are,
and puts the gateway behind the relay that the patches' process breaks when the plan says so.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ecgcore.errors import ConfigError

_ASK_S = 60


@dataclass(frozen=True, slots=True)
class Stage:
    """A scenario and where it is reached."""

    scenario: str
    patches: int
    relay: str
    """HOST:PORT at which the gateway finds the broker."""
    rig: str
    """HOST:PORT of the rig page."""

    def arguments(self, broker_url: str) -> list[str]:
        """Give what `ecgomics simulate` is told, besides what it is told in any demo."""
        return [
            self.scenario,
            "--stay",
            *("--rig", self.rig),
            *("--relay", self.relay),
            *("--broker", broker_url),
        ]

    def relayed(self, broker_url: str) -> str:
        """Give the broker's address for the gateway."""
        parts = urlsplit(broker_url)
        user, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}{at}{self.relay}").geturl()


def ask(scenario: str, simulate: Sequence[str], ports: Iterator[int]) -> Stage:
    """Find out about a scenario.

    Parameters
    ----------
    scenario : str
        A file, or the name of a shipped one.
    simulate : Sequence[str]
        Command line of the simulator.

    Raises
    ------
    ConfigError
        If it is no scenario; the text is the simulator's.
    """
    asked = subprocess.run(  # noqa: S603 - our own command, its arguments are no shell's
        [*simulate, scenario, "--plan", "--json"],
        capture_output=True,
        text=True,
        timeout=_ASK_S,
        check=False,
    )
    if asked.returncode:
        lines = asked.stderr.strip().splitlines()
        raise ConfigError((lines or ["the simulator failed"])[-1].removeprefix("error: "))
    patches: int = json.loads(asked.stdout)["patches"]
    return Stage(scenario, patches, f"127.0.0.1:{next(ports)}", f"127.0.0.1:{next(ports)}")
