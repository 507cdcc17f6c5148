"""Which notifications of a relay are recorded already, by their running numbers. Pure.

A relay sends again what it does not know to be safe. What a gateway had recorded before it was
killed must not be placed anew: with a patch that numbers nothing nothing else would tell. So the
last number goes into the recorder's state, durable with the frame it became.
"""

_MOST_SOURCES = 8


class Marks:
    """The last recorded notification of each relay that a patch came through.

    Parameters
    ----------
    known : dict[str, tuple[int, int]] or None
        As `known` of an earlier run: by relay the number, and how many `Samples` of that
        notification are recorded.
    """

    def __init__(self, known: dict[str, tuple[int, int]] | None = None) -> None:
        self.known = dict(known or {})
        self._current: tuple[str, int] | None = None
        self._part = 0

    def is_repeat(self, source: str, number: int) -> bool:
        """Tell whether the next `Samples` of a notification are recorded; if not, they are now."""
        self._part = self._part + 1 if self._current == (source, number) else 1
        self._current = (source, number)
        last, parts = self.known.get(source, (0, 0))
        if number < last or (number == last and self._part <= parts):
            return True
        self.known.pop(source, None)
        if len(self.known) >= _MOST_SOURCES:
            del self.known[next(iter(self.known))]
        self.known[source] = (number, self._part)
        return False
