"""The whole system, as its users run it."""
