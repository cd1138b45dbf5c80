"""What machines that watch are told: /healthz names what is wrong, /metrics counts, and strangers learn nothing."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from app import create_app
from content_library.database import Database
from content_library.models.audit import AuditEntry
from content_library.models.desk import EngineBeat
from content_library.settings import BadSettings, load
from scheduler import conservation, worker_beats
from scheduler.models import Publication
from tests import factories as make
from tests.scheduler.scene import LATER, a_scene
from tests.support.clock import FrozenClock

TOKEN = "a-token-for-prometheus"
STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def publication_id(database: Database) -> int:
    with database.write() as session:
        scene = a_scene(session)
        scene.clear()
        return scene.plan().id


def with_settings(database: Database, tmp_path, **environment: str) -> FlaskClient:
    settings = load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_DEMO": "0", **environment})
    return create_app(settings, database).test_client()


def figures(text: str) -> dict[tuple[str, ...], float]:
    """`(name, label value …)` → value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_is_overdue_is_named_and_the_answer_is_503(
    client: FlaskClient, publication_id: int, clock: FrozenClock
):
    clock.set(LATER + timedelta(minutes=1))
    assert client.get("/healthz").status_code == 200
    clock.set(LATER + timedelta(minutes=3))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json["checks"]["publications"].startswith("overdue: 1 should have gone out")


def test_a_watchdog_that_is_late_is_said_although_the_engine_runs(
    client: FlaskClient, database: Database, clock: FrozenClock
):
    with database.write() as session:
        session.add(EngineBeat(job="watch", at=clock(), engine="host-17:4711"))
    clock.advance(minutes=4)
    with database.write() as session:
        session.add(EngineBeat(job="look_ahead", at=clock(), engine="host-17:4711"))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["checks"]["engine"]) == (503, "runs")
    assert answer.json["checks"]["watchdog"].startswith("late")
    assert "host-17" not in answer.text


def test_a_sum_that_does_not_add_up_is_said(
    client: FlaskClient, publication_id: int, database: Database, clock
):
    with database.write() as session:
        session.delete(session.get_one(Publication, publication_id))
    conservation.keep_book(database, now=clock())
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "conservation" in answer.json["checks"]


def test_what_is_missing_is_a_figure_from_the_first_comparison_on(
    client: FlaskClient, publication_id: int, database: Database, clock: FrozenClock
):
    missing = ("deskcast_publications_missing",)
    assert missing not in figures(client.get("/metrics").text), "nobody has compared yet"
    conservation.keep_book(database, now=clock())
    assert figures(client.get("/metrics").text)[missing] == 0
    with database.write() as session:
        session.delete(session.get_one(Publication, publication_id))
    conservation.keep_book(database, now=clock())
    assert figures(client.get("/metrics").text)[missing] == 1


def test_what_stands_there_and_was_never_planned_is_below_nothing(
    client: FlaskClient, publication_id: int, database: Database, clock: FrozenClock
):
    with database.write() as session:
        unsaid = update(AuditEntry).where(AuditEntry.verb == conservation.PLANNED)
        session.execute(unsaid.values(verb="publication.unsaid"))
    conservation.keep_book(database, now=clock())
    assert figures(client.get("/metrics").text)["deskcast_publications_missing",] == -1


def test_strangers_get_the_word_alone(client: FlaskClient, publication_id: int, clock: FrozenClock):
    assert client.get("/healthz", environ_base=STRANGER).json == {"status": "ok"}
    clock.set(LATER + timedelta(hours=1))
    answer = client.get("/healthz", environ_base=STRANGER)
    assert (answer.status_code, answer.json) == (503, {"status": "failing"})
    assert client.get("/healthz", headers={"X-Forwarded-For": "203.0.113.9"}).json == {"status": "failing"}


def test_administrators_are_told_and_others_are_not(client: FlaskClient, database: Database):
    with database.write() as session:
        sam = make.make_user(session, "Sam Ito", is_administrator=True)
        maya = make.make_user(session, "Maya Okafor")
    asked = {
        p.name: make.client_for(client.application, p).get("/healthz", environ_base=STRANGER)
        for p in (sam, maya)
    }
    assert "checks" in asked["Sam Ito"].json
    assert "checks" not in asked["Maya Okafor"].json


def test_figures_are_for_this_machine_alone(client: FlaskClient):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_base=STRANGER).status_code == 404
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert client.get("/metrics", headers=forwarded).status_code == 404, "a proxy nobody told us of"
    assert client.get("/metrics", headers=BEARER, environ_base=STRANGER).status_code == 404, "no token is set"


def test_behind_a_proxy_only_who_asks_here_is_here(database: Database, tmp_path):
    client = with_settings(database, tmp_path, DESKCAST_PROXIES="1")
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}).status_code == 404


def test_with_a_token_it_is_needed_from_everywhere(database: Database, tmp_path):
    client = with_settings(database, tmp_path, DESKCAST_METRICS_TOKEN=TOKEN)
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 404
    assert client.get("/metrics", headers=BEARER, environ_base=STRANGER).status_code == 200
    assert "checks" in client.get("/healthz", headers=BEARER, environ_base=STRANGER).json


def test_a_short_token_is_no_secret(tmp_path):
    with pytest.raises(BadSettings, match="DESKCAST_METRICS_TOKEN is too short"):
        load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_METRICS_TOKEN": "short"})


def test_states_beats_and_what_waits_are_read_from_the_database(
    client: FlaskClient, publication_id: int, database: Database, clock: FrozenClock
):
    with database.write() as session:
        session.add(EngineBeat(job="seal", at=clock(), engine="engine-1"))
        session.add(EngineBeat(job="of an older release", at=clock(), engine="engine-1"))
    clock.set(LATER + timedelta(hours=1))
    said = figures(client.get("/metrics").text)
    assert said["deskcast_publications", "planned"] == 1
    assert said["deskcast_publications", "published"] == 0
    assert said["deskcast_overdue", "planned", "engine"] == 1
    assert said["deskcast_engine_beat_age_seconds", "seal"] == 4 * 3600
    assert said["deskcast_engine_beat_late", "seal"] == 1
    assert said[("deskcast_record_unsealed",)] > 0
    assert {"deskcast_mails_waiting", "deskcast_feeds_behind", "deskcast_database_bytes",
            "deskcast_disk_free_bytes", "deskcast_sends_in_flight"} <= {name for name, *_ in said}  # fmt: skip
    assert ("deskcast_engine_beat_age_seconds", "of an older release") not in said


def test_answers_are_counted_by_endpoint_and_never_by_address(client: FlaskClient):
    client.get("/p/brindlemoor/4711")
    client.get("/healthz")
    client.get("/nowhere/at/all")
    text = client.get("/metrics").text
    said = figures(text)
    assert said["deskcast_http_requests_total", "public.post", "404"] == 1
    assert said["deskcast_http_requests_total", "public.live", "200"] == 1
    assert said["deskcast_http_requests_total", "none", "404"] == 1
    assert said["deskcast_http_request_seconds_count", "public.live"] == 1
    assert "4711" not in text and "nowhere" not in text


@pytest.mark.on("sqlite")
def test_the_states_are_counted_from_an_index(database: Database):
    """At a million rows the table itself must not be read. (PostgreSQL plans by statistics an empty table lacks.)"""
    with database.read() as session:
        plan = session.connection().exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT state, count(*) FROM publications GROUP BY state"
        )
        assert "COVERING INDEX" in " ".join(str(row) for row in plan)


def test_workers_and_the_queue_are_figures_too(client: FlaskClient, database: Database, clock: FrozenClock):
    with database.write() as session:
        worker_beats.beat(session, "there:1", accounts=16, busy=0, note="", now=clock())
    clock.advance(seconds=40)
    with database.write() as session:
        worker_beats.beat(session, "there:2", accounts=8, busy=0, note="", now=clock())
    said = figures(client.get("/metrics").text)
    assert said[("deskcast_workers",)] == 1
    assert said[("deskcast_workers_silent",)] == 1
    assert said[("deskcast_worker_accounts",)] == 8
    assert said[("deskcast_queue_waiting",)] == 0
    assert said[("deskcast_queue_taken",)] == 0
