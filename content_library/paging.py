"""Lists shown a page at a time: which page that is, how many there are, and what numbers stand on it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paged:
    """A page of a list of `total` things; pages are counted from 1."""

    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        return pages_of(self.total, self.per_page)

    @property
    def first(self) -> int:
        """The number of the first thing on this page; 0 where there is none."""
        return (self.page - 1) * self.per_page + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.page * self.per_page, self.total)


def pages_of(total: int, per_page: int) -> int:
    return max(1, -(-total // per_page))


def nearest_page(page: int, total: int, per_page: int) -> int:
    """The page that was asked for, or the nearest one there is."""
    return min(max(page, 1), pages_of(total, per_page))
