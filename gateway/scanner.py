"""One scan for everybody: advertisements become sightings of patches that a driver knows.

Several scanners, or clients that look for an address by themselves, disturb each other on most
platforms; so this is the only one, and every session gets its fresh `BLEDevice` from here.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import entry_points

from bleak import BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from devices.driver import Advertisement, Driver, Observing, Packet
from devices.registry import Registry
from ecgcore.errors import ConfigError
from gateway.backoff import Backoff
from gateway.radio import Radio, RadioOpener

_log = logging.getLogger(__name__)
# A stack that was restarted may have forgotten the scan; where all patches are connected nobody
# advertises, and a new scan does no harm.
_DEAF_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One advertisement of a patch."""

    device_id: str
    driver: Driver
    ble_device: BLEDevice
    client_backend: type[BaseBleakClient] | None
    rssi_dbm: int | None
    packets: Sequence[Packet] = ()
    """What the patch tells everybody."""


OnSighting = Callable[[Sighting], None]


def installed_drivers() -> Registry:
    """Give the drivers under the ``ecgomics.drivers`` entry points."""
    return Registry(point.load()() for point in entry_points(group="ecgomics.drivers"))


class Scanner:
    """Keeps the radio open and scanning, and reports every sighting.

    Parameters
    ----------
    open_radio : RadioOpener
    registry : Registry
    backoff : Backoff
        Between attempts to get a lost radio back.
    on_sighting : OnSighting
        Called in the event loop; must return at once.
    """

    def __init__(
        self,
        open_radio: RadioOpener,
        registry: Registry,
        backoff: Backoff,
        on_sighting: OnSighting,
    ) -> None:
        self._open_radio = open_radio
        self._registry = registry
        self._backoff = backoff
        self._on_sighting = on_sighting
        self._has_scanned = False
        self._heard_s = 0.0

    async def run(self) -> None:
        """Scan until cancelled, which stops the scan and closes the radio.

        Raises
        ------
        ConfigError
            If the radio cannot be opened the first time.
        """
        while True:
            try:
                await self._scan_once()
            except (ConfigError, BleakError, OSError) as error:
                if not self._has_scanned:
                    msg = f"cannot scan for patches: {error}"
                    raise ConfigError(msg) from error
                _log.warning("radio failed error=%s", error)
            await asyncio.sleep(self._backoff.next_s())

    async def _scan_once(self) -> None:
        async with self._open_radio() as radio:
            _log.info("radio open")
            while not radio.closed.is_set():
                async with self._scanner(radio):
                    _log.debug("scanning")
                    self._has_scanned = True
                    self._backoff.reset()
                    await self._listen(radio)
            _log.warning("radio lost")

    async def _listen(self, radio: Radio) -> None:
        """Wait until the radio is gone, or nothing was heard of anybody for a while."""
        self._heard_s = now_s = asyncio.get_running_loop().time()
        while not radio.closed.is_set() and now_s - self._heard_s < _DEAF_S:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._heard_s + _DEAF_S):
                    await radio.closed.wait()
            now_s = asyncio.get_running_loop().time()

    def _scanner(self, radio: Radio) -> BleakScanner:
        def on_detection(ble_device: BLEDevice, data: AdvertisementData) -> None:
            self._on_detection(radio, ble_device, data)

        return BleakScanner(on_detection, backend=radio.scanner_backend)

    def _on_detection(self, radio: Radio, ble_device: BLEDevice, data: AdvertisementData) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        advertisement = Advertisement(
            name=data.local_name or "",
            manufacturer=data.manufacturer_data,
            service_uuids=tuple(data.service_uuids),
            service_data=data.service_data,
            rssi_dbm=data.rssi,
        )
        if found := self._registry.match(advertisement):
            driver, device_id = found
            packets = driver.observe(advertisement) if isinstance(driver, Observing) else ()
            self._on_sighting(
                Sighting(device_id, driver, ble_device, radio.client_backend, data.rssi, packets)
            )
