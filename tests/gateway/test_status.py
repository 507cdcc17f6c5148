import itertools

from ecgcore.wire.messages import Contact, LinkState
from gateway.recorder import Recorder, RecorderConfig
from gateway.spool import Backlog
from gateway.status import PatchView, device_status
from tests.gateway.patches import SIGNAL, ModelPatch

VIEW = PatchView("polar-h10-0A1B2C3D", LinkState.ABSENT, since_ns=5)


def test_a_patch_never_connected_has_only_its_absence() -> None:
    status = device_status("home", 7, VIEW, None, None, 0)
    assert (status.device, status.link, status.since_ns) == (VIEW.device, LinkState.ABSENT, 5)
    assert status.boot_id is None
    assert status.next_counter is None
    assert status.drift_ppm is None
    assert status.battery_pct is None
    assert status.contact is Contact.UNKNOWN
    assert status.oldest_uncommitted_ns is None


def test_counters_come_from_recorder_and_spool() -> None:
    patch, ids = ModelPatch(clock_ppm=30), itertools.count(9)
    recorder = Recorder(RecorderConfig(VIEW.device, SIGNAL), lambda: next(ids))
    for first in (*range(0, 300 * 73, 73), 310 * 73, 310 * 73):
        recorder.take(patch.notification(first), patch.utc_ns(first + 72), is_lead_off=False)
    status = device_status("home", 7, VIEW, recorder, Backlog(4, 99, 1234), 3)
    assert (status.boot_id, status.next_counter) == (9, 311 * 73)
    assert (status.frames, status.gaps, status.gap_samples) == (301, 1, 730)
    assert (status.duplicates, status.resent) == (1, 3)
    assert (status.spooled_frames, status.oldest_uncommitted_ns) == (4, 1234)
    assert status.drift_ppm is not None
    assert abs(status.drift_ppm - 30) < 1
