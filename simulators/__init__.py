"""Patches without patches: simulated ECG, simulated radio, simulated faults."""
