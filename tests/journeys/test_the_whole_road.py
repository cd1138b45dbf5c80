"""Feed → draft → submission → three teams → schedule → published by itself on the public page and on a real PDS."""

import io
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from content_library import sign_in
from content_library.database import Database
from content_library.models.user import DeskRole
from tests import factories as make
from tests.journeys.house import House, Person, open_house, until
from tests.support.pds import RealPds

pytestmark = [pytest.mark.pds, pytest.mark.slow]

FEED = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Kitchen Wire</title><id>urn:kitchen</id>
<updated>{now}</updated><entry><id>urn:kitchen:1</id><title>Whisks of the world</title>
<link href="http://127.0.0.1:{port}/whisks"/><updated>{now}</updated><author><name>Hanne Pohl</name></author>
<summary>Which whisk for which bowl.</summary></entry></feed>"""
TEXT = "Win a whisk! Tell @{handle} your best batter. Rules: {link} #whisks"


class _Feed(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        port = self.server.server_address[1]
        body = FEED.format(now=datetime.now(UTC).isoformat(timespec="seconds"), port=port).encode()
        kind = "application/atom+xml"
        if self.path != "/feed.xml":
            body, kind = b"<title>Whisks</title>", "text/html"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def feed_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Feed)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    with open_house(database_url, tmp_path) as opened:
        yield opened


def settle_in(database_url: str) -> None:
    """People of every role, on one desk."""
    database = Database(database_url)
    password = sign_in.hash_password(make.PASSWORD)
    with database.write() as session:
        desk = make.make_desk(session, zone="UTC")
        people = [
            make.make_user(session, "Maya Okafor", desk=desk),
            make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD),
            *make.make_reviewers(session).values(),
        ]
        for person in people:
            person.password_hash = password
    database.dispose()


def enters(house: House, name: str) -> Person:
    return Person.signed_in(house, f"{name}@brindlemoor.example", make.PASSWORD)


def a_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "#0f5e63").save(out, "PNG")
    return out.getvalue()


def test_a_post_goes_the_whole_road(house: House, database_url: str, feed_server: str, pds: RealPds) -> None:
    settle_in(database_url)
    did, handle, app_password = pds.create_account()
    maya, priya = enters(house, "maya.okafor"), enters(house, "priya.raman")
    connect_bluesky(priya, pds, handle, app_password)
    post_id = curate(maya, feed_server)
    text = TEXT.format(handle=handle, link=f"{feed_server}/whisks")
    compose_and_send(maya, post_id, text, alt="A teal square, standing for a whisk.")
    for name in ("elena.costa", "tom.hargreave", "aisha.demir"):
        approve(enters(house, name))
    due_at = plan(maya, post_id)
    until("on the public page", lambda: maya.json("/p/brindlemoor/feed.json")["items"], within=120)
    until("on Bluesky", lambda: pds.list_records(did), within=60)
    assert datetime.now(UTC) >= due_at
    on_the_page(house, text)
    on_bluesky(pds, did, text, f"{feed_server}/whisks")
    proved(house)
    for person in (maya, priya):
        person.close()


def connect_bluesky(lead: Person, pds: RealPds, handle: str, app_password: str) -> None:
    lead.open("/d/brindlemoor/accounts/new/bluesky")
    lead.send(
        "/d/brindlemoor/accounts/new/bluesky", host=pds.url, identifier=handle, app_password=app_password
    )
    assert handle in lead.open("/d/brindlemoor/accounts")


def curate(agent: Person, feed_server: str) -> int:
    agent.open("/d/brindlemoor/curation/feeds")
    agent.send("/d/brindlemoor/curation/feeds", url=f"{feed_server}/feed.xml", format_key="fun_promotion")
    page = until(
        "a proposal",
        lambda: (p := agent.open("/d/brindlemoor/curation")) and "Whisks of the world" in p and p,
    )
    accept = re.search(r'action="([^"]*/proposals/\d+/acceptance)"', page)
    assert accept is not None
    agent.send(accept.group(1), format="fun_promotion", write="1")
    found = re.search(r"/posts/(\d+)/compose", agent.at)
    assert found is not None, agent.at
    assert "Hanne Pohl" in agent.page  # the attribution came along
    return int(found.group(1))


def compose_and_send(agent: Person, post_id: int, text: str, *, alt: str) -> None:
    here = f"/d/brindlemoor/posts/{post_id}"
    agent.send("/d/brindlemoor/media", files={"upload": ("whisk.png", a_picture(), "image/png")}, alt=alt)
    media = re.search(r"/media/(\d+)", agent.open("/d/brindlemoor/media"))
    assert media is not None
    page = agent.open(f"{here}/compose")
    accounts = re.findall(r'name="accounts"[^>]*value="(\d+)"', page)
    until_day = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    words = {
        "title": "Win a whisk", "text": text, "accounts": accounts, "media": [media.group(1)],
        f"alt_{media.group(1)}": alt, "field_rules": "One entry each, ends Friday.", "valid_until": until_day,
    }  # fmt: skip
    agent.send(f"{here}/working-copy", **words)
    agent.open(f"{here}/compose")
    agent.send(f"{here}/compose/submission", form_to=f"{here}/working-copy", **words)
    assert "In review" in agent.open(here)


def approve(reviewer: Person) -> None:
    page = until(
        "a review in the queue", lambda: re.search(r'href="(/reviews/\d+)', reviewer.open("/reviews"))
    )
    address = page.group(1)
    reviewer.open(address)
    assert "Win a whisk!" in reviewer.page
    reviewer.send(f"{address}/decision", verdict="approve")
    reviewer.close()


def plan(agent: Person, post_id: int) -> datetime:
    due_at = datetime.now(UTC) + timedelta(seconds=6)
    agent.open(f"/d/brindlemoor/posts/{post_id}/plan")
    accounts = re.findall(r'name="accounts"[^>]*value="(\d+)"', agent.page)
    agent.send(
        f"/d/brindlemoor/posts/{post_id}/publications",
        date=due_at.strftime("%Y-%m-%d"), time=due_at.strftime("%H:%M:%S"), zone="UTC", accounts=accounts,
    )  # fmt: skip
    return due_at.replace(microsecond=0)


def on_the_page(house: House, text: str) -> None:
    stranger = Person(house)
    page = stranger.open("/p/brindlemoor")
    assert page.count("Win a whisk!") == 1
    assert "A teal square, standing for a whisk." in page
    items = stranger.json("/p/brindlemoor/feed.json")["items"]
    assert [item["title"] for item in items] == ["Win a whisk"]
    assert stranger.open("/p/brindlemoor/feed.atom").count("<entry") == 1
    stranger.close()


def on_bluesky(pds: RealPds, did: str, text: str, link: str) -> None:
    """Exactly one post, with its facets and its picture's words, as the network shows it."""
    (record,) = pds.list_records(did)
    value = record["value"]
    assert value["text"] == text
    assert value["embed"]["images"][0]["alt"] == "A teal square, standing for a whisk."
    shown = {}
    for facet in value["facets"]:
        start, stop = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        (feature,) = facet["features"]
        shown[feature["$type"].split("#")[1]] = (text.encode()[start:stop].decode(), feature)
    assert shown["link"][1]["uri"] == link
    assert shown["mention"][1]["did"] == did
    assert shown["tag"][1]["tag"] == "whisks"
    image = record["value"]["embed"]["images"][0]["image"]
    assert pds.get_blob(did, image["ref"]["$link"])


def proved(house: House) -> None:
    """The record is whole, and the command says so."""
    until("everything sealed", lambda: house.run("verify-audit").returncode == 0, within=30)
