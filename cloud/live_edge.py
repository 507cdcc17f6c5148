"""The newest of each patch, shown and judged before its turn. Pure: no I/O, no clock.

Theory of operation: while older frames of a patch are still on their way, the newest ones also come
on the live lane. Each is shown once: the in-order copy of what was shown is not shown again. A
*scout* judges them: an analysis that starts at the live edge, stores nothing and ends when the
in-order analysis has caught up with it. Its numbers are told while those in order lag behind; they
are marked as a preview.
"""

from dataclasses import dataclass

from cloud.device_stream import Arrived, DeviceStream, Findings
from ecgcore.parameters import Preset
from ecgcore.wire import topics
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import Numbers

_LAG_NS = 5 * 10**9
"""Numbers in order that are so much older than the live edge are not of now."""
_IDLE_S = 30.0
_MOST_SCOUTS = 512

BootKey = tuple[str, int]


class Scout:
    """The analysis of one boot from the live edge on."""

    def __init__(self, first: Frame, preset: Preset) -> None:
        # Nothing is waited for: a frame that the live lane lost is a gap at once.
        self._stream = DeviceStream(first, 0, preset)
        self._stream.order.next = first.first_counter
        self.failures: list[Exception] = []

    @property
    def next(self) -> int:
        """Counter after the newest sample."""
        return self._stream.order.next

    @property
    def through_ns(self) -> int:
        """UTC after the newest sample."""
        return self._stream.through_ns

    def take(self, frame: Frame, body: bytes) -> bool:
        """Analyse a frame; False if it cannot go on here."""
        findings = Findings()
        is_refused = self._stream.accept(Arrived(frame, body), findings) is not None
        self._stream.advance(findings)
        self.failures = findings.failures
        return not is_refused

    def numbers(self, safe_through_ns: int) -> Numbers:
        """Give the latest values; counts are since the scout began."""
        told = self._stream.numbers()
        return told.model_copy(update={"is_preview": True, "safe_through_ns": safe_through_ns})


@dataclass(slots=True)
class _Edge:
    """The newest of one patch."""

    boot_id: int
    end: int
    end_ns: int
    seen_s: float
    scout: Scout | None = None
    numbers_s: float = float("-inf")


class LiveEdges:
    """The live edge of every patch that has one."""

    def __init__(self, preset: Preset) -> None:
        self._preset = preset
        self._edges: dict[str, _Edge] = {}
        self._safe_ns: dict[str, int] = {}

    def knows_safe(self, device: str) -> bool:
        """Say whether it was told up to when a patch's samples are stored."""
        return device in self._safe_ns

    def committed(self, device: str, through_ns: int) -> None:
        """Note up to when everything of a patch is stored."""
        self._safe_ns[device] = max(through_ns, self._safe_ns.get(device, 0))

    def take(self, frame: Frame, body: bytes, now_s: float) -> bool:
        """Take a frame of the live lane; False if it is no news."""
        edge = self._edges.get(frame.device)
        is_same_boot = edge is not None and edge.boot_id == frame.boot_id
        if edge is not None and is_same_boot and frame.end <= edge.end:
            return False
        if edge is None or not is_same_boot:
            edge = _Edge(frame.boot_id, frame.end, frame.end_utc_ns, now_s)
            self._edges[frame.device] = edge
        edge.end, edge.end_ns, edge.seen_s = frame.end, frame.end_utc_ns, now_s
        if frame.n_samples:
            self._scout(edge, frame, body)
        return True

    def numbers(self, device: str, now_s: float, every_s: float) -> Numbers | None:
        """Give a preview if one is due, and those in order lag behind."""
        edge = self._edges.get(device)
        if edge is None or edge.scout is None or now_s - edge.numbers_s < every_s:
            return None
        safe_ns = self._safe_ns.get(device, 0)
        if edge.scout.through_ns - safe_ns < _LAG_NS:
            return None
        edge.numbers_s = now_s
        return edge.scout.numbers(safe_ns)

    def failures(self, device: str) -> list[Exception]:
        """Give why a scout's analysis began anew with the last frame, if it did."""
        edge = self._edges.get(device)
        return edge.scout.failures if edge and edge.scout else []

    def is_shown(self, frame: Frame) -> bool:
        """Say whether a frame in order is older than what was shown of its patch."""
        edge = self._edges.get(frame.device)
        if edge is None:
            return False
        if edge.boot_id == frame.boot_id:
            return frame.end <= edge.end
        return frame.end_utc_ns <= edge.end_ns

    def is_ahead(self, device: str, through_ns: int) -> bool:
        """Say whether a preview is told instead of numbers in order that end here."""
        edge = self._edges.get(device)
        has_scout = edge is not None and edge.scout is not None
        return has_scout and edge is not None and edge.end_ns - through_ns >= _LAG_NS

    def caught_up(self, device: str, boot_id: int, next_counter: int) -> bool:
        """Note how far the frames in order are; say whether that ended a scout."""
        edge = self._edges.get(device)
        if edge is None or edge.boot_id != boot_id or next_counter < edge.end:
            return False
        had_scout, edge.scout = edge.scout is not None, None
        return had_scout

    def forget_idle(self, now_s: float) -> None:
        """Let go of edges of which nothing more came."""
        idle = [device for device, edge in self._edges.items() if now_s - edge.seen_s > _IDLE_S]
        for device in idle:
            del self._edges[device]
        if not self._edges:
            self._safe_ns.clear()

    def forget(self, shards: frozenset[int]) -> None:
        """Let go of the patches of some shards."""
        for known in (self._edges, self._safe_ns):
            for device in [each for each in known if topics.shard_of(each) in shards]:
                del known[device]

    def _scout(self, edge: _Edge, frame: Frame, body: bytes) -> None:
        if edge.scout is None:
            if sum(each.scout is not None for each in self._edges.values()) >= _MOST_SCOUTS:
                return
            edge.scout = Scout(frame, self._preset)
        if not edge.scout.take(frame, body):
            # Another rate or other leads: the next frame begins anew.
            edge.scout = None
