"""Yesterday's backup is put back, and an engine goes on: what went out since stands on the network once."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app import backup, restore
from app.restore import NotRestored
from content_library.models.audit import AuditEntry
from content_library.models.notice import Mail, Notice
from content_library.settings import Settings, load
from scheduler.models import Publication
from scheduler.models import PublicationState as S
from scheduler.restoring import KIND, RESTORED
from tests import factories as make
from tests.drills.engines import UNDER_LOAD, wait_until
from tests.drills.stage import Stage
from tests.support.postgres import programs

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture
def settings(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The installation the engines work on; PostgreSQL's programs are found on the path."""
    if not stage.database.is_sqlite:
        monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")
    data = stage.engines.folder / "data"
    return load(
        {
            "DESKCAST_DATA": str(data),
            "DESKCAST_DATABASE_URL": stage.url,
            "DESKCAST_PUBLIC_URL": "http://localhost",
        }
    )


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "backups").mkdir()
    yield tmp_path / "backups"


def put_back(stage: Stage, settings: Settings, file: Path) -> restore.Restored:
    """As somebody who has stopped everything; nothing waits for beats of an engine that is dead."""
    stage.engines.end_all()
    stage.database.dispose()
    return restore.restore(settings, file, replace_existing=True, wait=lambda _s: None)


def go_on(stage: Stage) -> None:
    stage.engines.start()
    stage.wait_until_over()
    wait_until(stage.server.is_quiet, "nothing more can be applied")


def be_due(stage: Stage) -> None:
    now = datetime.now(UTC) + timedelta(seconds=0.5)
    with stage.database.write() as session:
        session.execute(update(Publication).values(due_at=now, late_at=now + timedelta(minutes=15)))


def assert_once(stage: Stage) -> None:
    standing = stage.posts()
    assert not [part for part, count in standing.items() if count > 1], standing
    stage._assert_once_applied()


def state_of(stage: Stage, *ids: int) -> list[tuple[S, str]]:
    with stage.database.read() as session:
        rows = session.execute(select(Publication.state, Publication.reason).where(Publication.id.in_(ids)))
        return [(row.state, row.reason) for row in rows.all()]


def test_what_was_moved_to_an_earlier_time_since_the_backup_is_not_sent_again(
    stage: Stage, settings: Settings, kept: Path
) -> None:
    """In the backup its time has not come. The database that is replaced knows better."""
    moved = stage.plan("single", "thread", in_s=3600)
    file = backup.back_up(settings, kept).path
    be_due(stage)
    stage.engines.start()
    stage.wait_until_over()
    assert stage.states() == {S.PUBLISHED: 2}
    done = put_back(stage, settings, file)
    assert done.settled.missed == 2
    assert state_of(stage, *moved) == [(S.MISSED, RESTORED)] * 2
    be_due(stage)
    go_on(stage)
    assert_once(stage)


def test_what_was_due_since_the_backup_is_missed_and_people_are_told(
    stage: Stage, settings: Settings, kept: Path
) -> None:
    due = stage.plan("single", "thread", "page", "single", in_s=1.0)
    with stage.database.write() as session:
        session.add(
            Mail(to="a@x.example", subject="s", text="t", created_at=make.NOW, due_at=datetime.now(UTC))
        )
        priya = make.make_user(session, "Priya Raman", desk=session.get_one(Publication, due[0]).post.desk,
                               role=make.DeskRole.LEAD).id  # fmt: skip
    file = backup.back_up(settings, kept).path
    stage.engines.start()
    stage.wait_until_over()
    published = stage.posts()
    done = put_back(stage, settings, file)
    assert (done.settled.missed, done.settled.mails) == (4, 1)
    go_on(stage)
    assert_once(stage)
    assert {k: v for k, v in stage.posts().items() if k[0] != due[2]} == {
        k: v for k, v in published.items() if k[0] != due[2]
    }
    assert state_of(stage, *due) == [(S.MISSED, RESTORED)] * 4
    with stage.database.read() as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.verb == KIND)).one()
        told = session.scalars(select(Notice).where(Notice.kind == KIND, Notice.user_id == priya)).one()
        assert "4 publications were due meanwhile and may be out" in told.text


@pytest.mark.parametrize("point", ["marked", "sent"])
def test_what_was_on_its_way_when_the_backup_was_made_is_looked_for(
    stage: Stage, settings: Settings, kept: Path, point: str
) -> None:
    stage.engines.timing = UNDER_LOAD  # on a busy machine the mark must not come too late for its lease
    victim = stage.engines.start(crash_at=point)
    on_its_way, *waiting = stage.plan("single", "single")
    victim.wait_dead()
    assert S.SENDING in stage.states()
    file = backup.back_up(settings, kept).path
    stage.engines.start()
    stage.wait_until_over()
    done = put_back(stage, settings, file)
    assert done.settled.looked_for == 1
    go_on(stage)
    assert_once(stage)
    found = dict(zip((on_its_way, *waiting), state_of(stage, on_its_way, *waiting), strict=True))
    assert sorted(state for state, _ in found.values()) == [S.MISSED, S.PUBLISHED]


def test_what_is_due_later_goes_on_time_and_once(stage: Stage, settings: Settings, kept: Path) -> None:
    (later,) = stage.plan("single", in_s=3600)
    file = backup.back_up(settings, kept).path
    put_back(stage, settings, file)
    assert state_of(stage, later) == [(S.PLANNED, "approved")]
    be_due(stage)
    go_on(stage)
    stage.assert_promise()


def test_an_engine_at_work_keeps_the_backup_out(stage: Stage, settings: Settings, kept: Path) -> None:
    stage.plan("single", in_s=3600)
    file = backup.back_up(settings, kept).path
    stage.engines.start()
    wait_until(lambda: restore._last_beat(stage.url) is not None, "the engine has beaten")
    with pytest.raises(NotRestored, match="An engine is at work here"):
        restore.restore(settings, file, replace_existing=True)
    assert stage.states() == {S.PLANNED: 1}
