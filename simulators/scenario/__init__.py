"""One scenario file: what patches there are, what their hearts do, and what goes wrong when."""
