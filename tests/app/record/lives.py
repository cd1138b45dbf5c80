"""A post with a whole life on the desk's public page: submitted, cleared, planned, published, sealed."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from PIL import Image
from sqlalchemy import select

from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.sealing import seal
from content_library.settings import Timing
from scheduler import publishing, reactions, transitions
from scheduler.clock_watch import ClockWatch
from scheduler.world import World
from service_channel.networks.page import Page
from tests import factories as make
from tests.app.house import House, settings_for
from tests.factories import VAULT
from tests.support.clock import FrozenClock
from tests.support.pictures import make_picture

TEXT = "Vinegar and water. 😀 שלום “zwölf” привет"


@dataclass
class Life:
    house: House
    post_id: int
    media: Path
    key: str


def live(house: House, clock: FrozenClock, folder: Path) -> Life:
    """Made through the verbs, with a picture in the media folder of `settings_for(folder)`."""
    reactions.listen()
    settings = settings_for(folder)
    settings.media_folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (640, 360), "teal").save(settings.media_folder / "kettle.jpg")
    sha256 = hashlib.sha256((settings.media_folder / "kettle.jpg").read_bytes()).hexdigest()
    with house.database.write() as session:
        desk = session.scalars(select(Desk).filter_by(handle="brindlemoor")).one()
        maya = session.get_one(User, house.people["maya"].id)
        reviewers = {
            key: session.get_one(User, house.people[name].id)
            for key, name in (("marketing", "elena"), ("legal", "tom"), ("pr", "aisha"), ("product", "lukas"))
        }
        page = make.page_of(session, desk)
        picture = make_picture(session, desk, maya, sha256=sha256)
        media = [{"id": picture.id, "sha256": sha256, "alt": "A kettle"}]
        post = make.make_post(
            session, desk, maya, text="First words.", accounts=[page.id], media=media, now=clock()
        )
        make.save(session, post, maya, text=TEXT, now=clock.advance(minutes=1))
        make.clear(session, post, maya, reviewers, now=clock.advance(minutes=1))
        make.plan(session, post, page, maya, due_at=clock() + timedelta(minutes=1), now=clock())
        post_id = post.id
    clock.advance(minutes=1)
    _publish(house, clock, settings.media_folder)
    with house.database.write() as session:
        seal(session, key=settings.record_key, now=clock.advance(seconds=10))
    return Life(house, post_id, settings.media_folder, settings.record_key)


def _publish(house: House, clock: FrozenClock, media: Path) -> None:
    world = World(
        database=house.database, networks={"page": Page()}, vault=VAULT, media_folder=media, timing=Timing(),
        engine="engine-1", clock_watch=ClockWatch(120.0),
    )  # fmt: skip
    with house.database.write() as session:
        claims = transitions.claim(
            session, engine="engine-1", now=clock(), until=clock(), lease_s=180, most=10, per_account=10
        )
    assert len(claims) == 1
    publishing.publish_one(world, claims[0])
