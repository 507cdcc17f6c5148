"""Who waits for the cloud's word on what was recorded so far. Pure."""

from collections import deque
from collections.abc import Callable

from gateway.placing import Position

Call = Callable[[], None]


class Commitments:
    """Calls back once everything up to a position of a patch is committed."""

    def __init__(self) -> None:
        self._through: dict[tuple[str, int], int] = {}
        self._waiting: dict[tuple[str, int], deque[tuple[int, Call]]] = {}
        self._recorded: set[str] = set()

    def recorded(self, device: str) -> None:
        """Note that something of the patch is on its way into the spool."""
        self._recorded.add(device)

    def wait(
        self, device: str, position: Position | None, call: Call, *, has_backlog: bool
    ) -> None:
        """Have `call` called, at once where nothing is left to commit.

        Parameters
        ----------
        position : Position or None
            Where the patch's count stands now; None: nothing of it was ever recorded.
        has_backlog : bool
            Whether the spool holds something of the patch.
        """
        if position is None or not (has_backlog or device in self._recorded):
            call()
            return
        boot = (device, position.boot_id)
        if position.counter <= self._through.get(boot, 0):
            call()
            return
        self._waiting.setdefault(boot, deque()).append((position.counter, call))

    def committed(self, device: str, boot_id: int, through: int) -> None:
        """Take the cloud's word that it has everything of a boot below `through`."""
        boot = (device, boot_id)
        self._through[boot] = max(through, self._through.get(boot, 0))
        waiting = self._waiting.get(boot, deque())
        # Positions of one boot only grow.
        while waiting and waiting[0][0] <= self._through[boot]:
            waiting.popleft()[1]()
