"""A stand-in for BlueZ: ``org.bluez`` on a private D-Bus, in front of a Bumble central.

Bleak's own BlueZ backend, the one that runs on a Raspberry Pi, works with it unchanged: scanning
with filters, connecting, services, reading and writing, both ways of being notified, pairing.

It is the D-Bus face of `simulators.central.Central` and not a second simulator of patches. So
whatever the virtual radio does to a link (loss, range, supervision time-out, permission bits)
reaches D-Bus by the same way as any other client, and there is one place where a patch is put on
the air. What that costs is that a notification crosses a simulated link before it gets here.

What clients can tell from BlueZ 5.66, as far as it is known: disconnecting takes no two seconds;
a property that BlueZ leaves out while it has no value is there and empty (RSSI: -127); Generic
Access and Generic Attribute are ordinary services; there is one adapter. The same tests run
against the real daemon (`tests.qemu`), which is what counts.
"""
