"""On PostgreSQL old processes go on while the database is brought up to date: what a migration adds is not theirs.

The migration is one as every release may bring it: a table, an index, and columns that say themselves what they hold.
"""

import threading
from pathlib import Path

import pytest
from sqlalchemy import inspect, text, update

from app import migrate
from content_library.models.account import Account
from scheduler.models import PublicationState
from tests.drills.engines import WITH_WORKERS, wait_until
from tests.drills.stage import Stage
from tests.drills.test_workers import alive, make_due

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.on("postgresql")]

PATIENCE_S = 120.0
COUNT, ACCOUNTS = 60, 6
SPREAD_S = 6.0
NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", "{head}"
branch_labels = depends_on = None


def upgrade():
    op.create_table("moods", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))
    for table in ("publications", "accounts", "attempts", "parts", "audit_entries", "posts"):
        op.add_column(table, sa.Column("mood", sa.String(20), server_default="calm", nullable=False))
        op.add_column(table, sa.Column("mood_id", sa.Integer(), nullable=True))
    op.create_foreign_key("fk_publications_mood_id", "publications", "moods", ["mood_id"], ["id"])
    op.create_index("ix_publications_mood", "publications", ["mood", "due_at"])
"""


def plan_a_stream(stage: Stage) -> None:
    """One after the other, over some seconds from now."""
    stage.plan_many(COUNT, accounts=ACCOUNTS)
    with stage.database.write() as session:
        session.execute(update(Account).values(least_gap_s=0, version=Account.version + 1))
        session.execute(
            text(
                "UPDATE publications SET due_at = clock_timestamp() + (numbered.n * :step) * interval '1 second'"
                " FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM publications) AS numbered"
                " WHERE numbered.id = publications.id"
            ),
            {"step": SPREAD_S / COUNT},
        )
    make_due(stage, max(stage.planned), in_s=3600)


def upgrade_to_the_next(url: str, folder: Path) -> None:
    """As the next release's `deskcast migrate` would."""
    config = migrate.configuration(url)
    (folder / "next.py").write_text(NEXT.format(head=migrate.newest_revision()))
    config.set_main_option("version_locations", f"{migrate.ROOT / 'migrations' / 'versions'}:{folder}")
    migrate.apply(config)


@pytest.mark.parametrize("workers", [0, 1])
def test_what_runs_goes_on_publishing_while_and_after_the_database_is_upgraded(
    stage: Stage, tmp_path: Path, workers: int
) -> None:
    stage.engines.timing = WITH_WORKERS
    parts = [stage.engines.start(), *(stage.engines.start_worker() for _ in range(workers))]
    wait_until(lambda: alive(stage) == workers, "the worker lives")
    plan_a_stream(stage)
    wait_until(lambda: stage.states()[PublicationState.PUBLISHED] >= 5, "it publishes")
    (folder := tmp_path / "next").mkdir()
    upgrading = threading.Thread(target=upgrade_to_the_next, args=(stage.url, folder))
    upgrading.start()
    upgrading.join(PATIENCE_S)
    assert "moods" in inspect(stage.database.engine).get_table_names()
    make_due(stage, max(stage.planned), in_s=0)
    stage.wait_until_over(within=PATIENCE_S)
    stage.assert_promise()
    assert all(part.is_alive() for part in parts)
    assert not [part.said() for part in parts if "Traceback" in part.said()]
