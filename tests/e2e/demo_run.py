"""`ecgomics demo` as a child process, with its parts' process ids at hand."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import free_port

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
RECORD = DATA / "mitdb" / "119"


class DemoRun:
    """One run of the demo."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._log = folder / "demo.log"
        command = [sys.executable, "-m", "ecgcore", "demo", "--headless", "--json"]
        command += ["--data-dir", str(folder / "data"), "--port", str(free_port()), *options]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)

    @property
    def state(self) -> dict[str, Any]:
        """What the running demo says of itself: url, accounts, process ids."""
        deadline = time.monotonic() + 60
        path = self._folder / "data" / "demo.json"
        while True:
            try:
                return json.loads(path.read_text())  # type: ignore[no-any-return]
            except (FileNotFoundError, json.JSONDecodeError):
                assert self._process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.1)

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return self._log.read_text(errors="replace")

    def wait_for(self, words: str, within_s: float = 60) -> None:
        """Wait until the log has some words."""
        deadline = time.monotonic() + within_s
        while words not in self.log:
            assert time.monotonic() < deadline, f"no {words!r} in {self.log[-3000:]}"
            time.sleep(0.1)

    def kill(self, part: str) -> None:
        """SIGKILL one process and wait until the demo has started it again."""
        before = self.state["pids"][part]
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while self.state["pids"][part] in (before, None):
            assert time.monotonic() < deadline, f"{part} did not come back: {self.log[-3000:]}"
            time.sleep(0.1)

    def signal_part(self, part: str, number: signal.Signals) -> None:
        """Send a signal to one process."""
        os.kill(self.state["pids"][part], number)

    def stop(self) -> None:
        """Ask for the end, as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def result(self, within_s: float = 180) -> dict[str, Any]:
        """Wait for the end and give its account."""
        stdout, _ = self._process.communicate(timeout=within_s)
        assert self._process.returncode == 0, self.log[-5000:]
        return json.loads(stdout)  # type: ignore[no-any-return]

    def exit_code(self, within_s: float = 60) -> int:
        """Wait for the end and give the exit code."""
        return self._process.wait(within_s)

    def close(self) -> None:
        """Leave nothing running."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
        assert self._process.stdout
        self._process.stdout.close()


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[DemoRun]:
    """Start a demo in `folder` and stop it at the end."""
    run = DemoRun(folder, *options)
    try:
        yield run
    finally:
        run.close()
