"""A synthetic heart that follows a rhythm program, with its truth."""
