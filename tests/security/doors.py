"""Two desks with everything in them, people of every role, and one way to knock at every address."""

import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import create_app
from content_library import (
    agreements,
    boundary_editing,
    catalogue,
    discussion,
    facts,
    ladder,
    media_links,
    media_store,
    sign_in,
    suggestions,
)
from content_library.agreement_drafts import ClauseTerms, VersionTerms
from content_library.boundaries.rules import Detector, Severity
from content_library.boundary_editing import Wording
from content_library.database import Database
from content_library.facts import Naming
from content_library.ladder_rules import Figures, Measure
from content_library.models.account import Account
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk, EngineBeat, Team
from content_library.models.feed import Feed, FeedItem, Proposal, ProposalState, Story, Subscription
from content_library.models.legal_hold import LegalHold
from content_library.models.media import Media
from content_library.models.notice import Notice
from content_library.models.post import Revision
from content_library.models.review import Review
from content_library.models.user import Delegation, DeskRole, User
from content_library.settings import load
from scheduler import series, transitions, watch, windows
from scheduler.models import Hold, HoldScope
from scheduler.plan_models import BlackoutWindow, TriageAct
from scheduler.publication_flow import Act
from service_channel.accounts import add_practice
from tests import factories as make

ROLES = ("agent", "lead", "auditor", "legal", "administrator", "outsider", "nobody")
NOW = make.NOW


@dataclass
class Things:
    """What one desk has, by the name addresses call it."""

    desk: str
    values: dict[str, Any] = field(default_factory=dict)
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class House:
    """The application over a database that can be put back to how it was."""

    app: Flask
    database: Database
    file: Path
    kept: Path
    secrets: dict[str, str]
    own: Things
    foreign: Things
    touched: bool = True

    def restore(self) -> None:
        self.database.dispose()
        for ending in ("-wal", "-shm"):
            Path(f"{self.file}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self.kept, self.file)

    def knock(
        self,
        rule: Rule,
        role: str,
        things: Things,
        *,
        desk: str | None = None,
        smuggled: Mapping[str, Any] = {},
    ) -> TestResponse:
        """Ask an address as somebody, with a form it would take from who may send it, and what is smuggled beside."""
        if self.touched:
            self.restore()
        self.touched = "POST" in (rule.methods or ())
        client = self.app.test_client()
        if role in self.secrets:
            client.set_cookie(self.app.config["SIGN_IN_COOKIE"], self.secrets[role])
        values = {name: self._value(rule, name, things, desk) for name in rule.arguments}
        with self.app.test_request_context():
            address = self.app.url_map.bind("localhost").build(rule.endpoint, values)
        if "POST" not in (rule.methods or ()):
            return client.get(address, buffered=True)
        form = {**smuggled, **things.forms.get(rule.endpoint, {}), "csrf_token": self._token(client)}
        if "upload" in form:
            form["upload"] = (io.BytesIO(form["upload"]), "picture.png")
        return client.post(address, data=form)

    def _token(self, client: FlaskClient) -> str:
        """What a form of this browser carries."""
        with client.session_transaction() as visit:
            visit["csrf_token"] = "0123456789abcdef"
        signer = URLSafeTimedSerializer(str(self.app.secret_key), salt="wtf-csrf-token")
        return str(signer.dumps("0123456789abcdef"))

    def _value(self, rule: Rule, name: str, things: Things, desk: str | None) -> Any:
        if name == "desk" and desk is not None:
            return desk
        special = things.values.get(f"{rule.endpoint}.{name}")
        return things.values[name] if special is None else special


def open_house(folder: Path) -> House:
    """Build both desks once."""
    from app import migrate

    file = folder / "house.db"
    url = f"sqlite:///{file}"
    migrate.upgrade(url)
    settings = load({"DESKCAST_DATA": str(folder), "DESKCAST_DATABASE_URL": url, "DESKCAST_DEMO": "0",
                     "DESKCAST_UNDO_S": "0"})  # fmt: skip
    database = Database(url, clock=lambda: NOW)
    with database.write() as session:
        own, foreign = _desk(session, "brindlemoor", folder), _desk(session, "elsewhere", folder)
        people = _people(session, own, foreign)
        secrets = {
            role: sign_in.start_session(session, person, now=NOW, identified_by="password")
            for role, person in people.items()
        }
        _things(session, own, people["legal"], folder)
        _things(session, foreign, people["outsider"], folder)
        session.add(EngineBeat(job=watch.STARTED, at=NOW, engine="engine-1"))
        for things in (own, foreign):
            things.values |= _lent(settings.secret_key, str(things.values["sha"]))
    app = create_app(settings, database)
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
    database.dispose()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    kept = folder / "kept.db"
    shutil.copyfile(file, kept)
    return House(app, database, file, kept, secrets, own, foreign)


def _lent(key: str, sha256: str) -> dict[str, Any]:
    """What an address that we gave to a network holds."""
    *_front, until, signature = media_links.address("https://desk.example", key, sha256, now=NOW).split("/")
    return {"until": int(until), "signature": signature}


def _desk(session: Session, handle: str, folder: Path) -> Things:
    make.make_desk(session, name=handle.capitalize(), handle=handle)
    return Things(handle, {"desk": handle, "handle": handle})


def _people(session: Session, own: Things, foreign: Things) -> dict[str, User]:
    home = session.scalars(select(Desk).filter_by(handle=own.desk)).one()
    away = session.scalars(select(Desk).filter_by(handle=foreign.desk)).one()
    _serve_apart(session, home, away)
    return {
        "agent": make.make_user(session, "Maya Okafor", desk=home),
        "lead": make.make_user(session, "Priya Raman", desk=home, role=DeskRole.LEAD),
        "auditor": make.make_user(session, "Ruth Adler", desk=home, role=DeskRole.AUDITOR),
        "legal": make.make_user(session, "Tom Hargreave", teams=["legal"]),
        "administrator": make.make_user(session, "Sam Ito", is_administrator=True),
        "outsider": make.make_user(session, "Olga Fremd", desk=away, role=DeskRole.LEAD, teams=["away"]),
    }


def _serve_apart(session: Session, home: Desk, away: Desk) -> None:
    """The home desk's teams clear for it alone; the other has one of its own beside copies of nothing."""
    team = Team(key="away", name="Away", created_at=NOW)
    session.add(team)
    away.teams = [team]
    session.flush()


def _things(session: Session, things: Things, reviewer: User, folder: Path) -> None:
    desk = session.scalars(select(Desk).filter_by(handle=things.desk)).one()
    author = make.make_user(session, f"Writer {things.desk}", desk=desk)
    lead = make.make_user(session, f"Lead {things.desk}", desk=desk, role=DeskRole.LEAD)
    format_key = _format(session, desk, things)
    draft = make.make_post(
        session, desk, author, title="A draft", format_key=format_key, accounts=_page(session, desk)
    )
    waiting = make.make_post(
        session, desk, author, title="In review", format_key=format_key, accounts=_page(session, desk)
    )
    submission = make.submit(session, waiting, author)
    review = next(r for r in submission.reviews if r.team.key in ("legal", "away"))
    planned = make.make_post(
        session, desk, author, title="Planned", format_key=format_key, accounts=_page(session, desk)
    )
    publication = make.plan(
        session, planned, make.page_of(session, desk), lead, due_at=NOW + timedelta(days=2)
    )
    approved = make.make_post(
        session, desk, author, title="Approved", format_key=format_key, accounts=_page(session, desk)
    )
    make.clear(session, approved, author, {"legal": reviewer, "away": reviewer})
    bluesky = add_practice(session, desk, "bluesky", f"{things.desk}.bsky.social", actor=lead, now=NOW)
    account = add_practice(session, desk, "mastodon", f"help@{things.desk}.example", actor=lead, now=NOW)
    asked = _ladder(session, account, bluesky, lead)
    hold = Hold(scope=HoldScope.ACCOUNT, desk_id=desk.id, account_id=account.id, reason="Testing",
                created_by_id=lead.id, created_at=NOW)  # fmt: skip
    session.add(hold)
    media = _picture(session, desk, author, folder)
    legal_hold = LegalHold(desk_id=desk.id, reason="A case.", placed_by_id=lead.id, placed_at=NOW)
    session.add(legal_hold)
    subscription, proposal = _story(session, desk, author)
    notice = Notice(user_id=author.id, desk_id=desk.id, kind="x", subject_type="post", subject_id=draft.id, text="x",
                    created_at=NOW)  # fmt: skip
    session.add(notice)
    session.flush()
    said = discussion.comment(
        session, draft, "Warmer.", actor=author, now=NOW, revision=draft.revisions[-1],
        place={"quote": draft.revisions[-1].content["text"]}, replacement="Other words.",
    )  # fmt: skip
    suggestion = next(s for s in suggestions.of_post(session, draft) if s.comment_id == said.id)
    handed_on = Delegation(
        from_user_id=author.id, to_user_id=lead.id, team_id=review.team_id, first_day="2026-12-01",
        last_day="2026-12-01", zone="UTC", starts_at=NOW + timedelta(days=30), ends_at=NOW + timedelta(days=31),
        reason="Away.", created_by_id=author.id, created_at=NOW,
    )  # fmt: skip
    session.add(handed_on)
    session.flush()
    entry = session.scalars(select(AuditEntry).filter_by(desk_id=desk.id).limit(1)).first()
    assert entry is not None
    revision = session.get_one(Revision, waiting.latest_revision_id)
    topic = catalogue.add_topic(session, desk, "Shelf", actor=lead, now=NOW)
    wording = Wording(Severity.INFORM, {"words": [f"word of {desk.handle}"]}, why="For tests.")
    boundary = boundary_editing.add_boundary(
        session, desk, f"Words of {desk.handle}", Detector.WORDS, wording, actor=lead, now=NOW
    )
    cleared = _agreed(session, desk, author, lead, reviewer, review.team, format_key)
    clause = cleared.clause
    assert clause is not None
    things.values |= {
        "agreement_id": clause.version.agreement_id,
        "clause_id": clause.id,
        "agreements.sign.number": 2,
        "agreements.decline.number": 2,
        "agreements.take_back.number": 2,
        "reviews.find.review_id": cleared.id,
        "post_id": draft.id,
        "number": 1,
        "review_id": review.id,
        "publication_id": publication.id,
        "hold_id": hold.id,
        "act_id": _decided(session, desk, lead, author).id,
        **_series(session, desk, author, lead, reviewer, format_key),
        "window_id": _window(session, desk, lead).id,
        "record.lift_hold.hold_id": legal_hold.id,
        "account_id": account.id,
        "media_id": media.id,
        "subscription_id": subscription.id,
        "proposal_id": proposal.id,
        "notice_id": notice.id,
        "suggestion_id": suggestion.id,
        "entry_id": entry.id,
        "delegation_id": handed_on.id,
        "user_id": author.id,
        "team_id": review.team_id,
        "key": format_key,
        "shelf": "topics",
        "item_id": topic.id,
        "boundary_id": boundary.id,
        **_facts(session, desk, lead, author, reviewer, review.team_id, format_key),
        "secret": "no-such-secret",
        "sha": media.sha256,
        "name": media.name,
        "filename": "src/tokens.css",
        "public.post.post_id": 1,
        "posts.take_back.post_id": waiting.id,
        "posts.withdraw_approval.post_id": approved.id,
        "ladder.sign.account_id": asked.id,
        "ladder.turn_down.account_id": asked.id,
        "accounts.connect_again.account_id": bluesky.id,
        "accounts.reconnect.account_id": bluesky.id,
        "network": "bluesky",
        "accounts.sign_in.network": "mastodon",
        "admin.set_network.network": "x",
        "admin.forget_network.network": "x",
        "state": "no-such-state",
    }
    things.forms |= _forms(things, desk, review.id, revision, account.id, topic.id, format_key)


def _series(
    session: Session, desk: Desk, author: User, lead: User, reviewer: User, format_key: str
) -> dict[str, int]:
    """Two series of an evergreen post, one of them paused; and the post."""
    page = make.page_of(session, desk)
    post = make.make_post(session, desk, author, title="Again", format_key=format_key, accounts=[page.id])
    post.is_evergreen = True
    made = []
    for hour in (9, 10):
        rule = series.read_rule("day", "2026-11-05", f"{hour:02}:00", "UTC", count=1)
        made.append(series.start(session, post, series.Terms(rule, [page]), actor=lead, now=NOW))
    series.pause(session, made[1], actor=lead, now=NOW)
    return {
        "series_id": made[0].id,
        "calendar.resume_series.series_id": made[1].id,
        "calendar.start_series.post_id": post.id,
        "calendar.new_series.post_id": post.id,
    }


def _window(session: Session, desk: Desk, lead: User) -> BlackoutWindow:
    terms = windows.Terms("Christmas", "2026-12-24T12:00", "2026-12-27T00:00", "Europe/Berlin")
    return windows.add_window(session, desk, terms, actor=lead, now=NOW)[0]


def _decided(session: Session, desk: Desk, lead: User, author: User) -> TriageAct:
    """Something was kept back, and a lead decided a moment ago what becomes of it."""
    act = TriageAct(desk_id=desk.id, by_id=lead.id, at=NOW, choices=[])
    session.add(act)
    session.flush()
    return act


def _agreed(
    session: Session, desk: Desk, author: User, lead: User, reviewer: User, team: Team, format_key: str
) -> Review:
    """A post that an agreement cleared; the next version waits for the team’s signature."""
    today = NOW.date()
    for _ in range(2):
        terms = VersionTerms(
            [ClauseTerms([format_key], sample_percent=100)], today, today, today, why="Tests."
        )
        seen = [s.agreement.latest_number for s in agreements.agreements(session, desk.id, now=NOW)]
        version = agreements.propose(
            session, desk, team, terms, seen=max(seen, default=0), actor=lead, now=NOW
        )
        if version.number == 1:
            agreements.sign(session, version, actor=reviewer, now=NOW)
    post = make.make_post(
        session, desk, author, title="Cleared", format_key=format_key, accounts=_page(session, desk)
    )
    return make.submit(session, post, author).reviews[0]


def _facts(
    session: Session, desk: Desk, lead: User, author: User, reviewer: User, team_id: int, format_key: str
) -> dict[str, Any]:
    """A fact that is out with its older value, one that nothing uses, and one in the archive."""
    price, unused, old = (
        facts.add_fact(session, desk, Naming(name, owner_team_id=team_id), "1", actor=lead, now=NOW)
        for name in ("price", "unused", "old")
    )
    post = make.make_post(
        session, desk, author, title="With a fact", text="{{price}}", format_key=format_key,
        accounts=_page(session, desk),
    )  # fmt: skip
    make.clear(session, post, author, {"legal": reviewer, "away": reviewer})
    out = make.plan(session, post, make.page_of(session, desk), lead, due_at=NOW + timedelta(minutes=1))
    for act in (Act.CLAIM, Act.MARK, Act.SUCCEED):
        transitions.move(session, out, act, actor=None, now=NOW + timedelta(minutes=1))
    facts.change_fact(session, price, "2", why="For tests.", seen=1, actor=lead, now=NOW)
    facts.archive_fact(session, old, actor=lead, now=NOW)
    return {
        "fact_id": price.id,
        "facts.archive.fact_id": unused.id,
        "facts.restore.fact_id": old.id,
        "facts.correct.publication_id": out.id,
        "posts.renew.post_id": post.id,
    }


def _format(session: Session, desk: Desk, things: Things) -> str:
    """A format cleared by one team of this desk alone."""
    from content_library.models.format import Format, Kind, Tone

    team = "legal" if things.desk == "brindlemoor" else "away"
    key = f"note_{team}"
    session.add(
        Format(key=key, kind=Kind.EDU_TAINING, name=f"Note {team}", purpose="For tests.", tone=Tone.NEUTRAL, fields=[],
               steps=[[{"team": team, "why": "Because.", "quorum": 1}]], position=90)
    )  # fmt: skip
    session.flush()
    return key


def _ladder(session: Session, one: Account, other: Account, lead: User) -> Account:
    """Both are on the ladder; for the one that is returned the next stage is asked for."""
    for account in (one, other):
        ladder.switch_on(session, account, 2, "For tests.", actor=lead, now=NOW)
    ladder.ask(session, other, Figures(), actor=lead, now=NOW, why="For tests.")
    return other


def _page(session: Session, desk: Desk) -> list[int]:
    return [make.page_of(session, desk).id]


def _picture(session: Session, desk: Desk, author: User, folder: Path) -> Media:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "PNG")
    stored = media_store.store_image(out.getvalue(), folder=folder / "media")
    media = Media(
        desk_id=desk.id, name=stored.name, thumb_name=stored.thumb_name, sha256=stored.sha256, mime=stored.mime,
        width=stored.width, height=stored.height, size=stored.size, uploaded_by_id=author.id, created_at=NOW,
    )  # fmt: skip
    session.add(media)
    session.flush()
    return media


def _story(session: Session, desk: Desk, author: User) -> tuple[Subscription, Proposal]:
    feed = Feed(url=f"http://127.0.0.1:9/{desk.handle}.xml", due_at=NOW + timedelta(days=9), created_at=NOW)
    story = Story(link=f"https://news.example/{desk.handle}", title="A story", first_seen_at=NOW)
    session.add_all([feed, story])
    session.flush()
    subscription = Subscription(desk_id=desk.id, feed_id=feed.id, format_key="industry_news", added_by_id=author.id,
                                added_at=NOW)  # fmt: skip
    item = FeedItem(feed_id=feed.id, story_id=story.id, key=desk.handle, title="A story", published_at=NOW,
                    date_source="feed", first_seen_at=NOW)  # fmt: skip
    session.add_all([subscription, item])
    session.flush()
    proposal = Proposal(desk_id=desk.id, story_id=story.id, item_id=item.id, subscription_id=subscription.id,
                        state=ProposalState.PROPOSED, proposed_at=NOW, dated_at=NOW)  # fmt: skip
    session.add(proposal)
    session.flush()
    return subscription, proposal


def _forms(
    things: Things,
    desk: Desk,
    review_id: int,
    revision: Revision,
    account_id: int,
    topic_id: int,
    format_key: str,
) -> dict[str, dict[str, Any]]:
    """A form for each address that wants one, such as somebody allowed would send."""
    when = {"date": "2026-12-01", "time": "10:00", "zone": "Europe/Berlin", "fold": "0"}
    page = str(revision.content["accounts"][0])
    text = {
        "title": "A draft", "text": "Words.", "accounts": page, "format": format_key, "audience": "public",
        "language": "en", "ingredient": "expertise", "onward_kind": "none", "version": "1", "base": "",
    }  # fmt: skip
    agreement = {
        "seen": "2", "clauses-0-formats": format_key, "clauses-0-sample_percent": "10", "why": "For tests.",
        "starts_on": "2026-12-01", "review_on": "2026-12-02", "ends_on": "2026-12-03",
    }  # fmt: skip
    boundary = {
        "seen": "1", "name": "Another", "detector": "words", "words": "abc", "severity": "inform", "team_key": "",
        "why": "For tests.",
    }  # fmt: skip
    again = {
        "every": "day", "month_day": "0", "starts_on": "2026-11-06", "time": "11:00", "zone": "UTC", "count": "1",
        "accounts": page, "shown": "day  0 2026-11-06 11:00 UTC  1",
    }  # fmt: skip
    window = {
        "name": "Holiday", "from_day": "2026-12-24", "from_time": "12:00", "to_day": "2026-12-27",
        "to_time": "00:00", "zone": "Europe/Berlin",
    }  # fmt: skip
    return {
        "agreements.propose": agreement,
        "agreements.draft": {**agreement, "act": "more"},
        "agreements.decline": {"why": "Too wide."},
        "agreements.end": {"why": "Enough."},
        "agreements.suspend": {"why": "A new law."},
        "reviews.find": {"finding": "breach", "what": "A claim."},
        "facts.add": {"name": "Another", "value": "3", "owner_team_id": things.values["team_id"]},
        "facts.change": {"seen": "2", "value": "3", "why": "For tests."},
        "facts.preview": {"seen": "2", "value": "3", "why": "For tests."},
        "facts.describe": {"name": "price", "about": "x", "owner_team_id": things.values["team_id"]},
        "boundaries.add": boundary,
        "boundaries.preview_new": boundary,
        "boundaries.preview": boundary,
        "boundaries.change": boundary,
        "boundaries.switch": {"seen": "1", "why": "For tests."},
        "ladder.switch": {"why": "For tests."},
        "ladder.ask": {"why": "For tests."},
        "ladder.sign": {"why": "For tests.", "seen": "3"},
        "ladder.turn_down": {"why": "For tests."},
        "ladder.descend": {"why": "For tests.", "stage": "1"},
        "ladder.set_criteria": {
            "seen": "0",
            **{f"{one}_{stage}": "10" for stage in (2, 3) for one in Measure},
        },
        "posts.create": {"format": format_key},
        "posts.comment": {"body": "A word."},
        "posts.withdraw_approval": {"why": "A mistake."},
        "posts.settle": {"choice": "theirs", "onto": ""},
        "posts.keep": text,
        "posts.preview": text,
        "posts.save_revision": text,
        "posts.apply_suggestion": text,
        "posts.decline_suggestion": {"why": "Kept as it is."},
        "posts.send": text,
        "reviews.decide": {
            "verdict": "approve",
            "seen_revision": revision.id,
            "seen_hash": revision.content_hash,
        },
        "record.pack": {"form": "zip"},
        "record.place_hold": {"reason": "A case."},
        "record.lift_hold": {"why": "The case is over."},
        "admin.change_periods": {"notices": "365"},
        "admin.change_heads": {"folder": "y"},
        "reviews.decide_several": {
            "shown": review_id,
            "review": review_id,
            "verdict": "approve",
            f"seen-{review_id}": f"{revision.id}:{revision.content_hash}",
        },
        "reviews.undo": {"review": review_id},
        "reviews.comment": {"body": "A word."},
        "reviews.ask": {"body": "A question?"},
        "calendar.plan_post": {**when, "accounts": page, "key": "abc"},
        "calendar.move": when,
        "calendar.hold": {"reason": "Wait."},
        "calendar.stop": {"reason": "Stop."},
        "calendar.start_series": again,
        "calendar.change_series": {**again, "seen": "1"},
        "calendar.add_window": window,
        "calendar.change_window": {**window, "seen": "1"},
        "calendar.set_quiet_hours": {
            f"q{things.values['account_id']}-begins": "22:00",
            f"q{things.values['account_id']}-ends": "07:00",
        },
        "calendar.sort_out": {"row": things.values["publication_id"]},
        "calendar.settle": {"answer": "there"},
        "accounts.add_practice": {"network": "mastodon", "handle": "other@example.org"},
        "accounts.set_budget": {"an_hour": "5", "a_day": "20"},
        "accounts.sign_in": {"server": "http://127.0.0.1:9"},
        "accounts.take_choice": {"account": "0"},
        "admin.set_network": {"x-client_id": "id", "x-client_secret": "secret"},
        "accounts.connect": {
            "host": "http://127.0.0.1:9",
            "identifier": "a.example",
            "app_password": "x",
        },
        "accounts.connect_again": {
            "host": "http://127.0.0.1:9",
            "identifier": "a.example",
            "app_password": "x",
        },
        "library.add_topic": {"name": "New"},
        "library.add_product": {"name": "New"},
        "library.describe_picture": {"alt": "A teal square."},
        "library.archive_many": {"post": things.values["post_id"]},
        "library.upload": {"upload": b"not a picture"},
        "curation.add_feed": {"url": "http://127.0.0.1:9/feed.xml", "format_key": "industry_news"},
        "curation.change_feed": {"format_key": "industry_news", "licence_note": "x"},
        "curation.snooze": {"for": "day"},
        "curation.dismiss_many": {"proposal": things.values["proposal_id"]},
        "admin.invite": {"name": "New", "email": "new@example.org", "teams": []},
        "admin.add_outsider": {"name": "New", "email": "new@law.example", "teams": things.values["team_id"]},
        "admin.switch_mail_decisions": {"on": "0"},
        "admin.rename_person": {"name": "New", "email": "writer@example.org"},
        "admin.add_desk": {"name": "Third", "handle": "third", "zone": "Europe/Berlin"},
        "admin.change_desk": {"name": "X", "zone": "Europe/Berlin", "opens": "09:00", "closes": "17:00"},
        "admin.change_link_tags": {"tags": "y", "medium": "social"},
        "admin.add_team": {"name": "Fifth"},
        "admin.change_team": {"name": "Legal"},
        "admin.change_checklist": {"sentences": "The price is right."},
        "admin.change_team_hours": {"zone": "UTC", "monday": "09:00-17:00", "turnaround_h": "4"},
        "admin.add_to_shelf": {"name": "New"},
        "admin.rename_on_shelf": {"name": "Newer"},
    }
