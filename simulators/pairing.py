"""How both ends of the virtual radio pair: LE Secure Connections, by button or by passkey."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bumble import device, pairing
from bumble.keys import MemoryKeyStore

AskPasskey = Callable[[str], Awaitable[int | None]]
"""Given a patch's address, gives the six digits on its label; None refuses."""

_Delegate = pairing.PairingDelegate
# Identity keys are for addresses that change; these do not.
_KEYS = _Delegate.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY


@dataclass(frozen=True, slots=True)
class PairingPolicy:
    """What a patch lets a host do."""

    accepts: bool = True
    passkey: int | None = None
    """Printed on the label, 0 to 999 999; None: pairing without proof ("just works")."""


class _Label(_Delegate):
    """A patch without display: its passkey never changes."""

    def __init__(self, policy: PairingPolicy) -> None:
        has_label = policy.passkey is not None
        shows = _Delegate.DISPLAY_OUTPUT_ONLY if has_label else _Delegate.NO_OUTPUT_NO_INPUT
        super().__init__(shows, _KEYS, _KEYS)
        self._policy = policy

    async def accept(self) -> bool:
        """Tell whether the patch pairs at all."""
        return self._policy.accepts

    async def generate_passkey(self) -> int:
        """Give what is printed on the label."""
        return self._policy.passkey or 0


class _Keyboard(_Delegate):
    """A host that asks somebody for the passkey."""

    def __init__(self, ask: AskPasskey | None, peer: str) -> None:
        types = _Delegate.KEYBOARD_INPUT_ONLY if ask else _Delegate.NO_OUTPUT_NO_INPUT
        super().__init__(types, _KEYS, _KEYS)
        self._ask = ask
        self._peer = peer

    async def get_number(self) -> int | None:
        """Ask for the passkey."""
        return await self._ask(self._peer) if self._ask else None


def let_pair(patch: device.Device, policy: PairingPolicy) -> MemoryKeyStore:
    """Have a peripheral follow a policy; give where its bonds are kept."""
    patch.keystore = MemoryKeyStore()
    patch.pairing_config_factory = lambda _connection: pairing.PairingConfig(
        sc=True, mitm=policy.passkey is not None, bonding=True, delegate=_Label(policy)
    )
    return patch.keystore


def ask_for_passkeys(central: device.Device, ask: AskPasskey | None) -> None:
    """Have a central ask for passkeys, or pair without; pairings under way are left alone."""

    def config(connection: device.Connection) -> pairing.PairingConfig:
        peer = connection.peer_address.to_string(with_type_qualifier=False)
        keyboard = _Keyboard(ask, peer)
        return pairing.PairingConfig(sc=True, mitm=ask is not None, bonding=True, delegate=keyboard)

    central.pairing_config_factory = config


def is_bonded(bonds: MemoryKeyStore, connection: device.Connection, *, by_passkey: bool) -> bool:
    """Tell whether the peer of a link has paired, if asked for with a passkey."""
    keys = bonds.all_keys.get(str(connection.peer_address))
    if keys is None or keys.ltk is None:
        return False
    return bool(keys.ltk.authenticated) or not by_passkey
