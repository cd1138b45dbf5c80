"""Who decides, as a state machine over real sessions: whatever people do in whatever order, an approval rests on the
full quorum of every team, by different people in the team who did not write it, on exactly the bytes that stand there.

The machine keeps its own account of who edited, who belongs where and what each submission needs, and compares it with
the tables after every step. A refused act must have changed nothing.
"""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import discussion, posts, reviews, submissions, users
from content_library.content import content_hash
from content_library.database import Database
from content_library.errors import Refusal
from content_library.memberships import Place, place_of
from content_library.models.audit import AuditEntry
from content_library.models.desk import Team
from content_library.models.post import Post, PostState, Revision
from content_library.models.review import (
    Approval,
    Decision,
    Review,
    ReviewState,
    Submission,
    SubmissionState,
    Verdict,
)
from content_library.models.user import DeskRole, User
from content_library.review_flow import (
    POST_TRANSITIONS,
    REVIEW_TRANSITIONS,
    SUBMISSION_TRANSITIONS,
    PostAct,
    ReviewAct,
    SubmissionAct,
)
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

TEXTS = ("Vinegar and water.", "Vinegar, and water.", "Citric acid.")
FORMATS: dict[str, list[list[dict[str, Any]]]] = {
    "together": [[{"team": "pr", "why": "Tone."}, {"team": "legal", "why": "Promises."}]],
    "in_order": [[{"team": "marketing", "why": "Voice."}], [{"team": "legal", "why": "Promises."}]],
    "by_two": [[{"team": "legal", "quorum": 2, "why": "Twice."}], [{"team": "pr", "why": "Tone."}]],
}
TABLES: dict[type, tuple[Mapping[Any, Any], type]] = {
    Post: (POST_TRANSITIONS, PostAct),
    Submission: (SUBMISSION_TRANSITIONS, SubmissionAct),
    Review: (REVIEW_TRANSITIONS, ReviewAct),
}
PEOPLE = ("maya", "jonas", "noor", "kim", "elena", "tom", "aisha", "lena", "priya")
TEAMS = ("marketing", "legal", "pr")
people, teams, texts = st.sampled_from(PEOPLE), st.sampled_from(TEAMS), st.sampled_from(TEXTS)
verdicts = st.sampled_from((*[Verdict.APPROVE] * 5, Verdict.REQUEST_CHANGES, Verdict.REFUSE))
picks = st.integers(0, 7)


class ReviewIntegrity(RuleBasedStateMachine):
    """One desk. Some of its agents are reviewers too, some reviewers are in two teams."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.session: Session = self.database.session(writing=True)
        self.now = NOW
        self.scene: Scene = make_scene(self.session)
        for key, steps in FORMATS.items():
            self.scene.format(key, steps)
        named = self.scene.reviewers
        self.people: dict[str, User] = {
            "maya": self.scene.maya,
            "priya": self.scene.priya,
            "jonas": self._person("Jonas Reviewer", ["legal"], DeskRole.AGENT),
            "noor": self._person("Noor Haddad", ["marketing", "pr"], DeskRole.AGENT),
            "kim": self._person("Kim Both", ["legal", "pr"]),
            "lena": self._person("Lena Legal", ["legal"]),
            "elena": named["marketing"],
            "tom": named["legal"],
            "aisha": named["pr"],
        }
        self.sam = make.make_user(self.session, "Sam Ito", is_administrator=True)
        self.teams = {team.key: team for team in self.session.scalars(select(Team))}
        self.editors: dict[int, set[int]] = {}  # revision → everybody who edited it or one before it
        self.frozen: dict[int, tuple[Any, ...]] = {}  # revision → what it said when it was made
        self.needs: dict[int, dict[str, tuple[int, int]]] = {}  # submission → team → (step, quorum)
        self.last_entry = 0
        self.states: dict[tuple[type, int], Any] = {}
        self._account_for_entries(check=False)

    def _person(self, name: str, keys: list[str], role: DeskRole | None = None) -> User:
        desk = self.scene.desk if role else None
        return make.make_user(self.session, name, desk=desk, role=role or DeskRole.AGENT, teams=keys)

    def teardown(self) -> None:
        self.session.rollback()
        self.session.close()

    # ---- what people do --------------------------------------------------------

    @contextmanager
    def acting(self):
        """One act in a savepoint, as a request would be. A refusal changes nothing."""
        self.session.flush()
        before = self._picture()
        try:
            with self.session.begin_nested():
                yield
                self.session.flush()
        except Refusal:
            self.session.expire_all()
            assert self._picture() == before, "a refused act changed something"
        self._account_for_entries(check=True)

    @rule(key=st.sampled_from(sorted(FORMATS)), who=people, text=texts, ends=st.booleans())
    def create(self, key: str, who: str, text: str, ends: bool):
        with self.acting():
            until = {"valid_until": "2026-11-05T12:00"} if ends else {}
            post = make.make_post(
                self.session, self.scene.desk, self.people[who], title="A post", text=text, format_key=key,
                now=self.now, **until,
            )  # fmt: skip
            self._note_revision(post, self.people[who])

    @rule(pick=picks, who=people, text=texts)
    def edit(self, pick: int, who: str, text: str):
        """Often back to words that were approved before: that revives nothing."""
        post = self._post(pick)
        if post is None:
            return
        with self.acting():
            make.save(self.session, post, self.people[who], text=text, now=self.now)
            self._note_revision(post, self.people[who])

    @rule(pick=picks, who=people)
    def submit(self, pick: int, who: str):
        post = self._post(pick)
        if post is None or post.latest_revision_id is None:
            return
        with self.acting():
            submission = make.submit(self.session, post, self.people[who], now=self.now)
            steps = FORMATS[post.format_key]
            self.needs[submission.id] = {
                part["team"]: (number, part.get("quorum", 1))
                for number, step in enumerate(steps, start=1)
                for part in step
            }

    @rule(pick=picks, who=people, verdict=verdicts)
    def decide(self, pick: int, who: str, verdict: Verdict):
        self._decide(self._review(pick), self.people[who], verdict)

    @rule(pick=picks, verdict=verdicts)
    def decide_as_one_who_may(self, pick: int, verdict: Verdict):
        """Most random pairs are refused; this one gets further."""
        review = self._review(pick, ReviewState.OPEN)
        if review is None:
            return
        fit = [p for p in self.people.values() if reviews.obstacle(self.session, review, p) is None]
        if fit:
            self._decide(review, fit[pick % len(fit)], verdict)

    @rule(pick=picks, who=people, other=picks)
    def decide_on_what_is_not_there(self, pick: int, who: str, other: int):
        review, revision = self._review(pick), self._any(Revision, other)
        if review is None or revision is None or revision.id == review.submission.revision_id:
            return
        with self.acting():
            with pytest.raises(Refusal):
                reviews.decide(
                    self.session, review, Verdict.APPROVE, actor=self.people[who], now=self.now,
                    seen_revision_id=revision.id, seen_hash=revision.content_hash,
                )  # fmt: skip
            raise Refusal("as expected")

    def _decide(self, review: Review | None, person: User, verdict: Verdict) -> None:
        if review is None:
            return
        was_allowed = self._may_decide(review, person)
        with self.acting():
            made = self.session.query(Decision).count()
            make.decide(self.session, review, person, verdict, now=self.now)
            if self.session.query(Decision).count() > made:
                assert was_allowed, f"{person.name} decided for {review.team.name}"

    @rule(pick=picks, who=people)
    def comment(self, pick: int, who: str):
        post = self._post(pick)
        if post is None:
            return
        before = self._clearances()
        with self.acting():
            discussion.comment(self.session, post, "Hm.", actor=self.people[who], now=self.now)
        assert self._clearances() == before

    @rule(pick=picks, who=people)
    def ask(self, pick: int, who: str):
        review = self._review(pick, ReviewState.OPEN)
        if review is None:
            return
        before = self._clearances()
        with self.acting():
            discussion.ask(self.session, review, "Sure?", actor=self.people[who], now=self.now)
        assert self._clearances() == before

    @rule(pick=picks, who=people)
    def withdraw_approval(self, pick: int, who: str):
        approval = self._any(Approval, pick)
        if approval is None:
            return
        with self.acting():
            submissions.withdraw_approval(
                self.session, approval, actor=self.people[who], now=self.now, why="It changed."
            )

    @rule(pick=picks, who=people)
    def take_back(self, pick: int, who: str):
        submission = self._any(Submission, pick)
        if submission is None:
            return
        with self.acting():
            submissions.withdraw_submission(self.session, submission, actor=self.people[who], now=self.now)

    @rule(pick=picks, who=people)
    def archive_or_restore(self, pick: int, who: str):
        post = self._post(pick)
        if post is None:
            return
        act = posts.restore if post.state is PostState.ARCHIVED else posts.archive
        with self.acting():
            act(self.session, post, actor=self.people[who], now=self.now)

    @rule(who=people, key=teams)
    def change_teams(self, who: str, key: str):
        person, team = self.people[who], self.teams[key]
        place = place_of(person)
        now_in = set(place.teams) ^ {team.id}
        with self.acting():
            users.set_place(
                self.session,
                person,
                Place(place.administrator, place.desks, now_in),
                actor=self.sam,
                now=self.now,
            )

    @rule(who=people)
    def deactivate_or_bring_back(self, who: str):
        person = self.people[who]
        act = users.deactivate if person.is_active else users.reactivate
        with self.acting():
            act(self.session, person, actor=self.sam, now=self.now)

    @precondition(lambda self: self.now < NOW + timedelta(days=4))
    @rule(hours=st.sampled_from((1, 6, 30)))
    def let_time_pass(self, hours: int):
        self.now += timedelta(hours=hours)
        with self.acting():
            submissions.expire_submissions(self.session, now=self.now)
            posts.expire_posts(self.session, now=self.now)

    # ---- what is always true ---------------------------------------------------

    @invariant()
    def every_approval_in_force_rests_on_all_teams_different_people_and_these_bytes(self):
        for approval in self._all(Approval):
            if approval.withdrawn_at is not None:
                continue
            submission = self.session.get_one(Submission, approval.submission_id)
            made = [d for r in submission.reviews for d in r.decisions]
            assert submission.state is SubmissionState.APPROVED
            assert approval.revision_id == submission.revision_id
            assert all(d.verdict is Verdict.APPROVE for d in made), "a no was overruled"
            assert {(d.revision_id, d.content_hash) for d in made} == {
                (approval.revision_id, approval.content_hash)
            }
            assert len({d.user_id for d in made}) == len(made), "one person counted twice"
            assert not {d.user_id for d in made} & self.editors[approval.revision_id], "an author decided"
            for team, (_step, quorum) in self.needs[submission.id].items():
                standing = {
                    d.user_id
                    for d in made
                    if d.review.team.key == team and d.user.is_active and self._is_in(d.user, team)
                }
                assert len(standing) >= quorum, f"{team} is not there"

    @invariant()
    def later_steps_decide_later(self):
        for submission in self._all(Submission):
            order = [
                (self.needs[submission.id][r.team.key][0], d.id)
                for r in submission.reviews
                for d in r.decisions
            ]
            by_time = [step for step, _ in sorted(order, key=lambda pair: pair[1])]
            assert by_time == sorted(by_time)

    @invariant()
    def a_revision_never_changes_and_its_hash_covers_it(self):
        for revision in self._all(Revision):
            said = self._said(revision)
            assert said == self.frozen[revision.id]
            assert revision.content_hash == content_hash(
                revision.content, [r.sha256 for r in revision.renditions]
            )

    @invariant()
    def no_author_and_no_second_vote_anywhere(self):
        seen = set()
        for decision in self._all(Decision):
            assert decision.user_id not in self.editors[decision.revision_id]
            assert (decision.submission_id, decision.user_id) not in seen
            seen.add((decision.submission_id, decision.user_id))

    @invariant()
    def posts_and_submissions_tell_the_same_story(self):
        for post in self._all(Post):
            under_way = [
                s for s in self._all(Submission) if s.post_id == post.id and s.state is SubmissionState.OPEN
            ]
            in_force = [a for a in self._all(Approval) if a.post_id == post.id and a.withdrawn_at is None]
            assert len(under_way) <= 1
            assert (post.state is PostState.IN_REVIEW) == (len(under_way) == 1)
            if post.state is PostState.APPROVED:
                assert in_force
            if post.state in (PostState.ARCHIVED, PostState.EXPIRED):
                assert not in_force

    @invariant()
    def a_refused_revision_is_not_approved(self):
        refused = {d.revision_id for d in self._all(Decision) if d.verdict is Verdict.REFUSE}
        given_after = {
            a.revision_id
            for a in self._all(Approval)
            for d in self._all(Decision)
            if d.verdict is Verdict.REFUSE
            and d.revision_id == a.revision_id
            and d.submission_id < a.submission_id
        }
        assert not refused & given_after

    # ---- keeping account -------------------------------------------------------

    def _account_for_entries(self, *, check: bool) -> None:
        """Every change of a state has exactly one entry, and every entry its change: the entries, replayed through the
        tables of states, lead from the state before to the state now."""
        self.session.flush()
        query = select(AuditEntry).where(AuditEntry.id > self.last_entry).order_by(AuditEntry.id)
        entries = list(self.session.scalars(query))
        self.last_entry = max((e.id for e in entries), default=self.last_entry)
        for model, (table, acts) in TABLES.items():
            first = {Post: PostState.DRAFT, Submission: SubmissionState.OPEN, Review: ReviewState.WAITING}[
                model
            ]
            for thing in self._all(model):
                state = self.states.get((model, thing.id), first)
                for entry in entries:
                    kind, _, act = entry.verb.partition(".")
                    if kind == model.__name__.lower() and entry.subject_id == thing.id and act in set(acts):
                        state = table[state, acts(act)]
                if check:
                    assert state is thing.state, f"{model.__name__} {thing.id}: the record says {state}"
                self.states[model, thing.id] = thing.state

    def _note_revision(self, post: Post, editor: User) -> None:
        revision = self.session.get_one(Revision, post.latest_revision_id)
        if revision.id in self.editors:
            return  # nothing differed, so none was made
        before = [r.id for r in post.revisions if r.id in self.editors]
        self.editors[revision.id] = {editor.id, *(self.editors[max(before)] if before else ())}
        self.frozen[revision.id] = self._said(revision)

    def _said(self, revision: Revision) -> tuple[Any, ...]:
        return (
            revision.number,
            repr(revision.content),
            revision.content_hash,
            tuple(r.payload for r in revision.renditions),
            tuple(sorted(a.id for a in revision.authors)),
        )

    def _may_decide(self, review: Review, person: User) -> bool:
        return (
            person.is_active
            and self._is_in(person, review.team.key)
            and person.id not in self.editors[review.submission.revision_id]
        )

    def _is_in(self, person: User, team: str) -> bool:
        return any(m.team_id == self.teams[team].id for m in person.team_memberships)

    def _clearances(self) -> list[tuple[int, bool]]:
        return [(a.id, a.withdrawn_at is None) for a in self._all(Approval)]

    def _picture(self) -> list[Any]:
        """Everything a refused act must leave as it is."""
        states = [(m.__name__, t.id, t.state) for m in TABLES for t in self._all(m)]
        counts = [self.session.query(m).count() for m in (Revision, Decision, AuditEntry)]
        places = [(key, p.is_active, sorted(place_of(p).teams)) for key, p in self.people.items()]
        return [*states, *counts, *places, *self._clearances()]

    def _all(self, model: Callable[..., Any]) -> list[Any]:
        return list(self.session.scalars(select(model).order_by(model.id)))  # type: ignore[attr-defined]

    def _any(self, model: Callable[..., Any], pick: int) -> Any:
        """The newest few, so that what happens concerns what is under way."""
        found = self._all(model)[-4:]
        return found[pick % len(found)] if found else None

    def _post(self, pick: int) -> Post | None:
        return self._any(Post, pick)

    def _review(self, pick: int, *states: ReviewState) -> Review | None:
        found = [r for r in self._all(Review) if not states or r.state in states][-4:]
        return found[pick % len(found)] if found else None


@pytest.mark.slow
def test_an_approval_always_rests_on_what_it_says(database: Database):
    machine = type("Machine", (ReviewIntegrity,), {"database": database})
    examples = settings().max_examples
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(10, examples // 2), stateful_step_count=30, deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip
