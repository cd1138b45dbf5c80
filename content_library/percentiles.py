"""Percentiles by nearest rank: the smallest value that is there and that enough of the values do not exceed.

No value is made up between two others, so every figure is one that somebody really waited. The median is the 50th.
"""

from collections import Counter
from collections.abc import Iterable, Mapping


def nearest_rank(values: Iterable[int] | Mapping[int, int], percent: int) -> int | None:
    """The value at this percentile (1 to 100); None where there is no value. A mapping says how often each is there."""
    if not 1 <= percent <= 100:
        raise ValueError(f"a percentile from 1 to 100, not {percent}")
    counted = Counter(values)
    rank = -(-percent * counted.total() // 100)
    for value in sorted(counted):
        rank -= counted[value]
        if rank <= 0 and counted[value] > 0:
            return value
    return None
