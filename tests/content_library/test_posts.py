"""Writing posts: working copies, revisions on purpose, two people at once, and putting posts away."""

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import posts
from content_library.database import Database
from content_library.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from content_library.finding import PostFilter, find_posts
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.notice import Notice
from content_library.models.post import PostState, Revision, WorkingCopy
from content_library.models.user import DeskRole, User
from tests.factories import NOW, clear, make_desk, make_post, make_reviewers, make_user, save


class Scene:
    def __init__(self, session: Session) -> None:
        self.desk: Desk = make_desk(session)
        self.maya: User = make_user(session, "Maya Okafor", desk=self.desk)
        self.jonas: User = make_user(session, "Jonas Weil", desk=self.desk)
        self.priya: User = make_user(session, "Priya Raman", desk=self.desk, role=DeskRole.LEAD)
        self.ruth: User = make_user(session, "Ruth Adler", desk=self.desk, role=DeskRole.AUDITOR)


@pytest.fixture
def scene(session: Session) -> Scene:
    return Scene(session)


def typed(session, post, person, text, *, base=None):
    """A person types; returns their working copy."""
    copy = posts.working_copy(session, post, actor=person, now=NOW, base_revision_id=base)
    content = {**copy.content, "text": text}
    return posts.autosave(session, copy, content, actor=person, now=NOW, seen_version=copy.version)


def saved(session, copy, person, *, onto):
    return posts.save_revision(session, copy, actor=person, now=NOW, onto_revision_id=onto)


def test_a_new_post_is_a_draft_with_what_its_format_fills_in(session, scene):
    post = posts.create_post(session, scene.desk, "industry_news", actor=scene.maya, now=NOW)
    copy = posts.find_working_copy(session, post, actor=scene.maya)
    assert (post.state, post.title, post.kind) == (PostState.DRAFT, "New industry news", "edu_taining")
    assert copy.content["review_by"] == "2026-11-10"  # a shelf life of seven days
    assert copy.content["language"] == scene.desk.language
    assert len(copy.content["accounts"]) == 1


def test_an_auditor_cannot_start_a_post(session, scene):
    with pytest.raises(PermissionDenied):
        posts.create_post(session, scene.desk, "how_to", actor=scene.ruth, now=NOW)


def test_an_unknown_format_is_refused_at_its_field(session, scene):
    with pytest.raises(InvalidInput) as refusal:
        posts.create_post(session, scene.desk, "poem", actor=scene.maya, now=NOW)
    assert set(refusal.value.fields) == {"format"}


def test_another_desks_post_is_not_found(session, scene):
    other = make_desk(session, "Other", "other")
    post = make_post(session, scene.desk, scene.maya)
    with pytest.raises(NotFound):
        posts.get_post(session, other.id, post.id)


def test_what_is_typed_before_the_first_revision_can_be_found(session, scene):
    post = posts.create_post(session, scene.desk, "how_to", actor=scene.maya, now=NOW)
    typed(session, post, scene.maya, "Sharpen a bread knife")
    assert post.title == "Sharpen a bread knife"
    assert find_posts(session, scene.desk.id, PostFilter(query="sharp")).posts == [post]


def test_what_is_typed_after_it_stays_out_of_the_library_until_it_is_saved(session, scene):
    post = make_post(session, scene.desk, scene.maya, text="Vinegar and water.")
    copy = typed(session, post, scene.maya, "Lemon juice.")
    assert find_posts(session, scene.desk.id, PostFilter(query="lemon")).total == 0
    saved(session, copy, scene.maya, onto=post.latest_revision_id)
    assert find_posts(session, scene.desk.id, PostFilter(query="lemon")).posts == [post]
    assert find_posts(session, scene.desk.id, PostFilter(query="vinegar")).total == 0


def test_a_window_that_has_not_seen_the_last_save_gets_a_conflict_and_nothing_is_overwritten(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    copy = typed(session, post, scene.maya, "From the first window")
    with pytest.raises(Conflict):
        posts.autosave(
            session, copy, {**copy.content, "text": "From the second"}, actor=scene.maya, now=NOW,
            seen_version=copy.version - 1,
        )  # fmt: skip
    assert copy.content["text"] == "From the first window"


def test_saving_the_same_words_again_is_no_conflict_whatever_the_window_has_seen(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    copy = typed(session, post, scene.maya, "The same words")
    version = copy.version
    posts.autosave(session, copy, copy.content, actor=scene.maya, now=NOW, seen_version=0)
    assert copy.version == version


def test_two_windows_that_begin_at_the_same_moment_make_one_copy_and_no_crash(database: Database):
    with database.write() as session:
        scene = Scene(session)
        post_id, maya_id, desk_id = (
            make_post(session, scene.desk, scene.maya).id,
            scene.maya.id,
            scene.desk.id,
        )

    def second_window() -> int | None:
        try:
            with database.write() as session:
                post, maya = posts.get_post(session, desk_id, post_id), session.get_one(User, maya_id)
                return posts.working_copy(session, post, actor=maya, now=NOW).id
        except Conflict:
            return None

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            post, maya = posts.get_post(session, desk_id, post_id), session.get_one(User, maya_id)
            first = posts.working_copy(session, post, actor=maya, now=NOW).id
            answer = pool.submit(second_window)
            wait([answer], timeout=0.3)  # it waits for this transaction, or for the lock
        # SQLite lets it in afterwards and it finds the copy; PostgreSQL lets it insert, and the index says no
        assert answer.result(timeout=20) in (first, None)
    with database.read() as session:
        assert session.scalars(select(WorkingCopy.id).filter_by(post_id=post_id)).all() == [first]


def test_the_second_of_two_writers_gets_a_conflict_and_both_texts_are_kept(session, scene):
    post = make_post(session, scene.desk, scene.maya, text="The first text.")
    begun_from = post.latest_revision_id
    mine, theirs = typed(session, post, scene.maya, "Maya's."), typed(session, post, scene.jonas, "Jonas's.")
    newer = saved(session, theirs, scene.jonas, onto=begun_from)
    with pytest.raises(Conflict):
        saved(session, mine, scene.maya, onto=begun_from)
    assert posts.find_working_copy(session, post, actor=scene.maya).content["text"] == "Maya's."
    assert (
        session.get_one(Revision, post.latest_revision_id).content["text"]
        == "Jonas's."
        == newer.content["text"]
    )


def test_a_first_word_typed_on_an_old_page_still_knows_which_revision_it_began_from(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    opened = post.latest_revision_id
    save(session, post, scene.jonas, text="Jonas was quicker.")
    copy = typed(session, post, scene.maya, "Maya's.", base=opened)
    assert copy.base_revision_id == opened
    with pytest.raises(Conflict):
        saved(session, copy, scene.maya, onto=copy.base_revision_id)


def test_having_seen_theirs_mine_goes_on_top_and_both_are_authors(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    mine = typed(session, post, scene.maya, "Maya's.")
    theirs = save(session, post, scene.jonas, text="Jonas's.")
    posts.rebase(session, mine, actor=scene.maya, onto_revision_id=theirs.id, now=NOW)
    revision = saved(session, mine, scene.maya, onto=theirs.id)
    assert (revision.number, revision.content["text"]) == (theirs.number + 1, "Maya's.")
    assert {a.id for a in revision.authors} == {scene.maya.id, scene.jonas.id}


def test_a_third_revision_while_comparing_is_another_conflict(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    mine = typed(session, post, scene.maya, "Maya's.")
    seen = save(session, post, scene.jonas, text="Jonas's.")
    save(session, post, scene.priya, text="Priya's.")
    with pytest.raises(Conflict):
        posts.rebase(session, mine, actor=scene.maya, onto_revision_id=seen.id, now=NOW)


def test_who_is_writing_on_it_too_is_known_for_a_while(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    typed(session, post, scene.jonas, "Jonas's.")
    lately = NOW - posts.STILL_WRITING
    assert [c.user for c in posts.other_writers(session, post, actor=scene.maya, since=lately)] == [
        scene.jonas
    ]
    assert posts.other_writers(session, post, actor=scene.jonas, since=lately) == []
    later = NOW + posts.STILL_WRITING + posts.STILL_WRITING
    assert posts.other_writers(session, post, actor=scene.maya, since=later) == []


def test_saving_what_has_not_changed_makes_no_revision(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    before = post.latest_revision_id
    copy = posts.working_copy(session, post, actor=scene.maya, now=NOW)
    assert saved(session, copy, scene.maya, onto=before).id == before
    assert posts.find_working_copy(session, post, actor=scene.maya) is None


def test_an_approved_revision_stays_approved_while_somebody_writes_on(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    clear(session, post, scene.maya, make_reviewers(session))
    save(session, post, scene.maya, text="Something else.")
    assert post.state is PostState.APPROVED


def test_discarding_goes_back_to_the_last_revision(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    posts.discard_working_copy(session, typed(session, post, scene.maya, "No."), actor=scene.maya, now=NOW)
    assert session.scalars(select(WorkingCopy).filter_by(post_id=post.id)).all() == []


def test_the_only_words_of_a_post_cannot_be_discarded(session, scene):
    post = posts.create_post(session, scene.desk, "how_to", actor=scene.maya, now=NOW)
    copy = posts.find_working_copy(session, post, actor=scene.maya)
    with pytest.raises(InvalidInput):
        posts.discard_working_copy(session, copy, actor=scene.maya, now=NOW)


def test_nobody_touches_somebody_elses_working_copy(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    copy = typed(session, post, scene.maya, "Mine.")
    with pytest.raises(PermissionDenied):
        posts.autosave(session, copy, copy.content, actor=scene.jonas, now=NOW, seen_version=copy.version)
    with pytest.raises(PermissionDenied):
        saved(session, copy, scene.jonas, onto=copy.base_revision_id)
    with pytest.raises(PermissionDenied):
        posts.discard_working_copy(session, copy, actor=scene.jonas, now=NOW)


def test_an_older_revision_comes_back_as_words_to_work_on(session, scene):
    post = make_post(session, scene.desk, scene.maya, text="The first text.")
    first = session.get_one(Revision, post.latest_revision_id)
    latest = save(session, post, scene.jonas, text="The second text.")
    copy = posts.bring_back(session, post, first, actor=scene.maya, now=NOW)
    assert (copy.content["text"], copy.base_revision_id) == ("The first text.", latest.id)
    revision = saved(session, copy, scene.maya, onto=latest.id)
    assert (revision.number, revision.content) == (3, first.content)


def test_bringing_back_never_replaces_words_that_are_not_saved(session, scene):
    post = make_post(session, scene.desk, scene.maya, text="The first text.")
    first = session.get_one(Revision, post.latest_revision_id)
    save(session, post, scene.maya, text="The second text.")
    typed(session, post, scene.maya, "A third one, not saved.")
    with pytest.raises(Conflict):
        posts.bring_back(session, post, first, actor=scene.maya, now=NOW)


def test_a_revision_of_another_post_does_not_come_back_here(session, scene):
    post, other = make_post(session, scene.desk, scene.maya), make_post(session, scene.desk, scene.maya)
    with pytest.raises(NotFound):
        posts.bring_back(
            session, post, session.get_one(Revision, other.latest_revision_id), actor=scene.maya, now=NOW
        )


def test_only_its_owner_and_leads_archive_a_post(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    with pytest.raises(PermissionDenied):
        posts.archive(session, post, actor=scene.jonas, now=NOW)
    posts.archive(session, post, actor=scene.priya, now=NOW)
    assert post.state is PostState.ARCHIVED


def test_archiving_withdraws_the_approval_and_restoring_does_not_bring_it_back(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    clear(session, post, scene.maya, make_reviewers(session))
    posts.archive(session, post, actor=scene.maya, now=NOW)
    posts.restore(session, post, actor=scene.maya, now=NOW)
    assert post.state is PostState.DRAFT
    verbs = set(session.scalars(select(AuditEntry.verb)))
    assert {"post.archive", "approval.withdrawn", "post.restore"} <= verbs


def test_no_revision_is_saved_in_the_archive_and_the_words_stay(session, scene):
    post = make_post(session, scene.desk, scene.maya)
    copy = typed(session, post, scene.maya, "Words.")
    posts.archive(session, post, actor=scene.maya, now=NOW)
    with pytest.raises(InvalidInput):
        saved(session, copy, scene.maya, onto=post.latest_revision_id)
    assert posts.find_working_copy(session, post, actor=scene.maya).content["text"] == "Words."


def test_a_post_made_from_another_keeps_its_words_its_lineage_and_its_authors(session, scene):
    parent = make_post(
        session, scene.desk, scene.jonas, text="The words of Jonas.", valid_until="2027-01-01T09:00"
    )
    child = posts.repurpose(session, parent, scene.desk, "faq_link", actor=scene.maya, now=NOW)
    copy = posts.find_working_copy(session, child, actor=scene.maya)
    assert (child.parent_id, copy.content["text"], copy.content["format"]) == (
        parent.id,
        "The words of Jonas.",
        "faq_link",
    )
    assert copy.content["valid_until"] == ""
    revision = saved(session, copy, scene.maya, onto=None)
    assert {a.id for a in revision.authors} == {scene.jonas.id, scene.maya.id}


def test_a_post_made_from_a_question_has_its_poll_only_as_a_question(session, scene):
    poll = {"options": ["Dial", "Buttons"], "minutes": 60}
    parent = make_post(
        session, scene.desk, scene.jonas, format_key="improve", poll=poll, first_comment="Ask us."
    )
    for format_key, kept in (("playful", poll), ("how_to", None)):
        child = posts.repurpose(session, parent, scene.desk, format_key, actor=scene.maya, now=NOW)
        content = posts.find_working_copy(session, child, actor=scene.maya).content
        assert (content.get("poll"), content["first_comment"]) == (kept, "Ask us.")


def test_when_the_parent_changes_the_owner_of_the_child_is_told(session, scene):
    parent = make_post(session, scene.desk, scene.jonas)
    child = posts.repurpose(session, parent, scene.desk, "how_to", actor=scene.maya, now=NOW)
    save(session, parent, scene.jonas, text="Now it is lemon juice.")
    told = session.scalars(select(Notice).filter_by(kind="parent.revised")).all()
    assert [(n.user_id, n.subject_id) for n in told] == [(scene.maya.id, child.id)]


def test_posts_whose_last_moment_has_come_expire(session, scene):
    over = make_post(session, scene.desk, scene.maya, valid_until="2026-11-03T10:00")  # Berlin: 09:00 UTC
    later = make_post(session, scene.desk, scene.maya, valid_until="2026-11-03T10:01")
    assert posts.expire_posts(session, now=NOW) == 1
    assert (over.state, later.state) == (PostState.EXPIRED, PostState.DRAFT)
