"""Reading the plan: days, pages, filters, what needs a person; always one desk's own."""

from datetime import datetime, timedelta

import pytest

from content_library.errors import NotFound
from content_library.models.account import AccountState
from content_library.models.format import Kind
from scheduler import agenda, mending, planning, settling, transitions
from scheduler.agenda import AgendaFilter
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import Act
from tests import factories as make
from tests.scheduler.scene import LATER, NOW, Scene, a_link_check

DAY = timedelta(days=1)
EVERYTHING = AgendaFilter()


def planned(scene: Scene, count: int, *, every: timedelta = timedelta(minutes=10)) -> list[Publication]:
    """Uncleared publications, one after the other from LATER on."""
    made = []
    for number in range(count):
        post = make.make_post(
            scene.session, scene.desk, scene.maya, title=f"Number {number}", accounts=[scene.page.id]
        )
        made.append(make.plan(scene.session, post, scene.page, scene.maya, due_at=LATER + every * number))
    return made


def two_days(start: datetime = NOW) -> list[tuple[datetime, datetime]]:
    return [(start, start + DAY), (start + DAY, start + 2 * DAY)]


def ids(cards: list[agenda.Card]) -> list[int]:
    return [card.id for card in cards]


def test_a_day_shows_its_first_ones_and_counts_the_rest(scene: Scene) -> None:
    made = planned(scene, 5)
    today, tomorrow = agenda.by_day(scene.session, scene.desk.id, two_days(), EVERYTHING, most=3)
    assert ids(today.cards) == [p.id for p in made[:3]]
    assert (today.total, today.more) == (5, 2)
    assert (tomorrow.cards, tomorrow.total) == ([], 0)


def test_a_day_begins_with_its_first_instant_and_ends_before_the_next(scene: Scene) -> None:
    [publication] = planned(scene, 1)
    [before, at] = agenda.by_day(
        scene.session, scene.desk.id, two_days(publication.due_at - DAY), EVERYTHING, most=3
    )
    assert (before.total, at.total) == (0, 1)


def test_pages_meet_without_a_gap_and_without_a_double(scene: Scene) -> None:
    made = planned(scene, 7, every=timedelta(0))  # all at one instant: only the id tells them apart
    first = agenda.page_from(scene.session, scene.desk.id, (NOW, 0), EVERYTHING, most=3)
    last = first.cards[-1]
    second = agenda.page_from(scene.session, scene.desk.id, (last.due_at, last.id + 1), EVERYTHING, most=3)
    assert ids(first.cards) + ids(second.cards) == [p.id for p in made[:6]]
    assert (first.is_more_before, first.is_more_after) == (False, True)
    assert (second.is_more_before, second.is_more_after) == (True, True)
    back = agenda.page_from(
        scene.session, scene.desk.id, (second.cards[0].due_at, second.cards[0].id), EVERYTHING,
        backwards=True, most=3,
    )  # fmt: skip
    assert ids(back.cards) == ids(first.cards)
    assert not back.is_more_before


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AgendaFilter(kind=Kind.EDU_TAINING), 1),
        (AgendaFilter(kind=Kind.PROMOTION), 0),
        (AgendaFilter(word="waiting"), 1),
        (AgendaFilter(word="going"), 0),
        (AgendaFilter(query="kettl"), 1),
        (AgendaFilter(query="toaster"), 0),
        (AgendaFilter(account_id=999), 0),
    ],
)
def test_each_filter_finds_what_it_says(scene: Scene, wanted: AgendaFilter, found: int) -> None:
    scene.plan()
    assert len(agenda.between(scene.session, scene.desk.id, NOW, NOW + DAY, wanted)) == found
    assert agenda.by_day(scene.session, scene.desk.id, two_days(), wanted, most=3)[0].total == found
    assert len(agenda.page_from(scene.session, scene.desk.id, (NOW, 0), wanted).cards) == found


def test_every_state_is_found_under_the_word_that_people_see(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    for act, word in ((Act.CLAIM, "going"), (Act.MARK, "going"), (Act.FAIL, "needs you")):
        transitions.move(scene.session, publication, act, actor=None, now=NOW)
        [card] = agenda.between(scene.session, scene.desk.id, NOW, NOW + DAY, AgendaFilter(word=word))
        assert card.word == word
    settling.leave(scene.session, publication, actor=scene.maya, now=NOW)
    assert not agenda.between(scene.session, scene.desk.id, NOW, NOW + DAY, AgendaFilter(word="needs you"))
    [card] = agenda.between(scene.session, scene.desk.id, NOW, NOW + DAY, AgendaFilter(word="failed"))
    assert card.shown == "given_up"


def test_another_desk_sees_nothing_of_it(scene: Scene) -> None:
    publication = scene.plan()
    other = make.make_desk(scene.session, "Elsewhere", "elsewhere")
    assert agenda.between(scene.session, other.id, NOW, NOW + DAY) == []
    assert agenda.of_ids(scene.session, other.id, [publication.id]) == {}
    with pytest.raises(NotFound):
        agenda.one(scene.session, other.id, publication.id)
    with pytest.raises(NotFound):
        planning.get_publication(scene.session, other.id, publication.id)


def test_what_needs_a_person_is_listed_until_somebody_has_decided(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    assert agenda.needing_a_person(scene.session, scene.desk.id) == []
    for act in (Act.CLAIM, Act.MARK, Act.LOSE, Act.ASK):
        transitions.move(scene.session, publication, act, actor=None, now=NOW)
    assert ids(agenda.needing_a_person(scene.session, scene.desk.id)) == [publication.id]
    settling.give_up(scene.session, publication, actor=scene.maya, now=NOW)
    assert agenda.needing_a_person(scene.session, scene.desk.id) == []


def test_what_is_held_for_a_link_needs_a_person(scene: Scene) -> None:
    link = "https://www.brindlemoor.example/gone"
    make.save(scene.session, scene.post, scene.maya, text=f"Look: {link}")
    scene.clear()
    publication = scene.plan()
    scene.session.add(a_link_check(link, is_ok=False))
    mending.hold_dead_links(scene.session, now=NOW)
    assert ids(agenda.needing_a_person(scene.session, scene.desk.id)) == [publication.id]


def test_near_is_within_the_accounts_least_gap_and_a_quarter_of_an_hour(scene: Scene) -> None:
    [publication] = planned(scene, 1)

    def near(minutes: int, but: int = 0) -> list[int]:
        moment = publication.due_at + timedelta(minutes=minutes)
        return ids(agenda.near(scene.session, scene.desk.id, [scene.page], moment, but=but))

    assert near(15) == near(-15) == [publication.id]
    assert near(16) == near(0, but=publication.id) == []
    scene.page.least_gap_s = 3600
    assert near(60) == [publication.id]
    planning.cancel(scene.session, publication, actor=scene.maya, now=NOW)
    assert near(0) == []


def test_the_days_own_hours_are_the_desks(scene: Scene) -> None:
    late = datetime(2026, 11, 3, 23, 30, tzinfo=NOW.tzinfo)  # 00:30 of the 4th in Berlin
    scene.plan(due_at=late)
    assert agenda.day(scene.session, scene.desk, NOW) == []
    assert len(agenda.day(scene.session, scene.desk, NOW + DAY)) == 1


def test_every_publication_is_counted_in_exactly_one_state(scene: Scene) -> None:
    planned(scene, 2)
    counts = agenda.counts(scene.session)
    assert sum(counts.values()) == 2 == counts[PublicationState.BLOCKED]


def test_the_watchdog_counts_what_should_have_gone(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    assert agenda.overdue(scene.session, now=publication.due_at + timedelta(seconds=119), slack_s=120) == 0
    assert agenda.overdue(scene.session, now=publication.due_at + timedelta(seconds=121), slack_s=120) == 1


def test_the_next_of_a_post_is_what_is_open_before_what_is_out(scene: Scene) -> None:
    scene.clear()
    out = scene.plan()
    for act in (Act.CLAIM, Act.MARK, Act.SUCCEED):
        transitions.move(scene.session, out, act, actor=None, now=NOW)
    assert agenda.next_of_posts(scene.session, [scene.post.id])[scene.post.id].id == out.id
    account = make.make_account(scene.session, scene.desk, state=AccountState.PRACTICE)
    waiting = scene.plan(account)
    assert agenda.next_of_posts(scene.session, [scene.post.id])[scene.post.id].id == waiting.id
    assert ids(agenda.lately_out(scene.session, scene.desk.id)) == [out.id]
