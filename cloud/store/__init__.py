"""PostgreSQL: what is kept of every frame and of what was found in it."""
