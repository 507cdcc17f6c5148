"""Child processes: started, logged, measured, started again when they die, stopped in order."""

import asyncio
import os
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ecgcore.errors import ConfigError

_FIRST_RETRY_S = 1.0
_MAX_RETRY_S = 3.0
_LONGEST_LINE_BYTES = 1 << 24
_MISUSED = 2
"""Exit code of a child that cannot work with what it was given."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the system."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    shown: re.Pattern[str] = re.compile("")
    """Lines of its log that people want to see; the file has all of them."""


@dataclass(slots=True)
class Usage:
    """What a part has cost, its restarts included."""

    cpu_s: float = 0.0
    peak_memory_mb: float = 0.0
    restarts: int = 0


class Child:
    """Keeps one part running."""

    def __init__(self, part: Part, logs: Path, say: Callable[[str, str], None]) -> None:
        self.part = part
        self.usage = Usage()
        self.stdout = b""
        """What the last run printed on stdout."""
        self._say = say
        self._logs = logs
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._cpu_before_s = 0.0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def run(self) -> None:
        """Start the part, and again whenever it dies, until it is stopped.

        Raises
        ------
        ConfigError
            If its first start fails with exit code 2; the text is its last line.
        """
        delay_s = _FIRST_RETRY_S
        while not self._stopping:
            last_line = await self._run_once()
            code = self._process.returncode if self._process else None
            if self._stopping:
                return
            if code == _MISUSED and not self.usage.restarts:
                raise ConfigError(last_line.removeprefix("error: ") or f"{self.part.name} failed")
            self._say("demo", f"{self.part.name} {_cause(code)}; starting it again")
            self.usage.restarts += 1
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, _MAX_RETRY_S)

    def kill(self) -> None:
        """End the part as a crash would."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)

    async def stop(self, grace_s: float) -> None:
        """Ask the part to stop, and insist after `grace_s`."""
        self._stopping = True
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(self.part.stop_signal)
        try:
            async with asyncio.timeout(grace_s):
                await self._process.wait()
        except TimeoutError:
            self._say("demo", f"{self.part.name} did not stop within {grace_s:g} s; killed")
            self._process.kill()
            await self._process.wait()

    def measure(self) -> None:
        """Take CPU time and memory of the part and its own children."""
        if self.pid is None:
            return
        try:
            family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
            cpu_s = sum(sum(process.cpu_times()[:2]) for process in family)
            memory = sum(process.memory_full_info().pss for process in family)
        except psutil.Error:
            return
        self.usage.cpu_s = max(self.usage.cpu_s, self._cpu_before_s + cpu_s)
        self.usage.peak_memory_mb = max(self.usage.peak_memory_mb, memory / 2**20)

    async def _run_once(self) -> str:
        self._cpu_before_s = self.usage.cpu_s
        self._process = await asyncio.create_subprocess_exec(
            *self.part.command,
            env={**os.environ, **self.part.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=_LONGEST_LINE_BYTES,
        )
        if self._stopping:
            # Told to stop while it was being started: `stop` did not see it.
            self._process.kill()
        stdout = asyncio.ensure_future(self._read_stdout(self._process))
        last_line = await self._follow(self._process)
        await self._process.wait()
        self.stdout = await stdout
        return last_line

    async def _read_stdout(self, process: asyncio.subprocess.Process) -> bytes:
        return await process.stdout.read() if process.stdout else b""

    async def _follow(self, process: asyncio.subprocess.Process) -> str:
        last_line = ""
        with (self._logs / f"{self.part.name}.log").open("a") as log:
            while process.stderr and (line := await process.stderr.readline()):
                last_line = line.decode(errors="replace").rstrip()
                log.write(last_line + "\n")
                log.flush()
                if self.part.shown.search(last_line):
                    self._say(self.part.name, last_line)
        return last_line


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
