"""OpenBCI Ganglion: four channels, 200 Hz."""
