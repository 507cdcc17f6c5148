"""What the page is told: the status of every patch, its trace, and what the analysis says. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ecgcore.types import leads_of
from ecgcore.wire.frame import Frame
from ecgcore.wire.messages import DeviceStatus

_TRACE_HZ = 125


def status_message(
    statuses: Iterable[DeviceStatus], analysis: Mapping[str, Mapping[str, Any]], now_ns: int
) -> bytes:
    """Give the status of all patches; `analysis` by patch, where there is one."""
    patches = []
    for status in statuses:
        told = status.model_dump(mode="json")
        told["safe_through_ns"] = _safe_through_ns(status, now_ns)
        told["analysis"] = analysis.get(status.device)
        patches.append(told)
    return msgspec.json.encode({"kind": "status", "now_ns": now_ns, "patches": patches})


def _safe_through_ns(status: DeviceStatus, now_ns: int) -> int | None:
    """Give up to when the cloud has everything; None if it never had anything."""
    if status.oldest_uncommitted_ns is not None:
        return status.oldest_uncommitted_ns
    return now_ns if status.frames else None


def trace_message(frame: Frame) -> bytes:
    """Give one frame's samples in microvolts, for a picture: thinned, first three leads.

    A gap before it is told in seconds, so that it is drawn as one.
    """
    step = max(1, round(frame.fs_mhz / 1000 / _TRACE_HZ))
    names = [lead.label for lead in leads_of(frame.lead_mask)][:3]
    ecg_uv = frame.adc[: len(names), ::step] * (frame.lsb_pv / 1e6)
    told = {
        "kind": "trace",
        "device": frame.device,
        "utc_ns": frame.utc_ns,
        "step_ms": step * frame.period_ns / 1e6,
        "gap_s": frame.gap_before * frame.period_ns / 1e9,
        "gap_reason": frame.gap_reason.name.lower() if frame.gap_before else None,
        "leads": names,
        "ecg_uv": ecg_uv.round().astype(int).tolist(),
    }
    return msgspec.json.encode(told)
