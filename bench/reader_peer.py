"""The same feeds through the library `reader`, for comparison: first fetch, then everything unchanged.

Runs in an environment of its own that holds `reader` and nothing of ours: `python reader_peer.py URLS DATABASE`.
Prints one JSON object of feeds per second, by the number of its workers.
"""

import importlib
import importlib.util
import json
import sys
import time
from pathlib import Path

if importlib.util.find_spec("sgmllib") is None:  # reader asks for it by its old name
    sys.modules["sgmllib"] = importlib.import_module("feedparser_sgmllib")

from reader import make_reader

WORKERS = (1, 8)


def main() -> None:
    urls = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(
        json.dumps({str(workers): _measure(urls, f"{sys.argv[2]}-{workers}", workers) for workers in WORKERS})
    )


def _measure(urls: list[str], path: str, workers: int) -> dict[str, float]:
    reader = make_reader(path)
    for url in urls:
        reader.add_feed(url)
    first = _rate(reader, len(urls), workers)
    assert reader.get_feed_counts(broken=True).total == 0
    again = _rate(reader, len(urls), workers)
    found = reader.get_entry_counts().total
    reader.close()
    return {"first": first, "again": again, "entries": found}


def _rate(reader: object, count: int, workers: int) -> float:
    began = time.perf_counter()
    reader.update_feeds(workers=workers, scheduled=False)  # type: ignore[attr-defined]
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
