"""The fixtures of the house."""

from tests.app.house import count_queries, database, house

__all__ = ["count_queries", "database", "house"]
