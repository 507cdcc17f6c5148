"""A real broker and a real database out of PyPI wheels, started as children where none is given."""
