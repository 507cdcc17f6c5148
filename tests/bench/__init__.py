"""Speed, size and latency, measured: `make bench`."""
