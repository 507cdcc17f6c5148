"""The memory of a patient's own values: read before a report is made, updated with its minute."""

import logging

from cloud.store.database import DbConnection
from ecgcore.baseline import Baseline, BaselineConfig, BaselineKey
from ecgcore.errors import StateError
from ecgcore.report import Algorithm, Device, Report

_log = logging.getLogger(__name__)
_CONFIG = BaselineConfig()
_WHERE = (
    "WHERE patient_id = $1 AND site = $2 AND leads = $3 AND algorithm = $4 AND params_digest = $5"
)


def key_of(patient_id: str, device: Device, algorithm: Algorithm) -> BaselineKey:
    """Say which memory values belong to."""
    return BaselineKey(
        patient_id=patient_id,
        site=device.site or "",
        leads=",".join(device.leads),
        algorithm=algorithm.version,
        params_digest=algorithm.params_digest,
    )


async def read_baseline(connection: DbConnection, key: BaselineKey) -> Baseline:
    """Read a memory; an empty one where there is none yet."""
    state = await connection.fetchval(f"SELECT state FROM baseline {_WHERE}", *key)  # noqa: S608 - a constant
    return _restored(key, state)


async def remember(connection: DbConnection, report: Report) -> None:
    """Take the values of a closed minute into the memory, in the caller's transaction.

    A minute that is there already changes nothing, so a commit may be repeated.
    """
    key = key_of(report.patient_ref, report.device, report.algorithm)
    # Locked, so that two recordings of one patient do not write over each other.
    state = await connection.fetchval(f"SELECT state FROM baseline {_WHERE} FOR UPDATE", *key)  # noqa: S608 - a constant
    baseline = _restored(key, state)
    start_ns = report.recording.start_ns
    values: dict[str, float] = {}
    for measured in report.measurements:
        if measured.value is not None:
            # Of several leads, the first.
            values.setdefault(measured.key, measured.value)
    if not baseline.push(start_ns, values):
        return
    await connection.execute(
        "INSERT INTO baseline VALUES ($1, $2, $3, $4, $5, $6, $7) "
        "ON CONFLICT (patient_id, site, leads, algorithm, params_digest) DO UPDATE "
        "SET state = excluded.state, newest_ns = greatest(baseline.newest_ns, excluded.newest_ns)",
        *key,
        start_ns,
        baseline.dump(),
    )


def _restored(key: BaselineKey, state: bytes | None) -> Baseline:
    if state is None:
        return Baseline(_CONFIG)
    try:
        return Baseline.restore(_CONFIG, state)
    except StateError as error:
        # What cannot be read is no use; the next minute begins a new one.
        _log.warning("baseline begins anew algorithm=%s: %s", key.algorithm, error)
        return Baseline(_CONFIG)
