"""Who decides, as a state machine over real sessions: whatever people do in whatever order, an approval rests on the
full quorum of every team, by different people in the team who did not write it, on exactly the bytes that stand there,
and these say what the facts they use say now.

The machine keeps its own account of who edited, who belongs where and what each submission needs, and compares it with
the tables after every step. A refused act must have changed nothing.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, object_session

from content_library import (
    after_reviews,
    agreement_rounds,
    agreements,
    audit,
    decision_links,
    delegations,
    discussion,
    facts,
    mail_decisions,
    memberships,
    posts,
    pressing,
    reviews,
    revising,
    revisions,
    standing_in,
    submissions,
    uncovering,
    users,
)
from content_library.agreement_drafts import ClauseTerms, VersionTerms
from content_library.clearing_route import Route, route
from content_library.content import content_hash
from content_library.database import Database
from content_library.errors import Refusal, TransitionNotAllowed
from content_library.facts import Naming
from content_library.memberships import Place, place_of
from content_library.models.agreement import AgreementVersion
from content_library.models.audit import AuditEntry
from content_library.models.decision_link import DecisionLink
from content_library.models.desk import Team
from content_library.models.post import Post, PostState, Revision
from content_library.models.review import (
    Approval,
    Decision,
    PendingDecision,
    Review,
    ReviewState,
    Submission,
    SubmissionState,
    Verdict,
)
from content_library.models.user import Delegation, DeskRole, User
from content_library.review_flow import (
    POST_TRANSITIONS,
    REVIEW_TRANSITIONS,
    SUBMISSION_TRANSITIONS,
    PostAct,
    ReviewAct,
    SubmissionAct,
)
from content_library.submission_steps import open_step
from content_library.transitions import move_post
from scheduler import reactions
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW
from tests.support.databases import Databases, open_database

WAIT = "Vinegar and water for {{wait}}."
TEXTS = ("Vinegar and water.", "Vinegar, and water.", "Citric acid.", WAIT)
VALUES = ("an hour", "two hours")
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
ALWAYS = -1
PEOPLE = ("maya", "jonas", "noor", "kim", "elena", "tom", "aisha", "lena", "priya")
TEAMS = ("marketing", "legal", "pr")
WRITERS = ("maya", "jonas", "noor", "priya")
people, teams, texts = st.sampled_from(PEOPLE), st.sampled_from(TEAMS), st.sampled_from(TEXTS)
writers = st.sampled_from(WRITERS)
verdicts = st.sampled_from((*[Verdict.APPROVE] * 5, Verdict.REQUEST_CHANGES, Verdict.REFUSE))
picks = st.integers(0, 7)


@dataclass
class Agreed:
    """The machine's own account of an agreement in force."""

    version: AgreementVersion
    formats: set[str]
    words: list[str]
    breaches: int = 0
    is_over: bool = False

    def clears(self, format_key: str, text: str) -> bool:
        excluded = any(word in text.lower() for word in self.words)
        return not self.is_over and self.breaches < 2 and format_key in self.formats and not excluded


class ReviewIntegrity(RuleBasedStateMachine):
    """One desk. Some of its agents are reviewers too, some reviewers are in two teams."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        reactions.listen()  # what falls out of an agreement goes back to review by itself
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
        wait = Naming("Wait", owner_team_id=self.teams["legal"].id)
        self.fact = facts.add_fact(
            self.session, self.scene.desk, wait, VALUES[0], actor=self.scene.priya, now=NOW
        )
        self.says = VALUES[0]
        self.home = {n: [k for k in TEAMS if self._is_in(p, k)] for n, p in self.people.items()}
        self.editors: dict[int, set[int]] = {}  # revision → everybody who edited it or one before it
        self.frozen: dict[int, tuple[Any, ...]] = {}  # revision → what it said when it was made
        self.agreed: dict[str, Agreed] = {}  # team → what holds between it and the desk
        self.handed: dict[
            int, tuple[str, str, str, datetime, datetime]
        ] = {}  # giver, delegate, team, from, until
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
        self._edit(post, self.people[who], text)

    def _edit(self, post: Post, person: User, text: str) -> None:
        with self.acting():
            make.save(self.session, post, person, text=text, now=self.now)
            self._note_revision(post, person)

    @rule(pick=picks, who=people)
    def submit(self, pick: int, who: str, newest: bool = False):
        post = self._newest(Post) if newest else self._post(pick)
        if post is not None:
            self._submit(post, self.people[who])

    def _submit(self, post: Post, person: User) -> None:
        with self.acting():
            make.submit(self.session, post, person, now=self.now)

    @rule(pick=picks, who=people, verdict=verdicts)
    def decide(self, pick: int, who: str, verdict: Verdict):
        self._decide(self._review(pick), self.people[who], verdict)

    @rule(pick=picks, verdict=verdicts)
    def decide_as_one_who_may(self, pick: int, verdict: Verdict):
        """Most random pairs are refused; this one gets further."""
        review = self._review(pick, ReviewState.OPEN)
        if review is None:
            return
        fit = [p for p in self.people.values() if self._obstacle(review, p) is None]
        if fit:
            self._decide(review, fit[pick % len(fit)], verdict)

    @rule(giver=people, to=people, key=teams, days=st.integers(0, 2))
    def delegate(self, giver: str, to: str, key: str, days: int):
        self._delegate(giver, to, key, days)

    def _delegate(self, giver: str, to: str, key: str, days: int) -> None:
        first, last = self.now.date(), self.now.date() + timedelta(days=days)
        absence = delegations.Absence(self.teams[key].id, self.people[to].id, str(first), str(last), "Away.")
        with self.acting():
            made = delegations.delegate(
                self.session, self.people[giver], absence, actor=self.people[giver], now=self.now
            )
            assert self._is_in(self.people[giver], key), "somebody handed on what was not theirs"
            midnight = datetime.combine(first, datetime.min.time(), self.now.tzinfo) - timedelta(
                hours=1
            )  # Berlin
            self.handed[made.id] = (giver, to, key, midnight, midnight + timedelta(days=days + 1))

    @rule(pick=picks, by_an_administrator=st.booleans())
    def end_a_delegation(self, pick: int, by_an_administrator: bool):
        found = self._any(Delegation, pick)
        if found is None:
            return
        with self.acting():
            actor = self.sam if by_an_administrator else found.from_user
            delegations.end(self.session, found, actor=actor, now=self.now)
            giver, to, key, begins, ends = self.handed[found.id]
            self.handed[found.id] = (giver, to, key, begins, min(ends, self.now))

    @rule(pick=picks, giver=people, to=people, ends=st.sampled_from(("no", "before", "after")), then=verdicts)
    def decide_in_anothers_place(self, pick: int, giver: str, to: str, ends: str, then: Verdict):
        """Handed on for a team whose turn it is, decided by whom it was handed to; perhaps ended before or after, and
        the giver and the delegate try once more."""
        review = self._review(pick, ReviewState.OPEN)
        if review is None or review.team.key not in TEAMS:
            return
        self._delegate(giver, to, review.team.key, 0)
        for moment in ("before", "after"):
            if ends == moment and self._newest(Delegation) is not None:
                self.end_a_delegation(len(self._all(Delegation)[-4:]) - 1, by_an_administrator=True)
            self._decide(review, self.people[to], Verdict.APPROVE)
        for name in (giver, to):
            self._decide(review, self.people[name], then)

    @rule(pick=picks, who=people, seconds=st.sampled_from((0, 10)), undone=st.booleans())
    def press(self, pick: int, who: str, seconds: int, undone: bool):
        """The ten seconds: what is pressed counts by the rules of the moment it settles."""
        review, person = self._review(pick, ReviewState.OPEN), self.people[who]
        if review is None:
            return
        made = self.session.query(Decision).count()
        with self.acting():
            pressing.press(
                self.session, review, Verdict.APPROVE, actor=person, now=self.now, wait_s=10,
                seen_revision_id=review.submission.revision_id, seen_hash=review.submission.content_hash,
            )  # fmt: skip
        assert self.session.query(Decision).count() == made
        if undone:
            with self.acting():
                pressing.undo(self.session, [review.id], actor=person, now=self.now)
        self.now += timedelta(seconds=seconds)

    @rule()
    def settle(self):
        for pending_id in pressing.due(self.session, now=self.now):
            pending = self.session.get_one(PendingDecision, pending_id)
            was_allowed = self._may_decide(pending.review, pending.user)
            made = self.session.query(Decision).count()
            with self.acting():
                pressing.settle(self.session, pending_id, now=self.now)
            assert was_allowed or self.session.query(Decision).count() == made
        assert pressing.due(self.session, now=self.now) == []

    @rule(
        key=st.sampled_from(sorted(FORMATS)), who=writers, order=st.permutations(PEOPLE),
        no=st.sampled_from((Verdict.REQUEST_CHANGES, Verdict.REFUSE)),
        no_at=st.one_of(st.none(), st.integers(0, 3)), leaves_at=st.sampled_from((None, 0, 1, 2, ALWAYS)),
        leaves_all=st.booleans(), text=st.sampled_from((TEXTS[0], WAIT)),
    )  # fmt: skip
    def walk(
        self, key: str, who: str, order: list[str], no: Verdict, no_at: int | None, leaves_at: int | None,
        leaves_all: bool, text: str,
    ):  # fmt: skip
        """A post goes through all its steps, decided by whoever the house lets decide, in any order. Somebody may
        say no on the way, somebody may leave their team, or the house, as soon as they have decided. What came back is
        sent once more as it is: what was refused stays refused."""
        self._bring_everybody_back()
        self.create(key, who, text, ends=False)
        self.submit(0, who, newest=True)
        submission, decided = self._newest(Submission), 0
        for name in [*order, *order]:  # twice: a later step opens while an earlier is decided
            for review in self._reviews_of(submission):
                if self._obstacle(review, self.people[name]) is not None:
                    continue
                self._decide(review, self.people[name], no if decided == no_at else Verdict.APPROVE)
                if leaves_at in (decided, ALWAYS):
                    self._leave(name, review.team.key, leaves_all)
                decided += 1
        if no_at is not None:
            self.submit(0, who, newest=True)

    @rule(pick=picks, who=writers)
    def decide_from_an_old_page(self, pick: int, who: str):
        """The page was opened before the text changed, by one who may decide: nothing else stands in the way."""
        before = self._review(pick, ReviewState.OPEN)
        if before is None:
            return
        old, post, team = before.submission.revision, before.submission.post, before.team_id
        said = TEXTS[(TEXTS.index(old.content["text"]) + 1) % len(TEXTS)]
        self._edit(post, self.people[who], said)
        self._submit(post, self.people[who])
        for review in [r for r in self._reviews_of(self._newest(Submission)) if r.team_id == team]:
            if review.submission.revision_id != old.id:
                self._decide_on(review, old)

    @rule(pick=picks, who=people, verdict=verdicts, wait=st.sampled_from((0, 1, 8)))
    def mail_a_link(self, pick: int, who: str, verdict: Verdict, wait: int):
        """Whoever has the link decides once more than they should, and once when it may be too old."""
        review = self._review(pick, ReviewState.OPEN)
        if review is not None:
            link = decision_links.issue(self.session, review, self.people[who], key="k", now=self.now)
            for _ in range(2):
                self._open(link, verdict, self.now + timedelta(days=wait))

    @rule(pick=picks, verdict=verdicts)
    def open_an_old_link(self, pick: int, verdict: Verdict):
        link = self._any(DecisionLink, pick)
        if link is not None:
            self._open(link, verdict, self.now)

    @rule(pick=picks, verdict=verdicts)
    def mail_one_who_may(self, pick: int, verdict: Verdict):
        """The mail arrives; it is opened now, or by another rule when much has happened."""
        review = self._review(pick, ReviewState.OPEN)
        if review is None:
            return
        fit = [p for p in self.people.values() if reviews.obstacle(self.session, review, p) is None]
        for person in fit[:1]:
            link = decision_links.issue(self.session, review, person, key="k", now=self.now)
            if pick % 2:
                self._open(link, verdict, self.now)

    def _open(self, link: DecisionLink, verdict: Verdict, at: datetime) -> None:
        was_allowed = link.used_at is None and self._may_decide(link.review, link.user)
        with self.acting():
            made = self.session.query(Decision).count()
            mail_decisions.decide(self.session, link, verdict, now=at, reason="Because.")
            if self.session.query(Decision).count() > made:
                assert was_allowed, f"{link.user.name} decided by mail"
                assert link.review.submission.revision_id == link.revision_id

    def _decide_on(self, review: Review, revision: Revision) -> None:
        fit = [p for p in self.people.values() if self._obstacle(review, p) is None]
        made = self.session.query(Decision).count()
        for person in fit[:1]:
            with self.acting():
                reviews.decide(
                    self.session, review, Verdict.APPROVE, actor=person, now=self.now,
                    seen_revision_id=revision.id, seen_hash=revision.content_hash,
                )  # fmt: skip
        assert self.session.query(Decision).count() == made, "decided on a text that was not there"

    @rule(pick=picks, whose=picks, leaves=st.booleans())
    def somebody_who_decided_goes(self, pick: int, whose: int, leaves: bool):
        """Out of the team they decided for, or out of the house."""
        made = [d for d in self._all(Decision) if d.verdict is Verdict.APPROVE][-6:]
        if not made:
            return
        decision = made[(pick + whose) % len(made)]
        name = next(key for key, person in self.people.items() if person.id == decision.user_id)
        self._leave(name, decision.review.team.key, leaves)

    def _bring_everybody_back(self) -> None:
        """Into the house and into their teams: where all have left, nothing more can happen."""
        for name, person in self.people.items():
            if not person.is_active:
                self.deactivate_or_bring_back(name)
            for key in TEAMS:
                if self._is_in(person, key) != (key in self.home[name]):
                    self.change_teams(name, key)

    def _leave(self, name: str, team: str, all_of_it: bool) -> None:
        if not all_of_it and self._is_in(self.people[name], team):
            self.change_teams(name, team)
        elif self.people[name].is_active:
            self.deactivate_or_bring_back(name)

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
            assert approval.withdrawn_at is not None, "withdrawn, and still in force"

    @rule(who=people)
    def change_the_fact(self, who: str):
        """By the lead and the people of the team that looks after it, and by nobody else."""
        person, after = self.people[who], VALUES[1 - VALUES.index(self.says)]
        before = self.fact.latest_number
        is_keeper = person.is_active and (who == "priya" or self._is_in(person, "legal"))
        with self.acting():
            facts.change_fact(
                self.session, self.fact, after, why="Tried it.", seen=before, actor=person, now=self.now
            )
            self.says = after
        assert (self.fact.latest_number > before) == is_keeper

    @rule(pick=picks, who=people)
    def renew(self, pick: int, who: str):
        post = self._post(pick)
        if post is None:
            return
        with self.acting():
            revising.renew(self.session, post, actor=self.people[who], now=self.now)
            self._note_revision(post, self.people[who])

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

    @rule(
        key=teams,
        formats=st.sets(st.sampled_from(sorted(FORMATS)), min_size=1),
        strict=st.booleans(),
        days=st.sampled_from((0, 1, 30)),
    )
    def agree(self, key: str, formats: set[str], strict: bool, days: int):
        """The lead proposes, somebody of the team signs: narrower or wider than what was there."""
        signers = [
            p for p in self.people.values() if p.is_active and self._is_in(p, key) and p is not self._lead()
        ]
        if not signers or not self._lead().is_active:
            return
        today = self.now.date()
        last, words = today + timedelta(days=days), ["citric"] if strict else []
        terms = VersionTerms(
            [ClauseTerms(sorted(formats), sample_percent=50)], today, today, last, excluded_words=words,
            why="Otherwise.",
        )  # fmt: skip
        before = self.agreed.get(key)
        with self.acting():
            version = agreements.propose(
                self.session, self.scene.desk, self.teams[key], terms, actor=self._lead(), now=self.now,
                seen=before.version.agreement.latest_number if before else 0,
            )  # fmt: skip
            agreements.sign(self.session, version, actor=signers[0], now=self.now)
            self.agreed[key] = Agreed(version, formats, words)

    @rule(key=teams, who=people)
    def end_agreement(self, key: str, who: str):
        agreed = self.agreed.get(key)
        if agreed is None:
            return
        with self.acting():
            agreements.end(self.session, agreed.version, "Enough.", actor=self.people[who], now=self.now)
            agreed.is_over = True

    @rule(pick=picks, who=people)
    def note_a_breach(self, pick: int, who: str):
        cleared = self._review(pick, ReviewState.CLEARED)
        if cleared is None:
            return
        agreed, clause = self.agreed[cleared.team.key], cleared.clause
        with self.acting():
            after_reviews.note_breach(self.session, cleared, "No.", actor=self.people[who], now=self.now)
            agreed.breaches += clause is not None and clause.version_id == agreed.version.id

    def _lead(self) -> User:
        return self.people["priya"]

    @precondition(lambda self: self.now < NOW + timedelta(days=4))
    @rule(hours=st.sampled_from((1, 6, 30)))
    def let_time_pass(self, hours: int):
        self.now += timedelta(hours=hours)
        with self.acting():
            submissions.expire_submissions(self.session, now=self.now)
            posts.expire_posts(self.session, now=self.now)
            for agreed in self.agreed.values():
                agreed.is_over = agreed.is_over or agreed.version.ends_at <= self.now
            agreement_rounds.tend(self.session, now=self.now)

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
            assert {(d.revision_id, d.content_hash) for d in made} <= {
                (approval.revision_id, approval.content_hash)
            }
            assert len({d.user_id for d in made}) == len(made), "one person counted twice"
            assert len({d.counts_for.id for d in made}) == len(made), "one person was counted twice"
            assert not self._of(made) & self.editors[approval.revision_id], "an author decided"
            for team, (_step, quorum) in self._needs(submission).items():
                cleared = next(r for r in submission.reviews if r.team.key == team).clause_id is not None
                if cleared:
                    text = submission.revision.content["text"]
                    assert self.agreed[team].clears(submission.post.format_key, text), (
                        f"{team} agreed to less"
                    )
                    continue
                standing = {
                    d.counts_for.id
                    for d in made
                    if d.review.team.key == team and self._stands_behind(d, team)
                }
                assert len(standing) >= quorum, f"{team} is not there"

    @invariant()
    def what_is_in_force_or_in_review_says_what_the_fact_says_now(self):
        in_force = [a.revision for a in self._all(Approval) if a.withdrawn_at is None]
        under_way = [s.revision for s in self._all(Submission) if s.state is SubmissionState.OPEN]
        for revision in [*in_force, *under_way]:
            if revision.content["text"] == WAIT:
                for rendition in revision.renditions:
                    assert f"for {self.says}." in rendition.payload, "an old value is approved or in review"

    @invariant()
    def later_steps_decide_later(self):
        for submission in self._all(Submission):
            order = [
                (self._needs(submission)[r.team.key][0], d.id)
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
            assert not self._of([decision]) & self.editors[decision.revision_id]
            for person in self._of([decision]):
                assert (decision.submission_id, person) not in seen
            seen |= {(decision.submission_id, person) for person in self._of([decision])}

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
    def a_refused_revision_is_not_sent_again(self):
        for decision in [d for d in self._all(Decision) if d.verdict is Verdict.REFUSE]:
            again = [
                s.id
                for s in self._all(Submission)
                if s.revision_id == decision.revision_id and s.id > decision.submission_id
            ]
            assert not again, "what was refused is in review again"

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
            json.dumps(revision.content, sort_keys=True),
            revision.content_hash,
            tuple(r.payload for r in revision.renditions),
            tuple(sorted(a.id for a in revision.authors)),
        )

    def _needs(self, submission: Submission) -> dict[str, tuple[int, int]]:
        """Team → step and quorum, as its format asks; also of what went back to review by itself."""
        steps = FORMATS[submission.post.format_key]
        return {
            part["team"]: (number, part.get("quorum", 1))
            for number, step in enumerate(steps, start=1)
            for part in step
        }

    def _may_decide(self, review: Review, person: User) -> bool:
        wrote = self.editors[review.submission.revision_id]
        if not person.is_active or person.id in wrote:
            return False
        return self._is_in(person, review.team.key) or bool(
            {giver.id for giver in self._givers(person, review.team.key)} - wrote
        )

    def _givers(self, person: User, team: str) -> list[User]:
        """Whose place somebody has in a team at this moment, by the machine's own account."""
        names = {p.id: name for name, p in self.people.items()}
        return [
            self.people[giver]
            for giver, to, key, begins, ends in self.handed.values()
            if (to, key) == (names[person.id], team)
            and begins <= self.now < ends
            and self.people[giver].is_active
            and self._is_in(self.people[giver], team)
        ]

    def _obstacle(self, review: Review, person: User) -> Refusal | None:
        standing_in.resolve(self.session, person, now=self.now)
        return reviews.obstacle(self.session, review, person)

    def _of(self, made: list[Decision]) -> set[int]:
        """Everybody a decision is of: who made it, and in whose place."""
        return {d.user_id for d in made} | {d.counts_for.id for d in made}

    def _stands_behind(self, decision: Decision, team: str) -> bool:
        whose = decision.counts_for
        return decision.user.is_active and whose.is_active and self._is_in(whose, team)

    def _is_in(self, person: User, team: str) -> bool:
        return any(m.team_id == self.teams[team].id for m in person.team_memberships)

    def _clearances(self) -> list[tuple[int, bool]]:
        return [(a.id, a.withdrawn_at is None) for a in self._all(Approval)]

    def _picture(self) -> list[Any]:
        """Everything a refused act must leave as it is."""
        states = [(m.__name__, t.id, t.state) for m in TABLES for t in self._all(m)]
        counts = [
            self.session.query(m).count()
            for m in (Revision, Decision, AuditEntry, Delegation, PendingDecision)
        ]
        places = [(key, p.is_active, sorted(place_of(p).teams)) for key, p in self.people.items()]
        return [*states, *counts, *places, self.fact.latest_number, *self._clearances()]

    def _all(self, model: Callable[..., Any]) -> list[Any]:
        return list(self.session.scalars(select(model).order_by(model.id)))  # type: ignore[attr-defined]

    def _any(self, model: Callable[..., Any], pick: int) -> Any:
        """The newest few, so that what happens concerns what is under way."""
        found = self._all(model)[-4:]
        return found[pick % len(found)] if found else None

    def _newest(self, model: Callable[..., Any]) -> Any:
        return (self._all(model) or [None])[-1]

    def _reviews_of(self, submission: Submission | None) -> list[Review]:
        return [r for r in submission.reviews if r.state is ReviewState.OPEN] if submission else []

    def _post(self, pick: int) -> Post | None:
        return self._any(Post, pick)

    def _review(self, pick: int, *states: ReviewState) -> Review | None:
        found = [r for r in self._all(Review) if not states or r.state in states][-4:]
        return found[pick % len(found)] if found else None


def run(database: Database, *, examples: int, **how: Any) -> None:
    machine = type("Machine", (ReviewIntegrity,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True, **how,
        ),
    )  # fmt: skip


@pytest.mark.slow
def test_an_approval_always_rests_on_what_it_says(database: Database):
    run(database, examples=max(10, settings().max_examples // 2))


def nothing(*_: Any, **__: Any) -> int:
    return 0


def all_teams(person: User, desk_id: int) -> set[int]:
    return {team.id for team in object_session(person).scalars(select(Team))}  # type: ignore[union-attr]


def one_is_enough(*arguments: Any, **known: Any) -> list[Route]:
    asked = route(*arguments, **known)
    return [replace(part, review=replace(part.review, quorum=1)) for part in asked]


def all_steps_at_once(session: Session, submission: Submission, *, now: datetime) -> None:
    while any(r.state is ReviewState.WAITING for r in submission.reviews):
        open_step(session, submission, now=now)


def only_obstacles(session: Session, review: Review, *, actor: User, seen: tuple[int, str]) -> None:
    if (refusal := reviews.obstacle(session, review, actor)) is not None:
        raise refusal


def wherever_they_went(decision: Decision, review: Review) -> bool:
    return decision.verdict is Verdict.APPROVE


def as_it_was_first(content: Any, files: Any) -> str:
    return content_hash({**content, "text": ""}, files)


def refused_counts_little(session: Session, post: Post, revision: Revision, *, now: datetime) -> None:
    if submissions.open_submission(session, post) is not None:
        raise TransitionNotAllowed("In review.")


def half_a_withdrawal(session: Session, post: Post, approval: Approval, **known: Any) -> None:
    audit.record(session, "approval.withdrawn", approval, summary="Withdrawn", desk_id=post.desk_id,
                 actor=known["actor"], now=known["now"])  # fmt: skip
    move_post(session, post, PostAct.LOSE_APPROVAL, actor=known["actor"], now=known["now"], summary="Lost")


def without_an_entry(session: Session, review: Review, act: ReviewAct, **_: Any) -> None:
    review.state = REVIEW_TRANSITIONS[review.state, act]


def whenever(_now: datetime) -> Select[Delegation]:
    return select(Delegation)


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "an author decides": (reviews, "is_author", lambda *_: False),
    "anybody decides": (reviews, "team_ids_for", all_teams),
    "one is enough where two are asked for": (submissions, "route", one_is_enough),
    "every step is open at once": (submissions, "open_step", all_steps_at_once),
    "another text than the one in review is approved": (reviews, "_check_decidable", only_obstacles),
    "what is handed on is so for ever": (standing_in, "_in_force", whenever),
    "a no ends nothing": (reviews, "_stop", nothing),
    "who left still counts towards the quorum": (reviews, "_stands", wherever_they_went),
    "who leaves a team is still counted": (memberships, "drop_unsupported", nothing),
    "who leaves the house is still counted": (users, "drop_unsupported", nothing),
    "the hash leaves out the text": (revisions, "content_hash", as_it_was_first),
    "what was refused is sent again": (submissions, "_check_submittable", refused_counts_little),
    "a withdrawn approval stays in force": (submissions, "withdraw", half_a_withdrawal),
    "what an agreement no longer clears stays cleared": (uncovering, "drop_all", nothing),
    "a changed fact ends nothing": (facts, "_withdraw_resting_on", nothing),
    "a state changes without an entry": (reviews, "move_review", without_an_entry),
}


@pytest.mark.proof
@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_notices_when(fault: str, databases: Databases, monkeypatch: pytest.MonkeyPatch):
    """The proof of the proof: with one rule of the house broken, the machine above fails."""
    place, name, broken = FAULTS[fault]
    monkeypatch.setattr(place, name, broken)
    database = open_database(databases.shared_url("sqlite"))
    with ExitStack() as stack, pytest.raises(AssertionError):
        stack.callback(database.dispose)
        run(database, examples=200, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
