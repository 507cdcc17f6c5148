"""D-Bus interfaces whose properties are plain values."""

from typing import Any

from dbus_fast import PropertyAccess
from dbus_fast.service import ServiceInterface, dbus_property


class Interface(ServiceInterface):
    """An interface that tells the bus of its properties whenever they change."""

    def __init__(self, name: str, **values: Any) -> None:
        super().__init__(name)
        self.values = values

    def tell(self, **values: Any) -> None:
        """Take new values; signal those that differ from what was said before."""
        changed = {name: value for name, value in values.items() if self.values[name] != value}
        if changed:
            self.signal(**changed)

    def signal(self, **values: Any) -> None:
        """Take new values and signal them all."""
        self.values |= values
        self.emit_properties_changed(values)


def shown(name: str, signature: str) -> Any:
    """Give a property that clients may read; it is to be bound to `name`."""
    return dbus_property(PropertyAccess.READ, name)(_getter(name, signature))


def settable(name: str, signature: str, put: Any = None) -> Any:
    """Give a property that clients may also write; it is to be bound to `name`.

    `put` is a coroutine function of interface and value, for what takes more than noting it.
    """

    def note(interface: Interface, value: Any) -> None:
        interface.tell(**{name: value})

    # dbus-fast sets the value under the setter's name.
    note.__name__ = name
    return dbus_property(PropertyAccess.READWRITE, name)(_getter(name, signature)).setter(
        put or note
    )


def _getter(name: str, signature: str) -> Any:
    def getter(interface: Interface) -> Any:
        return interface.values[name]

    # dbus-fast finds the value by the getter's name and its type by the annotation.
    getter.__name__ = name
    getter.__annotations__ = {"return": signature}
    return getter
