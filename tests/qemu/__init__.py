"""The gateway's Bluetooth tests on the real Bluetooth daemon, in an emulated machine.

Debian's kernel and Debian's bluetoothd run in QEMU; Python, the environment and this repository
are this machine's own, lent to the guest over 9p. In the guest a controller of the virtual radio
is plugged in at ``/dev/vhci``, so between the gateway and the simulated patches lies what lies
there on a Raspberry Pi: Bleak, D-Bus, bluetoothd and the kernel.
"""
