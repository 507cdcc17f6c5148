"""The edge: Bluetooth to spool to MQTT."""
