"""Fan-out to the pages: one bounded queue a client, each message encoded once for all of them.

A client that reads too slowly loses strips, the oldest first, and is told how many. JSON is never
lost in silence: a client that cannot even keep up with that is disconnected.
"""

import asyncio
import json
from collections import deque
from collections.abc import Hashable

_STRIPS_A_PATIENT = 64
_MOST_TEXTS = 2048
_MOST_CLIENTS = 4096
TRY_AGAIN_LATER = 1013
"""WebSocket close code: the client could not keep up, or there are too many."""


class Client:
    """What waits to be sent to one WebSocket.

    Parameters
    ----------
    owner : Hashable
        Whose it is: the session, so that its end can end the client.
    """

    def __init__(self, owner: Hashable) -> None:
        self.owner = owner
        self.closing = asyncio.Event()
        self.close_code = 1000
        self._waiting: deque[str | bytes] = deque()
        self._n_strips = 0
        self._dropped = 0
        self._wants_strips: dict[str, bool] = {}
        self._ready = asyncio.Event()

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients it is subscribed to."""
        return tuple(self._wants_strips)

    def want(self, patient_id: str, *, strips: bool) -> None:
        """Note a subscription."""
        self._wants_strips[patient_id] = strips

    def unwant(self, patient_id: str) -> None:
        """Forget a subscription."""
        self._wants_strips.pop(patient_id, None)

    def wants_strips(self, patient_id: str) -> bool:
        """Say whether it is subscribed to this patient's strips."""
        return self._wants_strips.get(patient_id, False)

    def close(self, code: int) -> None:
        """Ask for the connection to be closed."""
        self.close_code = code
        self.closing.set()

    def offer_text(self, text: str) -> None:
        """Queue JSON; beyond the limit the client is disconnected."""
        if len(self._waiting) - self._n_strips >= _MOST_TEXTS:
            self.close(TRY_AGAIN_LATER)
            return
        self._put(text)

    def offer_strip(self, strip: bytes) -> None:
        """Queue a strip; beyond the limit the oldest strip gives way."""
        if self._n_strips >= _STRIPS_A_PATIENT * max(1, len(self._wants_strips)):
            self._drop_oldest_strip()
        self._n_strips += 1
        self._put(strip)

    async def next(self) -> str | bytes:
        """Wait for the next message; cancelling loses none."""
        await self._ready.wait()
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return json.dumps({"type": "dropped", "messages": dropped})
        message = self._waiting.popleft()
        self._n_strips -= isinstance(message, bytes)
        if not self._waiting:
            self._ready.clear()
        return message

    def _put(self, message: str | bytes) -> None:
        self._waiting.append(message)
        self._ready.set()

    def _drop_oldest_strip(self) -> None:
        oldest = next(i for i, waiting in enumerate(self._waiting) if isinstance(waiting, bytes))
        del self._waiting[oldest]
        self._n_strips -= 1
        self._dropped += 1


class Hub:
    """Who listens to whom."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()
        self._listeners: dict[str, set[Client]] = {}
        self._streams: dict[str, int] = {}

    def stream_of(self, patient_id: str) -> int:
        """Give the number that stands for a patient in strip messages."""
        return self._streams.setdefault(patient_id, len(self._streams) + 1)

    def join(self, owner: Hashable) -> Client | None:
        """Let a client in; None when there are too many.

        From now on it gets what goes to everybody.
        """
        if len(self._clients) >= _MOST_CLIENTS:
            return None
        client = Client(owner)
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client."""
        self._clients.discard(client)
        for patient_id in client.patients:
            self.unsubscribe(client, patient_id)

    def close_all_of(self, owner: Hashable, code: int) -> None:
        """Disconnect an owner's clients."""
        for client in self._clients:
            if client.owner == owner:
                client.close(code)

    def subscribe(self, client: Client, patient_id: str, *, strips: bool) -> None:
        """Send a patient's messages to a client; the caller has asked whether it may read her."""
        client.want(patient_id, strips=strips)
        self._listeners.setdefault(patient_id, set()).add(client)

    def unsubscribe(self, client: Client, patient_id: str) -> None:
        """Stop sending a patient's messages to a client."""
        client.unwant(patient_id)
        listeners = self._listeners.get(patient_id, set())
        listeners.discard(client)
        if not listeners:
            self._listeners.pop(patient_id, None)

    def unsubscribe_all(self, patient_id: str) -> None:
        """Stop sending a patient's messages to anybody, and close their connections.

        Whoever still may read her connects and asks again.
        """
        for client in tuple(self._listeners.get(patient_id, ())):
            self.unsubscribe(client, patient_id)
            client.close(TRY_AGAIN_LATER)

    def is_heard(self, patient_id: str) -> bool:
        """Say whether anybody listens to a patient."""
        return patient_id in self._listeners

    def send_text(self, patient_id: str, text: str) -> None:
        """Send JSON to everybody who listens to a patient."""
        for client in self._listeners.get(patient_id, ()):
            client.offer_text(text)

    def send_strip(self, patient_id: str, strip: bytes) -> None:
        """Send a strip to everybody who asked for this patient's strips."""
        for client in self._listeners.get(patient_id, ()):
            if client.wants_strips(patient_id):
                client.offer_strip(strip)

    def send_all(self, text: str) -> None:
        """Send JSON to every client."""
        for client in self._clients:
            client.offer_text(text)
