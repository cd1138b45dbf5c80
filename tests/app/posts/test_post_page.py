"""A post's own page and its revisions: what stands there, what became of it, and the acts."""

import pytest
from sqlalchemy import select

from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.post import Post, PostState
from content_library.models.review import Comment
from content_library.models.user import TeamMembership, User
from tests import factories as make
from tests.app.posts.conftest import HERE, Browser, World, words


def test_it_shows_the_newest_revision_as_each_network_will(maya: Browser, world: World):
    post_id = world.post(accounts=[world.page.id, world.bluesky.id], text="See https://a.example/x #tea")
    page = maya.open(f"{HERE}/{post_id}")
    assert page.xpath("count(//article)") == 2
    assert page.xpath("//article//a[@href='https://a.example/x']")
    assert "28 of 300 characters" in words(page)


def test_a_draft_can_be_sent_from_its_page(maya: Browser, world: World):
    post_id = world.post()
    assert "Send revision 1 to its reviewers" in words(maya.open(f"{HERE}/{post_id}"))
    assert maya.send(f"{HERE}/{post_id}/submission", {"submission_note": "Please."}).status_code == 303
    assert world.state(post_id) is PostState.IN_REVIEW
    said = words(maya.open(f"{HERE}/{post_id}"))
    assert "To decide" in said
    assert "Send revision 1" not in said


def test_what_is_missing_is_said_on_the_page(maya: Browser, world: World):
    post_id = world.post(format_key="faq_link")
    answer = maya.send(f"{HERE}/{post_id}/submission")
    assert answer.status_code == 422
    assert "FAQ page: this format needs it." in answer.text


def test_a_submission_can_be_taken_back(maya: Browser, world: World):
    post_id = world.post()
    world.submit(post_id)
    assert maya.send(f"{HERE}/{post_id}/submission/withdrawal").status_code == 303
    assert world.state(post_id) is PostState.DRAFT
    assert maya.send(f"{HERE}/{post_id}/submission/withdrawal").status_code == 409


def test_a_lead_gets_from_it_to_what_the_record_says_of_it_alone(priya: Browser, world: World):
    world.submit(world.post())
    post_id = world.post()
    world.submit(post_id)
    link = priya.open(f"{HERE}/{post_id}").xpath("//a[contains(., 'Everything recorded')]/@href")[0]
    with world.database.read() as session:
        every = session.scalars(select(AuditEntry.subject_id).filter_by(subject_type="post")).all()
    assert 0 < every.count(post_id) < len(every)
    assert len(priya.open(link).xpath("//tbody/tr")) == every.count(post_id)


def test_every_teams_part_and_decision_is_shown(maya: Browser, world: World):
    post_id = world.post()
    world.clear(post_id)
    said = words(maya.open(f"{HERE}/{post_id}"))
    assert "Marketing Approved Elena Costa" in said
    assert "Plan a time" in said


def test_a_newer_revision_in_review_says_which_one_goes_out_and_offers_both_ways(
    priya: Browser, world: World
):
    post_id = world.post(accounts=[world.page.id])
    world.clear(post_id)
    world.save(post_id, world.jonas, text="Something newer.")
    said = words(priya.open(f"{HERE}/{post_id}"))
    assert "Revision 2 has not been sent to its reviewers." in said
    assert "What is planned goes out with revision 1, which is approved." in said
    world.submit(post_id)
    said = words(priya.open(f"{HERE}/{post_id}"))
    assert "Revision 2 is in review." in said
    assert "Take revision 2 back" in said
    assert "Withdraw the approval of revision 1" in said


def test_an_approval_is_withdrawn_with_a_reason_and_only_by_those_who_may(
    maya: Browser, priya: Browser, world: World
):
    post_id = world.post()
    world.clear(post_id)
    assert maya.send(f"{HERE}/{post_id}/approval/withdrawal", {"why": "No."}).status_code == 403
    empty = priya.send(f"{HERE}/{post_id}/approval/withdrawal", {"why": " "})
    assert empty.status_code == 422
    assert "Say why" in empty.text
    assert (
        priya.send(f"{HERE}/{post_id}/approval/withdrawal", {"why": "The price changed."}).status_code == 303
    )
    assert world.state(post_id) is PostState.DRAFT
    with world.database.read() as session:
        entry = session.scalars(select(AuditEntry).filter_by(verb="approval.withdrawn")).one()
        assert "The price changed." in entry.summary
    assert priya.send(f"{HERE}/{post_id}/approval/withdrawal", {"why": "Again."}).status_code == 409


def test_an_approval_of_ones_own_text_says_so(maya: Browser, world: World):
    with world.database.write() as session:
        desk, author = session.get_one(Desk, world.desk.id), session.get_one(User, world.maya.id)
        desk.solo = True
        marketing = next(team for team in desk.teams if team.key == "marketing")
        author.team_memberships.append(TeamMembership(team=marketing))
        session.flush()
        post = make.make_post(session, desk, author)
        make.clear(session, post, author, {"marketing": author})
        post_id = post.id
    assert "in solo mode" in words(maya.open(f"{HERE}/{post_id}"))


def test_the_talk_is_shown_and_can_be_joined(maya: Browser, jonas: Browser, world: World):
    post_id = world.post()
    assert (
        maya.send(f"{HERE}/{post_id}/comments", {"body": "Which vinegar? https://a.example"}).status_code
        == 303
    )
    page = jonas.open(f"{HERE}/{post_id}")
    assert "Maya Okafor" in words(page.get_element_by_id("discussion"))
    assert page.xpath("//*[@id='discussion']//a[@href='https://a.example']")
    empty = jonas.send(f"{HERE}/{post_id}/comments", {"body": "  "})
    assert empty.status_code == 422


def test_a_comment_takes_nothing_but_its_words(maya: Browser, world: World):
    post_id = world.post()
    maya.send(
        f"{HERE}/{post_id}/comments", {"body": "Hello", "user_id": "999", "at": "2001-01-01", "post_id": "77"}
    )
    with world.database.read() as session:
        said = session.scalars(select(Comment)).one()
        assert (said.user_id, said.post_id) == (world.maya.id, post_id)


def test_an_auditor_reads_and_is_offered_nothing_to_press(ruth: Browser, world: World):
    post_id = world.post()
    page = ruth.open(f"{HERE}/{post_id}")
    forms = page.xpath("//main//form[@method='post']/@action")
    assert {action.rsplit("/", 1)[-1] for action in forms} == {"pack"}, "only the evidence can be taken away"
    for part in ("submission", "submission/withdrawal", "comments", "archive"):
        assert ruth.send(f"{HERE}/{post_id}/{part}", {"body": "x"}).status_code in (403, 409)


def test_a_post_goes_into_the_archive_and_comes_back(maya: Browser, world: World):
    post_id = world.post()
    answer = maya.send(f"{HERE}/{post_id}/archive")
    assert world.state(post_id) is PostState.ARCHIVED
    page = maya.open(answer.location)
    assert "is in the archive" in words(page)
    assert page.xpath("//form[contains(@action, '/archive/restoration')]")
    maya.send(f"{HERE}/{post_id}/archive/restoration")
    assert world.state(post_id) is PostState.DRAFT


def test_a_new_post_begins_from_another_and_both_say_so(maya: Browser, world: World):
    post_id = world.post(title="The parent")
    answer = maya.send(f"{HERE}/new", {"format": "faq_link", "source": str(post_id)})
    child_id = int(answer.location.split("/")[-2])
    assert maya.composer(child_id)["text"].strip() == "Vinegar and water, twenty minutes, rinse twice."
    assert "Made from The parent" in words(maya.open(f"{HERE}/{child_id}"))
    assert "From this were made" in words(maya.open(f"{HERE}/{post_id}"))


def test_a_child_is_told_on_its_page_when_the_parent_says_something_else(maya: Browser, world: World, clock):
    parent_id = world.post(title="The parent")
    answer = maya.send(f"{HERE}/new", {"format": "how_to", "source": str(parent_id)})
    child_id = int(answer.location.split("/")[-2])
    maya.send(f"{HERE}/{child_id}/revisions", maya.composer(child_id))
    with world.database.write() as session:
        later, post = clock.advance(hours=1), session.get_one(Post, parent_id)
        make.save(session, post, session.get_one(User, world.jonas.id), now=later, text="Changed.")
    assert "That post has changed since." in words(maya.open(f"{HERE}/{child_id}"))


def test_another_desks_post_is_not_there(maya: Browser, world: World):
    with world.database.write() as session:
        sam = session.get_one(User, world.stranger.id)
        theirs = make.make_post(session, sam.desk_memberships[0].desk, sam).id
    for path in ("", "/compose", "/revisions", "/conflict"):
        maya.open(f"{HERE}/{theirs}{path}", status=404)
        maya.open(f"/d/other/posts/{theirs}{path}", status=404)
    assert maya.send(f"{HERE}/{theirs}/archive").status_code == 404


def test_the_new_post_page_shows_every_format_with_its_purpose_and_who_clears_it(maya: Browser, world: World):
    page = maya.open(f"{HERE}/new")
    cards = page.xpath("//button[@name='format']")
    assert len(cards) == 22
    flash = next(card for card in cards if card.get("value") == "flash_sale")
    assert words(flash) == "Flash sale Very short, with a hard end. Cleared by Marketing, Legal"


@pytest.mark.parametrize("sent", [{}, {"format": "poem"}, {"format": "how_to", "source": "999"}])
def test_a_post_of_nothing_known_is_refused(maya: Browser, world: World, sent: dict[str, str]):
    assert maya.send(f"{HERE}/new", sent).status_code in (404, 422)


def test_revisions_show_what_differs_word_by_word(maya: Browser, world: World):
    post_id = world.post(text="Sharpening is free today.")
    world.save(post_id, world.jonas, text="Sharpening is cheap today.", evergreen=True)
    page = maya.open(f"{HERE}/{post_id}/revisions")
    assert next(e.text_content() for e in page.xpath("//del")).strip().startswith("removed: free")
    assert "added: cheap" in words(page)
    assert "Evergreen" in words(page)
    assert "Jonas Weil" in words(page)


def test_any_two_revisions_can_be_compared(maya: Browser, world: World):
    post_id = world.post(text="One.")
    for text in ("Two.", "Three."):
        world.save(post_id, world.maya, text=text)
    said = words(maya.open(f"{HERE}/{post_id}/revisions?a=1&b=3"))
    assert "From revision 1 to revision 3" in said
    assert "removed: One" in said
    for odd in ("a=9&b=9", "a=x&b=y", "a=3&b=1"):
        maya.open(f"{HERE}/{post_id}/revisions?{odd}")


def test_an_older_revision_is_brought_back_as_words_to_work_on(maya: Browser, world: World):
    post_id = world.post(text="One.")
    world.save(post_id, world.jonas, text="Two.")
    answer = maya.send(f"{HERE}/{post_id}/revisions/1/return")
    assert answer.location == f"{HERE}/{post_id}/compose"
    assert maya.composer(post_id)["text"].strip() == "One."
    assert world.latest(post_id).content["text"] == "Two."
    assert maya.send(f"{HERE}/{post_id}/revisions/9/return").status_code == 404


def test_a_post_without_a_revision_has_pages_all_the_same(maya: Browser, jonas: Browser, world: World):
    address = maya.send(f"{HERE}/new", {"format": "how_to"}).location
    page = address.removesuffix("/compose")
    assert "No revision yet" in words(maya.open(page))
    assert "No revision yet" in words(jonas.open(f"{page}/revisions"))
    assert maya.send(f"{page}/submission").status_code == 409
