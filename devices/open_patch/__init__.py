"""The open reference patch."""
