"""Polar H10 chest strap: one lead, 130 Hz."""
