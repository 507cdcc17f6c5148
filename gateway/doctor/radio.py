"""Bluetooth: the adapter, its power, our right to use it, and who is heard."""

import sys
from typing import Any

from ecgcore.errors import ConfigError
from gateway.doctor.check import Finding, failed, ok, warning
from gateway.radio import NATIVE
from gateway.reach import in_reach
from gateway.settings import GatewaySettings

_WHAT = "bluetooth"
_SCAN_S = 5.0
_INSTALL = "install it with `apt-get install bluez` and start it with `systemctl start bluetooth`"
_GROUP = "run as root, or `usermod -aG bluetooth USER` and log in anew"


async def check_radio(settings: GatewaySettings) -> list[Finding]:
    """Look at the adapter, then listen for patches."""
    findings = []
    if settings.radio == NATIVE and sys.platform == "linux":
        findings = await _adapters()
    if all(finding.verdict != "failed" for finding in findings):
        findings.append(await _scan(settings.radio))
    return findings


async def _adapters() -> list[Finding]:
    # Imported late: there is no D-Bus elsewhere.
    from dbus_fast import BusType, DBusError, Message, MessageType
    from dbus_fast.aio import MessageBus

    try:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, DBusError) as error:
        return [failed(_WHAT, f"no system bus: {error}", "install dbus and start it")]
    try:
        reply = await bus.call(
            Message(
                destination="org.bluez",
                path="/",
                interface="org.freedesktop.DBus.ObjectManager",
                member="GetManagedObjects",
            )
        )
    finally:
        bus.disconnect()
    if reply is None or reply.message_type is MessageType.ERROR:
        name = reply.error_name if reply else "no reply"
        advice = _GROUP if name and "AccessDenied" in name else _INSTALL
        return [failed(_WHAT, f"BlueZ does not answer: {name}", advice)]
    return judge_adapters(reply.body[0])


def judge_adapters(objects: dict[str, dict[str, dict[str, Any]]]) -> list[Finding]:
    """Judge the adapters among BlueZ's objects (D-Bus variants by interface and property)."""
    found = [
        (path.rpartition("/")[2], interfaces["org.bluez.Adapter1"])
        for path, interfaces in objects.items()
        if "org.bluez.Adapter1" in interfaces
    ]
    if not found:
        advice = "plug in an adapter, or free it: `rfkill list`, `dmesg | grep -i bluetooth`"
        return [failed(_WHAT, "BlueZ has no adapter", advice)]
    return [_judge(name, properties) for name, properties in found]


def _judge(name: str, properties: dict[str, Any]) -> Finding:
    address = properties["Address"].value
    if not properties["Powered"].value:
        advice = "`rfkill unblock bluetooth`, then `bluetoothctl power on`"
        return failed(_WHAT, f"adapter {name} ({address}) is off", advice)
    return ok(_WHAT, f"adapter {name} ({address}) is on")


async def _scan(radio: str) -> Finding:
    try:
        heard = await in_reach(radio, _SCAN_S)
    except ConfigError as error:
        return failed("scan", str(error), "see the findings above, or choose another --radio")
    if not heard:
        advice = "put a patch on: most advertise only while worn, and to one host at a time"
        return warning("scan", f"no patch heard within {_SCAN_S:g} s", advice)
    named = ", ".join(f"{each.device_id} ({each.rssi_dbm} dBm)" for each in heard)
    return ok("scan", f"heard {named}")
