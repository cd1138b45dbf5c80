"""The house, and its clock."""

from tests.app.house import database, house

__all__ = ["database", "house"]
