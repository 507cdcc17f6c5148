"""A clinician's client on the live WebSocket: what arrives, and how old it is by then."""

import asyncio
import contextlib
import json
import random
import struct
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import websockets
from websockets.asyncio.client import ClientConnection, connect

from ecgcore.clock import UtcClock
from ecgcore.types import FloatArray

_STRIP = struct.Struct("<BBBBIIIQQIIq")
_KEPT_SAMPLES = 400_000
_RETRY_MAX_S = 2.0


@dataclass(slots=True)
class Seen:
    """What came over the WebSocket."""

    strips: int = 0
    samples: int = 0
    report_ids: set[str] = field(default_factory=set)
    dropped: int = 0
    breaks: int = 0
    """How often a connection that had worked broke."""
    ages_s: list[FloatArray] = field(default_factory=list)
    """Per strip, the age of each of its samples on arrival."""
    n_ages: int = 0


class Watcher:
    """Signs in, subscribes to every patient and keeps watching through restarts of the server."""

    def __init__(self, base_url: str, username: str, password: str, clock: UtcClock) -> None:
        self.seen = Seen()
        self._base_url = base_url
        self._account = {"username": username, "password": password}
        self._clock = clock
        self._subscribed_ns: dict[int, int] = {}
        self._is_connected = False

    async def run(self) -> None:
        """Watch until cancelled."""
        delay_s = 0.2
        while True:
            try:
                await self._watch()
            except (OSError, httpx.HTTPError, websockets.WebSocketException):
                self.seen.breaks += self._is_connected
            self._is_connected = False
            await asyncio.sleep(random.uniform(0.05, delay_s))  # noqa: S311 - spreading, not secrecy
            delay_s = min(2 * delay_s, _RETRY_MAX_S)

    async def _watch(self) -> None:
        headers = {"Origin": self._base_url}
        async with httpx.AsyncClient(base_url=self._base_url, headers=headers) as http:
            (await http.post("/api/v1/login", json=self._account)).raise_for_status()
            patients = (await http.get("/api/v1/patients")).raise_for_status().json()
            ticket = (await http.post("/api/v1/live/ticket")).raise_for_status().json()["ticket"]
        url = f"{self._base_url.replace('http', 'ws', 1)}/live?ticket={ticket}"
        async with connect(url, origin=self._base_url, max_queue=None) as socket:  # type: ignore[arg-type]
            self._is_connected = True
            await self._subscribe(socket, [patient["patient_id"] for patient in patients])
            async for message in socket:
                if isinstance(message, bytes):
                    self._on_strip(message)
                else:
                    self._on_json(json.loads(message))

    async def _subscribe(self, socket: ClientConnection, patients: list[str]) -> None:
        await socket.send(json.dumps({"type": "subscribe", "patients": patients, "strips": True}))

    def _on_json(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribed":
            self._subscribed_ns[message["stream"]] = self._clock.now_ns()
        elif message["type"] == "report":
            self.seen.report_ids.add(message["report"]["report_id"])
        elif message["type"] == "dropped":
            self.seen.dropped += message["messages"]

    def _on_strip(self, message: bytes) -> None:
        stream, _, n_samples, *_, fs_mhz, _, utc_ns = _STRIP.unpack_from(message)[4:]
        # What came from the store right after subscribing says nothing about the way here.
        if utc_ns < self._subscribed_ns.get(stream, 0):
            return
        self.seen.strips += 1
        self.seen.samples += n_samples
        if self.seen.n_ages < _KEPT_SAMPLES:
            taken_ns = utc_ns + np.arange(n_samples) * (1e12 / fs_mhz)
            ages_s = (self._clock.now_ns() - taken_ns) / 1e9 / self._clock.speed
            self.seen.ages_s.append(ages_s)
            self.seen.n_ages += n_samples


async def ready(base_url: str) -> None:
    """Wait until the server has its broker, its database and a living engine."""
    async with httpx.AsyncClient(base_url=base_url) as http:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (await http.get("/readyz")).is_success:
                    return
            await asyncio.sleep(0.1)


def percentiles_s(ages_s: list[FloatArray]) -> dict[str, float | None]:
    """Give median and 99th percentile in seconds, null when nothing came."""
    if not ages_s:
        return {"p50_s": None, "p99_s": None}
    p50, p99 = np.percentile(np.concatenate(ages_s), [50, 99])
    return {"p50_s": round(float(p50), 3), "p99_s": round(float(p99), 3)}
