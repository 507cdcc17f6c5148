"""The database of the cloud's tests, for the scenario that meets the real engine."""

from tests.cloud.conftest import database_url, pool, postgres_url

__all__ = ["database_url", "pool", "postgres_url"]
