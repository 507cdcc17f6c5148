"""BITalino (r)evolution with Bluetooth Low Energy: one lead, 100 Hz."""
