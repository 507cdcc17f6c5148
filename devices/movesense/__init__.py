"""Movesense sensors over the GATT SensorData Protocol: one lead, 125 to 512 Hz."""
