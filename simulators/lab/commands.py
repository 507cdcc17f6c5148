"""A scenario from the command line: played at a level, with its progress on stderr."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ecgcore.clock import UtcClock
from ecgcore.errors import ConfigError
from ecgcore.wire.broker import Broker
from simulators.lab.gateways import Sent, VirtualGateway, play_mqtt
from simulators.lab.play import Address, PlayConfig, play_bluetooth
from simulators.lab.timeline import Timeline
from simulators.lab.uplink import relayed
from simulators.scenario.durations import clock_text
from simulators.scenario.faults import Level, Scope
from simulators.scenario.plan import Plan

_log = logging.getLogger(__name__)
_Tell = Callable[[float], None]


def on_bluetooth(config: PlayConfig) -> dict[str, Any]:
    """Play a scenario for a gateway that runs elsewhere; give its account.

    Raises
    ------
    ConfigError
        If it cannot be played here.
    """
    _say_left_out(config.plan, Level.BLUETOOTH)
    return _shown(config.plan, lambda tell: asyncio.run(play_bluetooth(config, tell)))


def on_mqtt(plan: Plan, clock: UtcClock, broker: Broker | None, gateways: int) -> dict[str, Any]:
    """Play a scenario on virtual gateways; give its account.

    Raises
    ------
    ConfigError
        If no broker is named.
    """
    if broker is None:
        msg = "--level mqtt needs --broker mqtt://..."
        raise ConfigError(msg)
    _say_left_out(plan, Level.MQTT)
    return _shown(plan, lambda tell: asyncio.run(_play_mqtt(plan, clock, broker, gateways, tell)))


async def _play_mqtt(
    plan: Plan, clock: UtcClock, broker: Broker, n_gateways: int, tell: _Tell
) -> dict[str, Any]:
    timeline = Timeline(clock, clock.now_ns())
    async with relayed(plan, timeline, broker) as near:
        played = await play_mqtt(plan, timeline, near, n_gateways, on_progress=tell)
    return account_of(plan, played)


def account_of(plan: Plan, gateways: list[VirtualGateway]) -> dict[str, Any]:
    """Give what virtual gateways recorded, sent and got committed."""
    sent = dict.fromkeys(asdict(Sent()), 0)
    for gateway in gateways:
        for name, count in asdict(gateway.sent).items():
            sent[name] += count
    boots = [boot for gateway in gateways for boot in gateway.source.boots]
    return {
        "name": plan.scenario.name,
        "seed": plan.seed,
        "level": Level.MQTT.value,
        "gateways": len(gateways),
        "boots": len(boots),
        "samples": sum(end - start for boot in boots for start, end in boot.sent),
        "gap_samples": sum(end - start for boot in boots for start, end, _ in boot.gaps),
        "uncommitted_frames": sum(len(gateway.spool) for gateway in gateways),
        "publishes": sent,
    }


def play_config(
    plan: Plan,
    clock: UtcClock,
    *,
    listen: Address,
    journal: Path | None,
    stays: bool,
    broker: Broker | None,
    relay: Address | None,
    page: Address | None,
) -> PlayConfig:
    """Put together where a scenario is played.

    Raises
    ------
    ConfigError
        If what belongs together is not given together.
    """
    if relay is not None and broker is None:
        msg = "--relay needs --broker: where does it lead?"
        raise ConfigError(msg)
    if relay is None and any(each.fault.scope is Scope.UPLINK for each in plan.faults):
        _log.warning("no --relay is given, so uplink faults do not happen")
    return PlayConfig(plan, clock, listen, journal, stays, broker, relay, page)


def _say_left_out(plan: Plan, level: Level) -> None:
    left_out = {each.kind for each in plan.left_out(level)}
    if level is Level.BLUETOOTH:
        # The gateway is another process, whose clock is not ours to set.
        left_out |= {each.kind for each in plan.faults if each.fault.scope is Scope.HOST}
    for kind in sorted(left_out):
        _log.warning("%s does not happen at the level %s", kind, level)


def _shown(plan: Plan, play: Callable[[_Tell], dict[str, Any]]) -> dict[str, Any]:
    duration_s = plan.scenario.duration_s
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[at]}"))
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(plan.scenario.name, total=duration_s, at="waiting for a gateway")

        def tell(at_s: float) -> None:
            progress.update(
                task,
                completed=min(at_s, duration_s),
                at=f"{clock_text(at_s)} of {clock_text(duration_s)}",
            )

        return play(tell)
