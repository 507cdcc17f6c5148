"""One patch's log as it comes from a phone: in order, once, and forgotten only when safe. Pure.

Theory of operation: records arrive by running number. What was received before is dropped. A
record waits until it is delivered, is *open* until the gateway has handled it and what it became
is committed by the cloud, and then safe. `safe` is the number up to which all are; only then may
the phone forget. `window` is the number up to which the phone may send, so that what waits here
stays bounded however much the phone holds.
"""

from collections import deque

from gateway.relay.messages import Record

_WAITING_RECORDS = 512
_IN_FLIGHT_RECORDS = 32


class PatchLog:
    """The gateway's end of one patch's log; lasts over connections of the phone."""

    def __init__(self) -> None:
        self.have = 0
        """Highest number received."""
        self.safe = 0
        """Every record up to this one is safe."""
        self.n_missing = 0
        """Records that the phone had lost before it could send them."""
        self.n_repeated = 0
        """Records received before, dropped."""
        self._ahead: set[int] = set()
        self._waiting: deque[Record] = deque()
        self._in_flight: dict[int, Record] = {}
        self._open: dict[int, bool] = {}

    @property
    def window(self) -> int:
        """Number up to which the phone may send."""
        oldest = self._waiting[0].number if self._waiting else self.have + 1
        return oldest - 1 + _WAITING_RECORDS

    @property
    def delivered(self) -> int:
        """Every record up to this one was handed out."""
        return self._waiting[0].number - 1 if self._waiting else self.have

    @property
    def n_waiting(self) -> int:
        """Records not yet delivered."""
        return len(self._waiting)

    def resume(self, first: int) -> int:
        """Give the number behind which the phone has to begin; `first` is the lowest it holds."""
        if first - 1 > self.have:
            # What came before was freed by an earlier gateway, or lost by the phone.
            if self.have:
                self.n_missing += first - 1 - self.have
            self.have = first - 1
        if not self._open and not self._waiting:
            self.safe = max(self.safe, self.have)
        return self.have

    def take(self, record: Record) -> bool:
        """Have a record wait; False if it was here before."""
        if record.number <= self.have:
            self.n_repeated += 1
            return False
        self.n_missing += record.number - 1 - self.have
        self.have = record.number
        self._open[record.number] = False
        if record.number in self._ahead:
            self._ahead.discard(record.number)
            self.settle(record.number)
            return False
        self._waiting.append(record)
        return True

    def take_ahead(self, record: Record) -> bool:
        """Note a record that came before its turn, and will come again; False if it had come."""
        if record.number <= self.have or record.number in self._ahead:
            return False
        self._ahead.add(record.number)
        return True

    def next(self) -> Record | None:
        """Give the record to deliver now, or None while too many are not handled yet."""
        if not self._waiting or len(self._in_flight) >= _IN_FLIGHT_RECORDS:
            return None
        record = self._waiting.popleft()
        self._in_flight[record.number] = record
        return record

    def pull_newest(self) -> Record:
        """Give the record taken last, out of turn."""
        record = self._waiting.pop()
        self._in_flight[record.number] = record
        return record

    def handled(self, number: int) -> None:
        """Note that a delivered record was taken by the gateway."""
        self._in_flight.pop(number, None)

    def requeue(self) -> None:
        """Have delivered records wait again that nobody will handle any more."""
        for record in sorted(self._in_flight.values(), key=lambda each: -each.number):
            self._waiting.appendleft(record)
        self._in_flight.clear()

    def settle(self, number: int) -> bool:
        """Note that what a record became is committed; tell whether `safe` moved on."""
        if number not in self._open:
            return False
        self._open[number] = True
        before = self.safe
        while self._open:
            oldest = next(iter(self._open))
            if not self._open[oldest]:
                break
            del self._open[oldest]
            self.safe = oldest
        return self.safe > before
