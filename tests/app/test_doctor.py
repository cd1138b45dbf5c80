"""The doctor names the cause and the next step, changes nothing, and ends with a status."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from app import condition, doctor, doctor_engine, restore
from app.cli import main
from content_library import sealing
from content_library.database import Database
from content_library.models.desk import EngineBeat
from content_library.models.notice import Mail
from content_library.notifications import NOT_AGAIN
from content_library.settings import Settings, load
from content_library.wall_time import system_tzdata_version, tzdata_version
from scheduler import worker_beats
from scheduler.models import Publication
from scheduler.senders import Senders
from tests import factories as make
from tests.scheduler.scene import a_scene
from tests.support.databases import Databases

pytestmark = pytest.mark.network


def now() -> datetime:
    """When it is asked: a whole run takes longer than what the doctor calls late."""
    return datetime.now(UTC)


@pytest.fixture
def settings(databases: Databases, tmp_path: Path) -> Settings:
    url = databases.new_url("sqlite")
    return load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_DATABASE_URL": url, "PORT": "1"})


@pytest.fixture
def database(settings: Settings):
    database = Database(settings.database_url)
    yield database
    database.dispose()


def troubles(settings: Settings) -> str:
    return "\n".join(found.sentence for found in doctor.examine(settings) if not found.ok)


def beat(database: Database, job: str, at: datetime) -> None:
    with database.write() as session:
        session.merge(EngineBeat(job=job, at=at, engine="engine-1"))


def planned(database: Database, **values: object) -> None:
    with database.write() as session:
        scene = a_scene(session)
        scene.clear()
        publication = make.plan(
            session, scene.post, scene.page, scene.maya, now=now(), due_at=now() + timedelta(hours=1)
        )
        session.flush()
        values = {"reason": "", **values}
        session.execute(update(Publication).where(Publication.id == publication.id).values(**values))


def test_a_well_installation_has_nothing_to_mend(settings: Settings, database: Database) -> None:
    with database.write() as session:
        make.make_user(session, "Sam Ito", is_administrator=True)
    for job in condition.limits(settings):
        beat(database, job, now())
    assert troubles(settings) == ""
    assert "Sender processes start." in [f.sentence for f in doctor.examine(settings)]


def test_where_nobody_can_administer_it_says_what_helps(settings: Settings, database: Database) -> None:
    assert "Nobody can administer this installation. Run `deskcast set-up-link`." in troubles(settings)
    with database.write() as session:
        make.make_user(session, "Maya")
    assert "so somebody changed the database by hand: restore a backup." in troubles(settings)


def test_without_senders_it_names_the_networks_that_go_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_senders: Senders) -> None:
        raise OSError("Resource temporarily unavailable")

    monkeypatch.setattr(Senders, "start", forbidden)
    found = doctor_engine.senders(settings)
    assert not found.ok
    assert found.sentence.endswith(
        "nothing goes out on networks other than Public page, Bluesky, Facebook, Instagram and Threads."
    )


def test_without_an_engine_nothing_goes_out(settings: Settings, database: Database) -> None:
    assert "No engine has run yet" in troubles(settings)
    beat(database, "look_ahead", now() - timedelta(hours=1))
    assert "The engine was last seen at" in troubles(settings)


def test_a_single_job_that_hangs_is_named(settings: Settings, database: Database) -> None:
    beat(database, "look_ahead", now())
    beat(database, "seal", now() - timedelta(hours=1))
    assert "The engine’s job seal has not finished since" in troubles(settings)


def test_a_clock_that_was_set_back_is_noticed(settings: Settings, database: Database) -> None:
    beat(database, "look_ahead", now() + timedelta(hours=1))
    assert "behind what the engine noted last" in troubles(settings)


def test_what_is_overdue_and_what_waits_for_people_are_told_apart(
    settings: Settings, database: Database
) -> None:
    planned(database, due_at=now() - timedelta(hours=1))
    assert "1 publications are overdue: planned for too long" in troubles(settings)


def test_one_that_needs_somebody_for_days_is_said(settings: Settings, database: Database) -> None:
    planned(database, state="needs_person", state_at=now() - timedelta(days=2))
    assert "wait long for a person: needs person" in troubles(settings)


def test_one_that_is_unknown_for_long_is_said(settings: Settings, database: Database) -> None:
    planned(database, state="unknown", state_at=now() - timedelta(minutes=45))
    assert "A publication has been unknown for 45 minutes" in troubles(settings)


def test_a_sum_that_does_not_add_up_is_said(settings: Settings, database: Database) -> None:
    planned(database)
    with database.write() as session:
        session.delete(session.query(Publication).one())
    assert "1 publications were planned and 0 are there" in troubles(settings)


def test_a_locked_database_is_said(settings: Settings, database: Database) -> None:
    with database.write() as session:
        make.make_user(session, "Sam")
        session.flush()
        assert "nobody can write" in troubles(settings)
        session.rollback()


def test_mails_that_wait_or_were_given_up_are_said_but_not_those_a_restore_let_pass(
    settings: Settings, database: Database
) -> None:
    with database.write() as session:
        for error, gone in (("550 no", now()), (NOT_AGAIN, now()), ("", None)):
            session.add(
                Mail(to="a@x.example", subject="s", text="t", created_at=now() - timedelta(hours=1), due_at=now(),
                     error=error, given_up_at=gone)
            )  # fmt: skip
    said = troubles(settings)
    assert "1 mails of the last week could not be delivered" in said
    assert "1 mails wait, the first for 60 minutes" in said


def test_a_mail_server_that_does_not_answer_is_said(databases: Databases, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings = load(
        {"DESKCAST_DATA": str(tmp_path), "DESKCAST_DATABASE_URL": databases.new_url("sqlite"),
         "DESKCAST_SMTP_URL": f"smtp://127.0.0.1:{port}"}
    )  # fmt: skip
    assert "127.0.0.1 does not take mail" in troubles(settings)


def test_a_record_key_that_is_another_one_is_said(settings: Settings, database: Database) -> None:
    planned(database)
    with database.write() as session:
        sealing.seal(session, key="another", now=now() + timedelta(hours=1))
    assert "The newest seal of the record does not fit the key we have" in troubles(settings)


def test_a_restore_that_was_not_finished_is_said(settings: Settings) -> None:
    (settings.data / restore.MARK).touch()
    assert "A restore was not finished" in troubles(settings)


def test_the_machine_s_own_zones_are_read_where_they_say_their_release(tmp_path: Path) -> None:
    assert system_tzdata_version(tmp_path) == ""
    (tmp_path / "+VERSION").write_text("2024b\n")
    assert system_tzdata_version(tmp_path) == "2024b"
    (tmp_path / "tzdata.zi").write_text("# version 2027a-dirty\n# more\n")
    assert system_tzdata_version(tmp_path) == "2027a" > tzdata_version()


def test_the_command_ends_with_1_when_something_is_to_be_mended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKCAST_DATA", str(settings.data))
    monkeypatch.setenv("DESKCAST_DATABASE_URL", settings.database_url)
    done = CliRunner().invoke(main, ["doctor"])
    assert done.exit_code == 1
    assert "MEND  No engine has run yet" in done.output


def test_a_worker_on_sqlite_says_why_it_cannot_run_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKCAST_DATA", str(tmp_path))
    done = CliRunner().invoke(main, ["worker"])
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert "the database is a SQLite file" in done.output
    assert "DESKCAST_DATABASE_URL to a PostgreSQL database, or start deskcast engine" in done.output


def test_a_worker_that_fell_silent_is_named(database: Database, settings: Settings) -> None:
    now = datetime.now(UTC)
    with database.write() as session:
        worker_beats.beat(session, "there:1", accounts=16, busy=0, note="", now=now - timedelta(minutes=2))
        worker_beats.beat(session, "there:2", accounts=16, busy=0, note="", now=now)
        found = list(doctor_engine._workers(settings, session, now))
    assert [finding.ok for finding in found] == [True, False]
    assert found[1].sentence.startswith("The worker there:1 was last heard at")
