"""The status page stands on the same house as the calendar."""

from tests.app.calendar.conftest import plan, priya
from tests.app.house import count_queries, database, house

__all__ = ["count_queries", "database", "house", "plan", "priya"]
