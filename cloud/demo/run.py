"""One run of the demo, from the first process to the account of it."""

import asyncio
import json
import os
import signal
import sys
import webbrowser
from collections.abc import Coroutine
from typing import Any

from rich.console import Console
from rich.text import Text

from cloud.accounts import NewClinician, NewPatient, seed
from cloud.demo.plan import CLINICIAN, DRAIN_S, Plan, name_of
from cloud.demo.summary import read_produced, summarise
from cloud.demo.supervisor import Child
from cloud.demo.watcher import Watcher, ready
from cloud.ingest import require_broker
from cloud.store.database import migrate, open_pool
from ecgcore.clock import UtcClock
from ecgcore.wire.broker import Broker

_COLOURS = {
    "demo": "bold", "broker": "blue", "postgres": "cyan", "engine": "green",
    "server": "magenta", "patches": "yellow", "gateway": "bright_blue",
}  # fmt: skip
_GRACE_S = 10.0


class Demo:
    """One run, from the first process to the account of it."""

    def __init__(self, plan: Plan, clock: UtcClock, *, headless: bool) -> None:
        self._plan = plan
        self._clock = clock
        self._headless = headless
        self._console = Console(stderr=True, highlight=False)
        self._children = {
            name: Child(part, plan.options.data_dir / "logs", self._say)
            for name, part in plan.parts.items()
        }
        self._watcher = Watcher(plan.base_url, CLINICIAN, plan.secrets.clinician, clock)
        self._stop = asyncio.Event()

    async def run(self) -> dict[str, Any]:
        """Start, watch, stop in order, account."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        try:
            async with asyncio.TaskGroup() as tasks:
                return await self._live(tasks)
        except BaseExceptionGroup as failures:
            # The first one is the cause; the rest is its echo.
            raise failures.exceptions[0] from None

    async def _live(self, tasks: asyncio.TaskGroup) -> dict[str, Any]:
        start_ns = self._clock.now_ns()
        try:
            if not await self._unless_told(self._start_up(tasks, start_ns)):
                return {}
            watching = tasks.create_task(self._watcher.run(), name="watcher")
            measuring = tasks.create_task(self._measure(), name="measure")
            self._welcome()
            await self._until_told()
            await self._silence_patches()
            watching.cancel()
            measuring.cancel()
            for name in ("server", "engine"):
                await self._children[name].stop(_GRACE_S)
            return await self._account(start_ns)
        finally:
            await self._stop_all()

    async def _start_up(self, tasks: asyncio.TaskGroup, start_ns: int) -> None:
        await self._require_given()
        for name in ("broker", "postgres", "patches"):
            self._start(tasks, name)
        await self._seed(start_ns)
        for name in ("engine", "server"):
            self._start(tasks, name)
        # Once the engine's sessions exist the broker keeps what comes for it.
        await ready(self._plan.base_url)
        self._start(tasks, "gateway")

    async def _require_given(self) -> None:
        options = self._plan.options
        if options.broker_url:
            await require_broker(Broker.parse(options.broker_url), wait_s=0)
        if options.database_url:
            await (await open_pool(options.database_url)).close()

    async def _unless_told(self, work: Coroutine[Any, Any, None]) -> bool:
        """Carry `work` through unless Ctrl-C comes first; say whether it was carried through."""
        working, told = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            if not working.done():
                working.cancel()
        if not working.cancelled() and working.done():
            await working
            return True
        return False

    def _start(self, tasks: asyncio.TaskGroup, name: str) -> None:
        if name in self._children:
            tasks.create_task(self._children[name].run(), name=name)

    async def _seed(self, start_ns: int) -> None:
        plan = self._plan
        devices = await self._devices()
        pool = await open_pool(plan.database_url, wait_s=20)
        await migrate(plan.database_url)
        patients = [
            NewPatient(
                f"p{i + 1}", name_of(i), str(i + 1), device, f"p{i + 1}", plan.secrets.patients[i]
            )
            for i, device in enumerate(devices)
        ]
        async with pool.acquire() as connection:
            clinician = NewClinician(CLINICIAN, plan.secrets.clinician)
            await seed(connection, patients=patients, clinician=clinician, from_ns=start_ns)
        await pool.close()

    async def _devices(self) -> list[str]:
        while True:
            devices = sorted({p.name.split(".")[0] for p in self._plan.journal_dir.glob("*.json")})
            if len(devices) >= self._plan.options.patients:
                return devices
            await asyncio.sleep(0.05)

    async def _until_told(self) -> None:
        try:
            async with asyncio.timeout(self._plan.options.duration_s):
                await self._stop.wait()
        except TimeoutError:
            pass

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(1)
            for child in self._children.values():
                child.measure()
            self._write_state()

    async def _silence_patches(self) -> None:
        # Patches stop at the gateway's word, so what they sent and what it stored can be compared.
        self._say("demo", "stopping: the gateway stops the patches and empties its spool")
        await self._children["gateway"].stop(DRAIN_S + _GRACE_S)
        await self._children["patches"].stop(_GRACE_S)
        # What was committed last is on its way to the watcher.
        await asyncio.sleep(0.5)

    async def _stop_all(self) -> None:
        await asyncio.gather(*(child.stop(_GRACE_S) for child in self._children.values()))
        (self._plan.options.data_dir / "demo.json").unlink(missing_ok=True)

    async def _account(self, start_ns: int) -> dict[str, Any]:
        pool = await open_pool(self._plan.database_url)
        async with pool.acquire() as connection:
            summary = await summarise(
                connection,
                produced=read_produced(self._plan.journal_dir),
                received=self._received(),
                seen=self._watcher.seen,
                usage={name: child.usage for name, child in self._children.items()},
                clock=self._clock,
                start_ns=start_ns,
            )
        await pool.close()
        return summary

    def _received(self) -> int | None:
        """Give the samples the gateway took off the air; None if it was killed and forgot them."""
        gateway = self._children["gateway"]
        if gateway.usage.restarts or not gateway.stdout:
            return None
        return int(json.loads(gateway.stdout)["samples"])

    def _welcome(self) -> None:
        plan = self._plan
        accounts = [(CLINICIAN, plan.secrets.clinician, "the wall")]
        accounts += [
            (f"p{i + 1}", plan.secrets.patients[i], f"{name_of(i)}'s phone")
            for i in range(min(plan.options.patients, 3))
        ]
        self._say("demo", f"pages at {plan.base_url}")
        for username, password, what in accounts:
            self._say("demo", f"  sign in as {username} with {password} to see {what}")
        if plan.stage:
            self._say("demo", f"faults of {plan.stage.scenario} at http://{plan.stage.rig}/")
        self._say("demo", "Ctrl-C stops everything and keeps the data")
        self._write_state()
        if not self._headless and sys.stdout.isatty():
            webbrowser.open(plan.base_url)

    def _write_state(self) -> None:
        plan = self._plan
        state = {
            "url": plan.base_url,
            "database_url": plan.database_url,
            "accounts": {
                CLINICIAN: plan.secrets.clinician,
                **{f"p{i + 1}": word for i, word in enumerate(plan.secrets.patients)},
            },
            "pids": {name: child.pid for name, child in self._children.items()},
        }
        path = plan.options.data_dir / "demo.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(state, file)

    def _say(self, name: str, line: str) -> None:
        text = Text.assemble((f"{name:>9} ", _COLOURS.get(name, "")), line)
        self._console.print(text, soft_wrap=True)
