from dataclasses import dataclass

from gateway.events import EventClock, Events
from gateway.store_watch import StoreWatch
from tests.gateway.test_events import Shelf


@dataclass
class Store:
    trouble: str | None = None
    n_evicted: int = 0
    salvaged: str | None = None


def test_what_happens_to_the_store_is_told_once_for_each_patch() -> None:
    store, shelf = Store(), Shelf()
    events = Events(9, shelf, EventClock(lambda: 10**18, lambda: 0.0))  # type: ignore[arg-type]
    watch = StoreWatch(store, events, lambda: ["a", "b"])  # type: ignore[arg-type]
    watch.look()
    assert shelf.events == []
    for change in (
        {"trouble": "cannot write: disk is full"},
        {},
        {"trouble": None},
        {"n_evicted": 40},
        {"n_evicted": 45},
        {"salvaged": "saved_rows=7"},
        {},
    ):
        for name, value in change.items():
            setattr(store, name, value)
        watch.look()
    told = [(each.device, each.event.detail) for each in shelf.events]  # type: ignore[union-attr]
    assert [detail for device, detail in told if device == "a"] == [
        "cannot write: disk is full",
        "works again, after: cannot write: disk is full",
        "full: 40 frames gave way",
        "full: 5 frames gave way",
        "was damaged: saved_rows=7",
    ]
    assert [d for device, d in told if device == "b"] == [d for device, d in told if device == "a"]
