"""A controller of the virtual radio as one of this machine's own: Linux' virtual HCI device.

The kernel then drives it like any adapter, and so does the real Bluetooth daemon.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bumble import hci
from bumble.transport.vhci import open_vhci_transport

from ecgcore.errors import ConfigError
from simulators.radio import RadioController, VirtualRadio

_DEVICE = "/dev/vhci"
# With these the kernel asks for things that Bumble's controller does not do as it expects
# (google/bumble#841); without them it uses the older commands, which every adapter knows.
_NOT_OFFERED = hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LL_PRIVACY


@asynccontextmanager
async def plug_in(radio: VirtualRadio, address: str) -> AsyncIterator[None]:
    """Give this machine an adapter in the room until the end of the context.

    Parameters
    ----------
    address : str
        Public address, such as ``02:00:00:00:00:01``.

    Raises
    ------
    ConfigError
        If the kernel has no virtual HCI device, or it may not be opened.
    """
    try:
        transport = await open_vhci_transport(_DEVICE)
    except OSError as error:
        msg = f"{_DEVICE}: {error.strerror}; the kernel module is hci_vhci"
        raise ConfigError(msg) from error
    async with transport:
        controller = RadioController(
            "vhci",
            host_source=transport.source,
            host_sink=transport.sink,
            link=radio,
            public_address=address,
        )
        controller.le_features &= ~_NOT_OFFERED
        try:
            yield
        finally:
            radio.remove_controller(controller)
