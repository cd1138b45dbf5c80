"""The two addresses that machines ask: does it live, can it take work; in words, without details."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.public.health import STARTED
from content_library.database import Database
from content_library.models.desk import EngineBeat
from content_library.settings import load
from tests.support.clock import FrozenClock


def beat(database: Database, clock: FrozenClock) -> None:
    with database.write() as session:
        session.add(EngineBeat(job="claim", at=clock(), engine="host-17:4711"))


def test_a_fresh_installation_is_well_before_the_engine_ever_ran(client: FlaskClient):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "checks": {"web": "answers", "database": "answers", "engine": "has not run here yet"},
    }
    assert "Set-Cookie" not in answer.headers


def test_where_no_engine_was_ever_started_the_health_check_fails_after_a_minute(
    application: Flask, client: FlaskClient, database: Database, clock: FrozenClock
):
    application.extensions[STARTED] -= 30
    assert client.get("/healthz").status_code == 200, "one that starts beside it has not said so yet"
    application.extensions[STARTED] -= 31
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["status"]) == (503, "failing")
    assert answer.json["checks"]["engine"] == "has not run here yet. Nothing goes out until one is started."
    beat(database, clock)
    assert client.get("/healthz").status_code == 200


def test_a_web_server_that_starts_anew_still_says_that_the_engine_is_silent(
    client: FlaskClient, database: Database, clock: FrozenClock
):
    beat(database, clock)
    clock.advance(hours=1)
    assert client.get("/healthz").status_code == 503


def test_an_engine_that_fell_silent_is_said(client: FlaskClient, database: Database, clock: FrozenClock):
    beat(database, clock)
    assert client.get("/healthz").json["checks"]["engine"] == "runs"
    clock.advance(seconds=61)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json["status"] == "failing"
    assert answer.json["checks"]["engine"].startswith("late: it last reported 61 seconds ago.")


def test_names_of_machines_and_jobs_are_not_given_away(
    client: FlaskClient, database: Database, clock: FrozenClock
):
    beat(database, clock)
    clock.advance(hours=1)
    assert "host-17" not in client.get("/healthz").text
    assert "claim" not in client.get("/healthz").text


def test_it_is_ready_when_the_tables_are_there(client: FlaskClient):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (200, "ready")


def test_it_is_not_ready_before_the_migration(client: FlaskClient, database: Database):
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        answer = client.get("/readyz")
    finally:
        with database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert (answer.status_code, answer.json["status"]) == (503, "not ready")
    assert answer.json["checks"]["tables"] == "need a migration: run deskcast migrate"


@pytest.fixture
def without_database(tmp_path: Path) -> Iterator[Flask]:
    url = f"sqlite:///{tmp_path}/missing/folder/desk.db"
    settings = load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_DATABASE_URL": url})
    database = Database(url)
    yield create_app(settings, database)
    database.dispose()


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_a_missing_database_is_said_without_details(without_database: Flask, address: str, tmp_path: Path):
    answer = without_database.test_client().get(address)
    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == "cannot be reached"
    assert str(tmp_path) not in answer.text
