"""A strap with the Heart Rate service and nothing else, without radio."""

from collections.abc import Iterator

from devices import sig
from devices.driver import Advertisement
from ecgcore.types import SampleIndex
from simulators.patch import CharacteristicSpec, Notification, Property, ServiceSpec
from simulators.patches.beats import BeatTeller
from simulators.patches.sensor import Sensor, SensorConfig
from simulators.source import Source


class SimulatedStrap(Sensor):
    """One strap: its beats are the source's.

    Parameters
    ----------
    fs_hz : float
        Of the source's grid; the strap itself sends no samples.
    contact : bool or None
        Whether it is worn; None if it cannot tell.
    rr_unit_ms : float
        What its RR intervals count.
    make : str
        What its name begins with.
    """

    information = ((sig.MANUFACTURER_NAME, "Simulated"), (sig.MODEL_NUMBER, "Strap"))
    own_services = (
        ServiceSpec(
            sig.HEART_RATE_SERVICE,
            (CharacteristicSpec(sig.HEART_RATE_MEASUREMENT, Property.NOTIFY),),
        ),
    )

    def __init__(
        self,
        config: SensorConfig,
        source: Source,
        fs_hz: float = 130.0,
        *,
        contact: bool | None = True,
        rr_unit_ms: float = sig.RR_UNIT_MS,
        make: str = "Strap",
    ) -> None:
        super().__init__(config, fs_hz)
        self.name = f"{make} {config.serial}"
        self.device_id = f"hr-{make}-{config.serial}"
        self.contact = contact
        self._rr_unit_ms = rr_unit_ms
        self._beats = BeatTeller(source, fs_hz)

    def advertisement(self, utc_ns: int) -> Advertisement:
        """Give its name and its service."""
        return Advertisement(self.name, service_uuids=(sig.HEART_RATE_SERVICE,))

    def disconnect(self) -> None:
        """Forget the host."""
        super().disconnect()
        self._beats.forget()

    def _due_each_second(self, from_s: int, to_s: int) -> Iterator[Notification]:
        contact = self.contact and self.condition.is_worn
        told = self._beats.between(from_s, to_s, contact=contact)
        value = sig.encode_heart_rate(told, self._rr_unit_ms)
        yield Notification(sig.HEART_RATE_MEASUREMENT, value)
        yield from super()._due_each_second(from_s, to_s)

    def _frame_samples(self) -> int:
        return 1

    def _frame(self, start: SampleIndex, end: SampleIndex) -> Iterator[Notification]:
        yield from ()
