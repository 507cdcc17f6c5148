"""Which patient a patch belongs to right now, and the latest heard of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from cloud.store.database import DbConnection
from ecgcore.wire.messages import DeviceStatus, Numbers


@dataclass(slots=True)
class Worn:
    """A patch on a patient."""

    device_id: str
    patient_id: str
    from_ns: int
    """UTC since which she wears it; what is older is somebody else's."""
    numbers: Numbers | None = None
    status: DeviceStatus | None = None


class WornDevices:
    """The patches that are worn, one a patient; what others send has no reader."""

    def __init__(self) -> None:
        self._by_device: dict[str, Worn] = {}
        self._by_patient: dict[str, Worn] = {}

    def of_device(self, device_id: str) -> Worn | None:
        """Give who wears a patch, None if nobody does."""
        return self._by_device.get(device_id)

    def of_patient(self, patient_id: str) -> Worn | None:
        """Give what a patient wears, None if nothing."""
        return self._by_patient.get(patient_id)

    def with_gateway(self, gateway: str) -> list[Worn]:
        """Give what is worn and was last told of by this gateway."""
        return [
            worn
            for worn in self._by_device.values()
            if worn.status is not None and worn.status.gateway == gateway
        ]

    def update(self, rows: Iterable[Worn]) -> None:
        """Take the present state; a patch that changed its wearer starts with nothing known."""
        kept = [self._known(row) for row in rows]
        self._by_device = {worn.device_id: worn for worn in kept}
        self._by_patient = {worn.patient_id: worn for worn in kept}

    def _known(self, row: Worn) -> Worn:
        known = self._by_device.get(row.device_id)
        same = known is not None and (known.patient_id, known.from_ns) == (
            row.patient_id,
            row.from_ns,
        )
        return known if known is not None and same else row


async def read_worn(connection: DbConnection) -> list[Worn]:
    """Read who wears what now; of several patches on one patient the newest counts."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (patient_id) device_id, patient_id, from_ns FROM wear "
        "WHERE to_ns IS NULL ORDER BY patient_id, from_ns DESC, device_id"
    )
    return [Worn(**row) for row in rows]
