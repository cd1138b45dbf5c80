"""The database is brought to the next revision while engines of the release before go on publishing.

The next revision is made here: it does what a migration of ours may do to the tables an engine works on. An engine of
this release is then the old one. SQLite migrates while nothing runs.
"""

import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from app import migrate
from scheduler.models import Publication, PublicationState
from tests.drills import judge
from tests.drills.classes import NETWORKS
from tests.drills.crowd import counting_places, plan_crowd
from tests.drills.engines import THROUGH_SENDERS, wait_until
from tests.drills.stage import Stage

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.on("postgresql")]

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade():
    op.add_column("publications", sa.Column("colour", sa.Text(), server_default="red", nullable=False))
    op.add_column("attempts", sa.Column("weight", sa.Integer(), nullable=True))
    op.add_column("accounts", sa.Column("is_loud", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "colours",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("publication_id", sa.Integer(), sa.ForeignKey("publications.id"), nullable=False),
    )
    op.create_index("ix_publications_colour", "publications", ["colour"])
    op.execute("INSERT INTO colours (publication_id) SELECT id FROM publications")
    op.execute("UPDATE publications SET colour = 'blue'")
    op.create_check_constraint("ck_publications_colour", "publications", "colour IN ('red', 'blue')")
"""


def upgrade_to_next(url: str, folder: Path) -> None:
    """As `deskcast migrate` would with one revision more."""
    folder.mkdir()
    (folder / "next.py").write_text(NEXT.format(head=migrate.newest_revision()))
    configuration = migrate.configuration(url)
    both = os.pathsep.join([str(migrate.ROOT / "migrations" / "versions"), str(folder)])
    configuration.set_main_option("version_locations", both)
    migrate.apply(configuration)


@pytest.mark.parametrize(
    ("engines", "posts"), [(1, 4), pytest.param(4, 100, marks=pytest.mark.drill)], ids=["one", "four"]
)
def test_old_engines_go_on_while_the_database_is_brought_up_to_date(
    stage: Stage, chance: random.Random, tmp_path: Path, engines: int, posts: int
) -> None:
    stage.engines.timing = THROUGH_SENDERS
    old = [stage.engines.start() for _ in range(engines)]
    for engine in old:
        engine.wait_ready()
    places = counting_places(stage, list(NETWORKS.values()), accounts=engines)
    crowd = plan_crowd(stage, places, posts=posts, chance=chance, within_s=posts / 2, tomorrow=len(places))
    afterwards = list(crowd.texts)[-len(places) :]
    wait_until(lambda: stage.arrived() > 2, "they publish")
    upgrade_to_next(stage.url, tmp_path / "next")
    assert states_of(stage, afterwards) == {PublicationState.PLANNED}
    due(stage, afterwards, datetime.now(UTC))
    stage.hurry_until_over()
    assert states_of(stage, afterwards) == {PublicationState.PUBLISHED}
    assert all(engine.is_alive() for engine in old)
    assert not [engine.said() for engine in old if "Traceback" in engine.said()]
    judge.assert_kept(stage)
    with stage.database.read() as session:
        assert set(session.execute(text("SELECT version_num FROM alembic_version")).scalars()) == {"next"}


def states_of(stage: Stage, ids: Sequence[int]) -> set[PublicationState]:
    with stage.database.read() as session:
        return set(session.scalars(select(Publication.state).where(Publication.id.in_(ids))))


def due(stage: Stage, ids: Sequence[int], due_at: datetime) -> None:
    with stage.database.write() as session:
        session.execute(
            update(Publication)
            .where(Publication.id.in_(ids))
            .values(due_at=due_at, late_at=due_at + timedelta(hours=1))
        )
