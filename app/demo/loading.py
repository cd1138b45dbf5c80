"""Loading the demo desk: everything happens through the verbs people use, at the times it would have happened."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.demo import curation, pictures
from app.demo.people import OUTSIDERS, PASSWORD, PEOPLE
from app.demo.posts import FACTS, POSTS, DemoPost, Step
from content_library import (
    agreements,
    catalogue,
    decision_links,
    delegations,
    desks,
    discussion,
    facts,
    ladder,
    legal_holds,
    mail_decisions,
    media_store,
    posts,
    reviews,
    sign_in,
    submissions,
    users,
)
from content_library.agreement_drafts import ClauseTerms, VersionTerms
from content_library.database import Database
from content_library.facts import Naming
from content_library.models.account import Account, AccountState
from content_library.models.boundary import BoundaryVersion
from content_library.models.desk import Desk, Setting, Team
from content_library.models.feed import LinkCheck
from content_library.models.media import Media
from content_library.models.post import Post, Revision
from content_library.models.review import ReviewState, Verdict
from content_library.models.user import DeskMembership, TeamMembership, User
from content_library.settings import Settings
from content_library.wall_time import wall_of
from scheduler import mending, planning, publishing, reactions, transitions
from scheduler.models import Publication
from scheduler.world import World, make_world

ZONE = "Europe/Berlin"
FIRST_POST_IN_S = 45
ON_THE_LADDER_H = -24 * 21
VERDICTS = {
    "approve": Verdict.APPROVE, "changes": Verdict.REQUEST_CHANGES, "refuse": Verdict.REFUSE,
}  # fmt: skip


def is_demo(settings: Settings) -> bool:
    """Whether this installation holds the demo desk and is allowed to show it."""
    if not settings.demo:
        return False
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            return session.get(Setting, "demo") is not None
    finally:
        database.dispose()


def load(database: Database, settings: Settings) -> bool:
    """Load the demo desk unless there are people already; True when it was loaded."""
    with database.read() as session:
        if session.scalar(select(User.id).limit(1)) is not None:
            return False
    reactions.listen()
    _Story(database, settings, datetime.now(UTC)).tell()
    return True


class _Story:
    """What happened at the desk up to `start`, told in the order in which it happened."""

    def __init__(self, database: Database, settings: Settings, start: datetime) -> None:
        self._settings = settings
        self._start = start
        self._now = start
        self._people: dict[str, int] = {}
        self._posts: dict[str, int] = {}
        self._media: dict[str, tuple[int, str]] = {}
        self._planned: dict[str, int] = {}
        self._database = Database(database.url, clock=lambda: self._now)

    def tell(self) -> None:
        password_hash = sign_in.hash_password(PASSWORD)
        stored = {name: media_store.store_image(getattr(pictures, name)(), folder=self._settings.media_folder)
                  for name in ("kettle", "dial_and_buttons")}  # fmt: skip
        self._at(-24 * 30, lambda session: self._founding(session, password_hash, stored))
        events = [*self._events(), (-48.0, lambda hours: self._at(hours, self._agree))]
        for hours, act in sorted(events, key=lambda event: event[0]):
            act(hours)
        self._at(0, self._last_touches)
        self._database.dispose()

    def _at(self, hours: float, act: Callable[[Session], None]) -> None:
        self._now = self._start + timedelta(hours=hours)
        with self._database.write() as session:
            act(session)

    def _events(self) -> list[tuple[float, Callable[[float], None]]]:
        events: list[tuple[float, Callable[[float], None]]] = [
            (ON_THE_LADDER_H, lambda hours: self._at(hours, self._ladder))
        ]
        for post in POSTS:
            events.append((post.hours, lambda hours, p=post: self._at(hours, lambda s: self._draft(s, p))))  # type: ignore[misc]
            for step in post.steps:
                events.append((step.hours, lambda _hours, p=post, s=step: self._step(p, s)))  # type: ignore[misc]
        return events

    def _founding(self, session: Session, password_hash: str, stored: dict[str, Any]) -> None:
        catalogue.install(session, now=self._now)
        session.execute(update(BoundaryVersion).values(effective_at=self._now, created_at=self._now))
        teams = list(session.scalars(select(Team).order_by(Team.id)))
        desk = catalogue.create_desk(
            session, "Brindlemoor Home", "brindlemoor", ZONE, actor=None, now=self._now, teams=teams,
            about="Help and good ideas from the people who answer your questions about Brindlemoor pots, kettles and knives.",
            website="https://www.brindlemoor.example",
        )  # fmt: skip
        by_key = {team.key: team for team in teams}
        for team in teams:
            team.zone = ZONE
        by_key["legal"].turnaround_h = 4
        for person in PEOPLE:
            user = User(
                name=person.name, email=person.email, password_hash=password_hash, zone=ZONE, wants_mail=True,
                is_administrator=person.is_administrator, created_at=self._now,
            )  # fmt: skip
            if person.role:
                user.desk_memberships.append(DeskMembership(desk=desk, role=person.role))
            if person.team:
                user.team_memberships.append(TeamMembership(team=by_key[person.team]))
            session.add(user)
            session.flush()
            self._people[person.key] = user.id
        for outsider in OUTSIDERS:
            added = users.add_outsider(
                session, name=outsider.name, email=outsider.email, teams=[by_key[outsider.team].id], zone=ZONE,
                actor=self._user(session, "sam"), now=self._now,
            )  # fmt: skip
            self._people[outsider.key] = added.id
        for network, handle in (
            ("bluesky", "brindlemoor.bsky.social"),
            ("mastodon", "help@brindlemoor.social"),
        ):
            session.add(Account(desk_id=desk.id, network=network, handle=handle, name=desk.name,
                                state=AccountState.PRACTICE, created_at=self._now))  # fmt: skip
        session.add(Setting(key="demo", value={"password": PASSWORD, "loaded": True}))
        for name, image in stored.items():
            self._media[name] = self._picture(session, desk, image)
        self._facts(session, desk, {key: team.id for key, team in by_key.items()})
        curation.plant(session, desk, self._user(session, "jonas"), start=self._start)

    def _agree(self, session: Session) -> None:
        """Marketing no longer reads FAQ links beforehand; PR has been asked about product news."""
        desk = session.scalars(select(Desk)).one()
        priya, elena = self._user(session, "priya"), self._user(session, "elena")
        signed = agreements.propose(
            session, desk, self._team(session, "marketing"),
            self._terms(["faq_link", "community_link"], "Links to our own help pages need no second look.", 100),
            seen=0, actor=priya, now=self._now,
        )  # fmt: skip
        agreements.sign(session, signed, actor=elena, now=self._now)
        agreements.propose(
            session, desk, self._team(session, "pr"),
            self._terms(["product_news"], "PR reads one in four afterwards instead of all beforehand.", 25),
            seen=0, actor=priya, now=self._now,
        )  # fmt: skip

    def _terms(self, formats: list[str], text: str, percent: int) -> VersionTerms:
        today = wall_of(self._now, ZONE).date()
        return VersionTerms(
            [ClauseTerms(formats, sample_percent=percent)], today, today + timedelta(days=90),
            today + timedelta(days=364), text=text, excluded_words=["cheap", "best in class"],
        )  # fmt: skip

    def _team(self, session: Session, key: str) -> Team:
        return session.scalars(select(Team).filter_by(key=key)).one()

    def _facts(self, session: Session, desk: Desk, teams: dict[str, int]) -> None:
        lead = self._user(session, "priya")
        for name, value, about, team in FACTS:
            naming = Naming(name, about, teams.get(team))
            facts.add_fact(session, desk, naming, value, actor=lead, now=self._now)

    def _ladder(self, session: Session) -> None:
        """The practice account climbs; what the desk sends today goes out on its page, which has no ladder."""
        bluesky = session.scalars(select(Account).filter_by(network="bluesky")).one()
        why = "Customers know our how-tos from the page. Promotions come when this account has earned them."
        ladder.switch_on(session, bluesky, 2, why, actor=self._user(session, "priya"), now=self._now)

    def _picture(self, session: Session, desk: Desk, image: Any) -> tuple[int, str]:
        row = Media(
            desk_id=desk.id, name=image.name, thumb_name=image.thumb_name, sha256=image.sha256, mime=image.mime,
            width=image.width, height=image.height, size=image.size, uploaded_by_id=self._people["maya"],
            created_at=self._now, rights="Drawn for Brindlemoor Home",
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id, row.sha256

    def _draft(self, session: Session, told: DemoPost) -> None:
        desk = session.scalars(select(Desk)).one()
        author = self._user(session, told.author)
        post = posts.create_post(
            session,
            desk,
            told.format,
            actor=author,
            now=self._now,
            **self._content(session, desk, author, told),
        )
        copy = posts.working_copy(session, post, actor=author, now=self._now)
        posts.save_revision(session, copy, actor=author, now=self._now, onto_revision_id=None)
        self._posts[told.key] = post.id

    def _content(self, session: Session, desk: Desk, author: User, told: DemoPost) -> dict[str, Any]:
        wall = {
            k: wall_of(self._start + timedelta(hours=h), ZONE).isoformat(timespec="minutes")
            for k, h in told.moments.items()
        }
        fields = {
            **told.content.get("fields", {}),
            **{k: v for k, v in wall.items() if not k.startswith("valid_")},
        }
        if "day" in fields:
            fields["day"] = fields["day"][:10]
        topics = [catalogue.add_topic(session, desk, n, actor=author, now=self._now).id for n in told.topics]
        products = [
            catalogue.add_product(session, desk, n, actor=author, now=self._now).id for n in told.products
        ]
        media = []
        if told.picture:
            media_id, sha256 = self._media[told.picture]
            session.get_one(Media, media_id).alt = told.alt
            media = [{"id": media_id, "sha256": sha256, "alt": told.alt}]
        chosen = select(Account.id).where(Account.desk_id == desk.id, Account.network.in_(told.accounts))
        accounts = session.scalars(chosen.order_by(Account.id)).all()
        return {
            **told.content, "title": told.title, "text": told.text, "fields": fields, "topics": topics,
            "products": products, "media": media, "accounts": list(accounts),
            **{k: v for k, v in wall.items() if k.startswith("valid_")},
        }  # fmt: skip

    def _wall(self, hours: float) -> str:
        return wall_of(self._start + timedelta(hours=hours), ZONE).isoformat(timespec="minutes")

    def _step(self, told: DemoPost, step: Step) -> None:
        if step.act == "out":
            self._publish(told, step)
            return
        verb, _, team = step.act.partition(":")
        acts: dict[str, Callable[[Session], None]] = {
            "submit": lambda s: self._submit(s, told, step),
            "comment": lambda s: self._comment(s, told, step),
            "plan": lambda s: self._plan(s, told, step, self._out_at(told)),
            "plan_now": lambda s: self._plan(s, told, step, self._start + timedelta(seconds=FIRST_POST_IN_S)),
            "plan_monday": lambda s: self._plan(s, told, step, self._monday()),
            "plan_later": lambda s: self._plan(s, told, step, self._start + timedelta(hours=5)),
        }
        self._at(step.hours, acts.get(verb) or (lambda s: self._decide(s, told, step, VERDICTS[verb], team)))

    def _submit(self, session: Session, told: DemoPost, step: Step) -> None:
        post = self._post(session, told)
        revision = session.get_one(Revision, post.latest_revision_id)
        submissions.submit(session, post, revision, actor=self._user(session, step.who), now=self._now)

    def _decide(self, session: Session, told: DemoPost, step: Step, verdict: Verdict, team: str) -> None:
        submission = submissions.open_submission(session, self._post(session, told))
        assert submission is not None
        review = next(r for r in submission.reviews if r.team.key == team and r.state is ReviewState.OPEN)
        person = self._user(session, step.who)
        if person.is_external:
            key = self._settings.secret_key
            link = decision_links.issue(session, review, person, key=key, now=self._now)
            mail_decisions.decide(session, link, verdict, now=self._now, reason=step.text)
            return
        reviews.decide(
            session, review, verdict, actor=person, now=self._now,
            seen_revision_id=submission.revision_id, seen_hash=submission.content_hash, reason=step.text,
            place={"network": "page", "quote": step.quote} if step.quote else None, replacement=step.instead,
        )  # fmt: skip

    def _comment(self, session: Session, told: DemoPost, step: Step) -> None:
        post = self._post(session, told)
        discussion.comment(
            session, post, step.text, actor=self._user(session, step.who), now=self._now,
            revision=session.get_one(Revision, post.latest_revision_id), place={"network": "page", "quote": step.quote},
            replacement=step.instead,
        )  # fmt: skip

    def _plan(self, session: Session, told: DemoPost, step: Step, due_at: datetime) -> None:
        post = self._post(session, told)
        page = session.scalars(select(Account).filter_by(desk_id=post.desk_id, network="page")).one()
        when = planning.WallTime(wall_of(due_at, ZONE).isoformat(), ZONE)
        made = planning.plan(session, post, [page], when, actor=self._user(session, step.who), now=self._now)
        self._planned[told.key] = made[0].id

    def _publish(self, told: DemoPost, step: Step) -> None:
        """Through the scheduler, like everything else that goes out."""
        self._now = self._start + timedelta(hours=step.hours)
        world = self._world()
        with self._database.write() as session:
            claims = transitions.claim(
                session,
                engine=world.engine,
                now=self._now,
                until=self._now,
                lease_s=180,
                most=10,
                per_account=10,
            )
        for claim in claims:
            publishing.publish_one(world, claim)

    def _world(self) -> World:
        return make_world(self._settings, self._database, engine="demo")

    def _last_touches(self, session: Session) -> None:
        chef = session.get_one(Post, self._posts["chef"])
        legal_holds.place(
            session, chef.desk, "The chef’s agency asked what was planned with her name.",
            actor=self._user(session, "ruth"), now=self._now, post_id=chef.id,
        )  # fmt: skip
        product = session.scalars(select(Team).filter_by(key="product")).one()
        sentences = ["Every number stands in the data sheet.", "We can deliver what it promises."]
        sam = self._user(session, "sam")
        desks.change_checklist(session, product, sentences, actor=sam, now=self._now)
        elena, legal = self._user(session, "elena"), self._user(session, "tom").team_memberships[0].team_id
        today = self._now.date()
        handed = delegations.Absence(
            legal,
            elena.id,
            str(today + timedelta(days=14)),
            str(today + timedelta(days=21)),
            "Two weeks by the sea.",
        )
        delegations.delegate(session, self._user(session, "tom"), handed, actor=sam, now=self._now)
        submissions.expire_submissions(session, now=self._now)
        session.add(
            LinkCheck(
                url="https://www.brindlemoor.example/shop/tern-filter", is_ok=False, status=404, error="404 Not Found",
                failures=3, checked_at=self._now, watched_at=self._now, due_at=self._start + timedelta(days=2),
            )
        )  # fmt: skip
        session.flush()
        mending.hold_dead_links(session, now=self._now)
        first = session.get_one(Publication, self._planned["descale"])
        assert first.due_at > self._now

    def _out_at(self, told: DemoPost) -> datetime:
        out = next(step for step in told.steps if step.act == "out")
        return self._start + timedelta(hours=out.hours)

    def _monday(self) -> datetime:
        local = wall_of(self._start, ZONE)
        days = (7 - local.weekday()) % 7 or 7
        monday = (local + timedelta(days=days)).replace(hour=9, minute=30, second=0)
        return planning.WallTime(monday.isoformat(), ZONE).resolved().due_at

    def _post(self, session: Session, told: DemoPost) -> Post:
        return session.get_one(Post, self._posts[told.key])

    def _user(self, session: Session, key: str) -> User:
        return session.get_one(User, self._people[key])
