"""ProtoCentral HealthyPi 5 and HealthyPi Move: one lead, without clock and without counter."""
