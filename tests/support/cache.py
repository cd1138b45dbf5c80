"""Where the tests keep what takes long to fetch or build: outside the repository, for every checkout."""

import os
from pathlib import Path


def cache() -> Path:
    """`DESKCAST_TEST_CACHE`, or a folder of the user's own cache."""
    named = os.environ.get("DESKCAST_TEST_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "deskcast"
