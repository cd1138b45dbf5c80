"""The fixtures of the house."""

from tests.app.house import database, house

__all__ = ["database", "house"]
