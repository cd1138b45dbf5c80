"""One story, at most one draft: looking through proposals and deciding on them, alone or two at once."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import posts, proposals
from content_library.database import Database
from content_library.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    Refusal,
    TransitionNotAllowed,
)
from content_library.feed_shapes import DateSource, ReadEntry
from content_library.feed_store import KnownFeed, store
from content_library.models.audit import AuditEntry
from content_library.models.feed import Feed, Proposal, ProposalState, Subscription
from content_library.models.post import Post, PostState, WorkingCopy
from content_library.models.user import DeskRole, User
from content_library.proposals import ProposalFilter
from tests.factories import NOW, make_desk, make_user
from tests.support.clock import FrozenClock

ENTRY = ReadEntry(
    guid="1",
    link="https://news.example/labels",
    title="The new energy label, explained",
    author="Ines Roth",
    summary_html="<p>From March the labels change.</p>",
    summary_text="From March the labels change.",
    published_at=NOW - timedelta(hours=3),
    date_source=DateSource.PUBLISHED,
    licence="CC BY 4.0",
)


class World:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.desk = make_desk(session)
        self.maya = make_user(session, "Maya Okafor", desk=self.desk)
        self.feed = Feed(url="https://news.example/feed", title="Consumer Weekly", due_at=NOW, created_at=NOW)
        session.add(self.feed)
        session.flush()
        self.subscription = Subscription(
            desk_id=self.desk.id,
            feed=self.feed,
            format_key="industry_news",
            licence_note="",
            added_by_id=self.maya.id,
            added_at=NOW,
        )
        session.add(self.subscription)
        session.flush()

    def offer(self, *entries: ReadEntry) -> list[Proposal]:
        known = KnownFeed(self.feed.id, NOW, None)
        store(self.session, known, entries or (ENTRY,), now=NOW)
        return list(self.session.scalars(select(Proposal).order_by(Proposal.id)))

    def find(self, state: ProposalState | None = None, *, now: datetime = NOW, **wanted: Any) -> list[str]:
        found = proposals.find_proposals(self.session, self.desk.id, ProposalFilter(state, **wanted), now=now)
        return [proposal.item.title for proposal in found.proposals]

    def accept(self, proposal: Proposal, **more: Any) -> Post:
        return proposals.accept(
            self.session, proposal, start_draft=posts.create_post, actor=self.maya, now=NOW, **more
        )


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


def test_an_accepted_story_becomes_a_draft_that_says_where_it_comes_from(world: World):
    (proposal,) = world.offer()
    post = world.accept(proposal)
    content = world.session.scalars(select(WorkingCopy.content)).one()
    assert (post.state, post.format_key, post.owner) == (PostState.DRAFT, "industry_news", world.maya)
    assert post.proposal_id == proposal.id
    assert content["title"] == "The new energy label, explained"
    assert content["text"] == "The new energy label, explained\n\nhttps://news.example/labels"
    assert content["source"] == {
        "url": "https://news.example/labels",
        "title": "The new energy label, explained",
        "author": "Ines Roth",
        "via": "Consumer Weekly",
        "licence": "CC BY 4.0",
    }


def test_the_desks_own_licence_note_goes_before_the_feeds(world: World):
    world.subscription.licence_note = "Agreed by mail on 2 May"
    (proposal,) = world.offer()
    world.accept(proposal)
    content = world.session.scalars(select(WorkingCopy.content)).one()
    assert content["source"]["licence"] == "Agreed by mail on 2 May"


def test_another_format_can_be_chosen(world: World):
    (proposal,) = world.offer()
    assert world.accept(proposal, format_key="celebrity_news").format_key == "celebrity_news"


def test_a_format_nobody_has_is_refused(world: World):
    (proposal,) = world.offer()
    with pytest.raises(InvalidInput):
        world.accept(proposal, format_key="nonsense")


def test_a_story_is_accepted_once(world: World):
    (proposal,) = world.offer()
    world.accept(proposal)
    with pytest.raises(TransitionNotAllowed, match="Maya Okafor already made a draft of this story"):
        world.accept(proposal)
    assert world.session.scalar(select(func.count()).select_from(Post)) == 1


def test_two_people_accepting_at_once_make_one_draft(database: Database, clock: FrozenClock):
    with database.write() as session:
        world = World(session)
        proposal_id = world.offer()[0].id
        ids = [world.maya.id, make_user(session, "Jonas Weil", desk=world.desk).id]
    begin, outcomes = threading.Barrier(2), []

    def click(user_id: int) -> None:
        try:
            with database.write() as session:
                person, proposal = session.get_one(User, user_id), session.get_one(Proposal, proposal_id)
                begin.wait(timeout=5) if not database.is_sqlite else None
                post = proposals.accept(
                    session, proposal, start_draft=posts.create_post, actor=person, now=clock()
                )
            outcomes.append(post.id)
        except Refusal as refusal:
            outcomes.append(type(refusal))

    threads = [threading.Thread(target=click, args=(user_id,)) for user_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    with database.read() as session:
        made = session.scalars(select(Post.id)).all()
    assert len(made) == 1
    assert made[0] in outcomes
    assert len(outcomes) == 2
    assert {Conflict, TransitionNotAllowed} & set(outcomes)


def test_what_is_dismissed_leaves_the_list_and_can_be_brought_back(world: World):
    (proposal,) = world.offer()
    proposals.dismiss(world.session, proposal, actor=world.maya, now=NOW)
    assert world.find() == []
    assert world.find(ProposalState.DISMISSED) == [ENTRY.title]
    proposals.bring_back(world.session, proposal, actor=world.maya, now=NOW)
    assert world.find() == [ENTRY.title]
    verbs = world.session.scalars(select(AuditEntry.verb).order_by(AuditEntry.id)).all()
    assert [verb for verb in verbs if verb.startswith("proposal.")] == [
        "proposal.dismissed",
        "proposal.proposed",
    ]


def test_what_is_snoozed_comes_back_by_itself(world: World):
    (proposal,) = world.offer()
    until = NOW + timedelta(days=1)
    proposals.snooze(world.session, proposal, until=until, actor=world.maya, now=NOW)
    assert (world.find(), world.find(ProposalState.SNOOZED)) == ([], [ENTRY.title])
    assert (world.find(now=until), world.find(ProposalState.SNOOZED, now=until)) == ([ENTRY.title], [])
    assert proposals.counts(world.session, world.desk.id, now=NOW)[None] == 0
    assert proposals.counts(world.session, world.desk.id, now=until)[None] == 1
    assert world.accept(proposal).id


@pytest.mark.parametrize("days", [0, -1, 91])
def test_a_story_is_not_snoozed_into_the_past_or_for_ever(world: World, days: int):
    (proposal,) = world.offer()
    with pytest.raises(InvalidInput) as refused:
        proposals.snooze(world.session, proposal, until=NOW + timedelta(days=days), actor=world.maya, now=NOW)
    assert "until" in refused.value.fields


def test_a_draft_is_not_undone_by_bringing_its_story_back(world: World):
    (proposal,) = world.offer()
    world.accept(proposal)
    with pytest.raises(TransitionNotAllowed, match="became a draft already"):
        proposals.bring_back(world.session, proposal, actor=world.maya, now=NOW)


def test_several_are_dismissed_in_one_go_and_decided_ones_are_left_alone(world: World):
    entries = [
        replace(ENTRY, guid=str(n), link=f"https://news.example/{n}", title=f"Story {n}") for n in range(3)
    ]
    first, second, third = world.offer(*entries)
    world.accept(first)
    ids = [first.id, second.id, third.id, 999]
    gone = proposals.dismiss_many(world.session, world.desk.id, ids, actor=world.maya, now=NOW)
    assert gone == [second.id, third.id]
    assert first.state is ProposalState.ACCEPTED


@pytest.mark.parametrize("role", [DeskRole.AUDITOR, None])
def test_only_people_who_write_for_the_desk_decide(world: World, role: DeskRole | None):
    (proposal,) = world.offer()
    who = make_user(
        world.session, "Somebody Else", desk=world.desk if role else None, role=role or DeskRole.AGENT
    )
    with pytest.raises(PermissionDenied):
        proposals.accept(world.session, proposal, start_draft=posts.create_post, actor=who, now=NOW)
    with pytest.raises(PermissionDenied):
        proposals.dismiss(world.session, proposal, actor=who, now=NOW)
    with pytest.raises(PermissionDenied):
        proposals.snooze(world.session, proposal, until=NOW + timedelta(days=1), actor=who, now=NOW)
    with pytest.raises(PermissionDenied):
        proposals.bring_back(world.session, proposal, actor=who, now=NOW)
    with pytest.raises(PermissionDenied):
        proposals.dismiss_many(world.session, world.desk.id, [proposal.id], actor=who, now=NOW)


def test_a_proposal_of_another_desk_is_not_found(world: World):
    (proposal,) = world.offer()
    other = make_desk(world.session, "Other desk", "other")
    assert proposals.get_proposal(world.session, world.desk.id, proposal.id) is proposal
    with pytest.raises(NotFound):
        proposals.get_proposal(world.session, other.id, proposal.id)


def test_stories_are_found_by_all_their_words(world: World):
    other = replace(
        ENTRY, guid="2", link="https://news.example/2", title="100 % steel", author="", summary_text="Pans."
    )
    world.offer(ENTRY, other)
    assert world.find(query="LABEL energy") == [ENTRY.title]
    assert world.find(query="roth") == [ENTRY.title]
    assert world.find(query="march labels") == [ENTRY.title]
    assert world.find(query="label steel") == []
    assert world.find(query="100 %") == ["100 % steel"]
    assert world.find(query="%") == ["100 % steel"]


def test_stories_are_found_by_their_feed_and_page_by_page(world: World):
    entries = [
        replace(
            ENTRY,
            guid=str(n),
            link=f"https://news.example/{n}",
            title=f"Story {n}",
            published_at=NOW - timedelta(hours=n),
        )
        for n in range(5)
    ]
    world.offer(*entries)
    assert world.find(subscription_id=world.subscription.id)[0] == "Story 0"
    assert world.find(subscription_id=world.subscription.id + 1) == []
    second = proposals.find_proposals(
        world.session, world.desk.id, ProposalFilter(), now=NOW, page=2, per_page=2
    )
    assert [proposal.item.title for proposal in second.proposals] == ["Story 2", "Story 3"]
    assert (second.total, second.pages, second.page) == (5, 3, 2)
    beyond = proposals.find_proposals(
        world.session, world.desk.id, ProposalFilter(), now=NOW, page=9, per_page=2
    )
    assert beyond.page == 3


def test_an_accepted_story_leads_to_its_draft(world: World):
    (proposal,) = world.offer()
    assert proposals.drafts_of(world.session, [proposal]) == {}
    post = world.accept(proposal)
    assert proposals.drafts_of(world.session, [proposal]) == {proposal.id: post.id}


def test_almost_equal_titles_of_two_feeds_are_shown_as_such_and_stay_two(world: World):
    (first,) = world.offer()
    second_feed = Feed(url="https://other.example/feed", title="Tea Times", due_at=NOW, created_at=NOW)
    world.session.add(second_feed)
    world.session.flush()
    world.session.add(
        Subscription(
            desk_id=world.desk.id,
            feed=second_feed,
            format_key="industry_news",
            added_by_id=world.maya.id,
            added_at=NOW,
        )
    )
    world.session.flush()
    alike = replace(ENTRY, link="https://other.example/1", title="The new energy labels, explained")
    other = replace(ENTRY, guid="2", link="https://other.example/2", title="Something else about four pans")
    store(world.session, KnownFeed(second_feed.id, NOW, None), [alike, other], now=NOW)
    found = list(world.session.scalars(select(Proposal).order_by(Proposal.id)))
    titles = {
        one.item.title: proposals.possible_duplicates(found)[one.id].item.title
        for one in found
        if one.id in proposals.possible_duplicates(found)
    }
    assert titles == {ENTRY.title: alike.title, alike.title: ENTRY.title}
    assert len(found) == 3
    assert first in found
