"""How long it takes to verify the record: entries a second, next to reading the same rows and hashing them bare.

python -m bench.verification [--kind sqlite] [--entries 200000]
"""

import argparse
import hashlib
import hmac
import os
import resource
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, text

from bench.ground import BOTH, fresh_database, machine, row
from content_library.audit import digest
from content_library.database import Database
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.record_chain import GENESIS, Entry, link
from content_library.sealing import verify
from tests.factories import NOW

KEY = "a key for measuring"
_AT_ONCE = 5_000


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", choices=(*BOTH, "both"), default="both")
    options.add_argument("--entries", type=int, default=200_000)
    chosen = options.parse_args()
    load = os.getloadavg()[0]
    print(f"Verification · {machine()} · {chosen.entries:,} entries · load {load:.1f}")
    for kind in BOTH if chosen.kind == "both" else (chosen.kind,):
        with fresh_database(kind) as database:
            fill(database, chosen.entries)
            measure(kind, database, chosen.entries)
    return 0


def fill(database: Database, count: int) -> None:
    """A sealed record by bulk inserts; each entry with details of the usual length."""
    previous = GENESIS
    for first in range(1, count + 1, _AT_ONCE):
        entries, payloads = [], []
        for seq in range(first, min(first + _AT_ONCE, count + 1)):
            details = {"to": "published", "reason": "", "customer": f"Zoë {seq}", "hash": f"{seq:064x}"}
            entry = Entry(
                seq, NOW + timedelta(seconds=seq), 1, 7, "Maya Okafor", "publication.succeed", "publication", seq,
                f"Publication {seq}: out. It stands at its address.", digest(details),
            )  # fmt: skip
            mac = link(KEY.encode(), entry, seq=seq, previous=previous)
            entries.append({**entry._asdict(), "seq": seq, "previous": previous, "mac": mac})
            payloads.append({"entry_id": seq, "details": details})
            previous = mac
        with database.write() as session:
            session.execute(insert(AuditEntry), entries)
            session.execute(insert(AuditPayload), payloads)
    if not database.is_sqlite:
        with database.write() as session:
            session.execute(text("ANALYZE audit_entries, audit_payloads"))


def measure(kind: str, database: Database, count: int) -> None:
    bare = timed(lambda: bare_rate(database))
    before = memory_mb()
    ours = timed(lambda: verified(database, count))
    print(
        row(
            f"{kind}: verified", f"{count / ours:,.0f}/s", f"{1e6 / count * ours:.0f} s a million",
            f"bare {count / bare:,.0f}/s: {bare / ours:.2f}",
            f"memory {memory_mb():.0f} MB, +{memory_mb() - before:.0f}",
        )
    )  # fmt: skip


def verified(database: Database, count: int) -> None:
    with database.read() as session:
        verdict = verify(session, key=KEY, now=NOW)
    assert verdict.ok and verdict.entries == count, verdict


def bare_rate(database: Database) -> None:
    """The floor: the same rows read, each hashed once with the key and its details once without."""
    table, payloads = AuditEntry.__table__, AuditPayload.__table__
    query: Any = (
        select(table, payloads.c.details)
        .join(payloads, payloads.c.entry_id == table.c.id)
        .order_by(table.c.seq)
        .execution_options(yield_per=2_000)
    )
    with database.read() as session:
        for found in session.connection().execute(query):
            hmac.digest(KEY.encode(), repr(tuple(found)).encode(), "sha256")
            hashlib.sha256(repr(found.details).encode()).hexdigest()


def timed(what: Callable[[], None]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def memory_mb() -> float:
    """The most this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
