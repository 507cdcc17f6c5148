"""Ingest, engine, store, and what people see of it."""
