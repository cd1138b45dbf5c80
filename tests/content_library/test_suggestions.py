"""Proposed words: proposing is not editing, applying is; each is answered once, and nothing else changes."""

import pytest
from sqlalchemy.orm import Session

from content_library import discussion, posts, reviews, suggestions
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.post import Post, WorkingCopy
from content_library.models.review import Verdict
from content_library.models.suggestion import Suggestion, SuggestionState
from content_library.models.user import User
from content_library.permissions import is_author
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

G = SuggestionState
TEXT = "The large lids fit every pot. Order yours now, they go fast."


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def proposed(
    scene: Scene, post: Post, quote: str = "The large lids", words: str = "Our lids", by: User | None = None
) -> Suggestion:
    discussion.comment(
        scene.session, post, "Softer?", actor=by or scene.jonas, now=NOW, revision=post.revisions[-1],
        place={"quote": quote}, replacement=words,
    )  # fmt: skip
    return suggestions.of_post(scene.session, post)[-1]


def copy_of(scene: Scene, post: Post, person: User) -> WorkingCopy:
    return posts.working_copy(scene.session, post, actor=person, now=NOW)


def apply(scene: Scene, suggestion: Suggestion, person: User) -> WorkingCopy:
    copy = copy_of(scene, suggestion.post, person)
    suggestions.apply(scene.session, suggestion, copy, actor=person, now=NOW)
    return copy


def save(scene: Scene, copy: WorkingCopy, person: User):
    onto = copy.post.latest_revision_id
    saved = posts.save_revision(scene.session, copy, actor=person, now=NOW, onto_revision_id=onto)
    scene.session.expire_all()
    return saved


def test_applying_changes_these_words_in_the_working_copy_and_saves_nothing(scene: Scene):
    post = scene.post(text=TEXT)
    suggestion = proposed(scene, post)
    copy = apply(scene, suggestion, scene.maya)
    assert copy.content["text"] == TEXT.replace("The large lids", "Our lids")
    assert {**copy.content, "text": TEXT} == post.revisions[-1].content
    assert len(post.revisions) == 1
    assert (suggestion.state, suggestion.closed_by_id, suggestion.applied_revision_id) == (
        G.APPLIED,
        scene.maya.id,
        None,
    )


def test_several_are_applied_and_saved_together_and_each_says_in_which_revision(scene: Scene):
    post = scene.post(text=TEXT)
    first, second = proposed(scene, post), proposed(scene, post, "they go fast", "there are enough")
    apply(scene, first, scene.maya)
    revision = save(scene, apply(scene, second, scene.maya), scene.maya)
    assert revision.content["text"] == "Our lids fit every pot. Order yours now, there are enough."
    assert {first.applied_revision_id, second.applied_revision_id} == {revision.id}
    assert [n.text for n in scene.told(scene.jonas, "suggestion.applied")] == [
        f"Maya Okafor took your words into “{post.title}”."
    ] * 2


def test_who_applies_becomes_an_author_and_who_proposes_does_not(scene: Scene):
    post = scene.side_by_side(text=TEXT)
    legal = scene.reviewers["legal"]
    suggestion = proposed(scene, post, by=legal)
    revision = save(scene, apply(scene, suggestion, scene.jonas), scene.jonas)
    assert is_author(scene.jonas, revision)
    assert not is_author(legal, revision)
    submission = scene.submit(post)
    assert reviews.obstacle(scene.session, scene.review(submission, "legal"), legal) is None


def test_only_writers_of_the_desk_apply_and_only_into_their_own_working_copy(scene: Scene):
    post = scene.post(text=TEXT)
    suggestion = proposed(scene, post)
    copy = copy_of(scene, post, scene.maya)
    for person in (scene.ruth, scene.reviewers["legal"], scene.jonas):
        with pytest.raises(PermissionDenied):
            suggestions.apply(scene.session, suggestion, copy, actor=person, now=NOW)
    other = copy_of(scene, scene.post(text=TEXT), scene.maya)
    with pytest.raises(NotFound):
        suggestions.apply(scene.session, suggestion, other, actor=scene.maya, now=NOW)


@pytest.mark.parametrize(
    ("text", "sentence"), [("Something else.", "no longer there"), (f"{TEXT} {TEXT}", "stand there twice")]
)
def test_words_that_are_gone_or_there_twice_are_left_as_they_are(scene: Scene, text: str, sentence: str):
    post = scene.post(text=TEXT)
    suggestion, copy = proposed(scene, post), copy_of(scene, post, scene.maya)
    posts.autosave(
        scene.session,
        copy,
        {**copy.content, "text": text},
        actor=scene.maya,
        now=NOW,
        seen_version=copy.version,
    )
    with pytest.raises(InvalidInput, match=sentence):
        suggestions.apply(scene.session, suggestion, copy, actor=scene.maya, now=NOW)
    assert (copy.content["text"], suggestion.state) == (text, G.OPEN)


def test_undoing_puts_the_very_words_back_also_after_others_were_applied(scene: Scene):
    post = scene.post(text=TEXT)
    late = proposed(scene, post, "now, they go", "soon, these go")
    early = proposed(scene, post)
    apply(scene, late, scene.maya)
    copy = apply(scene, early, scene.maya)
    suggestions.take_back(scene.session, late, copy, actor=scene.maya, now=NOW)
    suggestions.take_back(scene.session, early, copy, actor=scene.maya, now=NOW)
    assert copy.content == post.revisions[-1].content
    assert [late.state, early.state, early.closed_by_id] == [G.OPEN, G.OPEN, None]


def test_what_is_saved_is_not_undone_but_edited(scene: Scene):
    post = scene.post(text=TEXT)
    suggestion = proposed(scene, post)
    save(scene, apply(scene, suggestion, scene.maya), scene.maya)
    with pytest.raises(TransitionNotAllowed, match="saved already"):
        suggestions.take_back(
            scene.session, suggestion, copy_of(scene, post, scene.maya), actor=scene.maya, now=NOW
        )


def test_a_working_copy_thrown_away_opens_its_suggestions_again(scene: Scene):
    post = scene.post(text=TEXT)
    suggestion = proposed(scene, post)
    copy = apply(scene, suggestion, scene.maya)
    posts.discard_working_copy(scene.session, copy, actor=scene.maya, now=NOW)
    assert suggestion.state is G.OPEN


def test_words_written_over_before_saving_do_not_count_as_applied(scene: Scene):
    post = scene.post(text=TEXT)
    suggestion = proposed(scene, post)
    copy = apply(scene, suggestion, scene.maya)
    posts.autosave(
        scene.session,
        copy,
        {**copy.content, "text": "All new."},
        actor=scene.maya,
        now=NOW,
        seen_version=copy.version,
    )
    save(scene, copy, scene.maya)
    assert suggestion.state is G.OUTDATED


def test_a_revision_without_the_words_makes_a_suggestion_outdated(scene: Scene):
    post = scene.post(text=TEXT)
    gone, stays = proposed(scene, post), proposed(scene, post, "they go fast", "there are enough")
    make.save(scene.session, post, scene.maya, text=TEXT.replace("The large lids", "Lids"))
    assert [gone.state, stays.state] == [G.OUTDATED, G.OPEN]
    with pytest.raises(TransitionNotAllowed, match="outdated already"):
        apply(scene, gone, scene.maya)


def test_declining_needs_a_word_and_tells_who_proposed(scene: Scene):
    suggestion = proposed(scene, scene.post(text=TEXT))
    with pytest.raises(InvalidInput) as refusal:
        suggestions.decline(scene.session, suggestion, " ", actor=scene.maya, now=NOW)
    assert "why" in refusal.value.fields
    for person in (scene.ruth, scene.reviewers["legal"]):
        with pytest.raises(PermissionDenied):
            suggestions.decline(scene.session, suggestion, "No.", actor=person, now=NOW)
    suggestions.decline(scene.session, suggestion, "It is measured.", actor=scene.maya, now=NOW)
    (told,) = scene.told(scene.jonas, "suggestion.declined")
    assert (suggestion.state, told.details["quote"]) == (G.DECLINED, "It is measured.")


def test_who_proposed_may_take_it_back(scene: Scene):
    legal = scene.reviewers["legal"]
    suggestion = proposed(scene, scene.post(text=TEXT), by=legal)
    suggestions.decline(scene.session, suggestion, "Fine as it is.", actor=legal, now=NOW)
    assert suggestion.state is G.DECLINED


@pytest.mark.parametrize(
    ("quote", "words", "field", "sentence"),
    [
        ("", "Our lids", "quote", "Mark the words"),
        ("e", "a", "quote", "more than once"),
        ("not there", "a", "quote", "not in the text"),
        ("The large lids", "The large lids", "replacement", "the same words"),
        ("The large lids", "x" * 2_001, "replacement", "under 2000"),
    ],
)
def test_a_proposal_that_could_not_be_applied_is_refused_at_its_field(
    scene: Scene, quote: str, words: str, field: str, sentence: str
):
    post = scene.post(text=TEXT)
    with pytest.raises(InvalidInput) as refusal:
        proposed(scene, post, quote, words)
    assert sentence in refusal.value.fields[field]


def test_asking_for_changes_can_propose_words_and_stands_in_the_record(scene: Scene):
    post = scene.side_by_side(text=TEXT)
    submission = scene.submit(post)
    decision = reviews.decide(
        scene.session, scene.review(submission, "legal"), Verdict.REQUEST_CHANGES, actor=scene.reviewers["legal"],
        now=NOW, seen_revision_id=submission.revision_id, seen_hash=submission.content_hash, reason="Not proven.",
        place={"quote": "The large lids"}, replacement="Our lids",
    )  # fmt: skip
    (suggestion,) = suggestions.of_post(scene.session, post)
    assert (suggestion.decision_id, suggestion.state) == (decision.id, G.OPEN)
    copy = apply(scene, suggestion, scene.maya)
    suggestions.take_back(scene.session, suggestion, copy, actor=scene.maya, now=NOW)
    suggestions.decline(scene.session, suggestion, "No.", actor=scene.maya, now=NOW)
    verbs = ("propose", "apply", "take_back", "decline")
    assert [len(scene.recorded(f"suggestion.{verb}")) for verb in verbs] == [1, 1, 1, 1]
    (entry,) = scene.recorded("suggestion.apply")
    assert (entry.actor_id, entry.desk_id) == (scene.maya.id, scene.desk.id)


def test_the_page_says_what_changes_word_by_word(scene: Scene):
    suggestion = proposed(scene, scene.post(text=TEXT), "fit every pot", "fit each pot")
    assert suggestion.changes == [
        ("equal", "fit "),
        ("delete", "every"),
        ("insert", "each"),
        ("equal", " pot"),
    ]
