"""What an agreement clears: scope, excluded words, cleanness, the nearest clause, and the drawing of samples."""

import pytest

from content_library.agreement_terms import Clause, Outside, Subject, Terms, coverage, is_sampled
from content_library.boundaries.checking import Finding, Place
from content_library.boundaries.rules import Detector, Rule, Severity

HOW_TO = Clause(1, 1, frozenset({"how_to"}))
KETTLES_ON_ONE = Clause(2, 2, frozenset({"how_to", "faq_link"}), frozenset({5}), frozenset({7}))


def terms(*clauses: Clause, words: tuple[str, ...] = ()) -> Terms:
    return Terms(11, 3, "pr", "PR", clauses or (HOW_TO,), words)


def subject(format_: str = "how_to", **known: object) -> Subject:
    said = {"accounts": frozenset({5}), "topics": frozenset({7}), "texts": {"text": "Rinse twice."}, **known}
    return Subject(format_, **said)  # type: ignore[arg-type]


def finding(severity: Severity = Severity.INFORM, team: str = "legal") -> Finding:
    rule = Rule("free", 1, 1, "“Free”", Detector.WORDS, severity, {}, team_key=team)
    return Finding(rule, (Place("text", 0, 4, "free"),))


def outside(terms_: Terms, subject_: Subject) -> list[Outside]:
    found = coverage(terms_, subject_)
    assert found.cover is None
    return [obstacle.why for obstacle in found.obstacles]


def test_a_clause_clears_its_formats_and_is_named_by_version_and_paragraph():
    cover = coverage(terms(), subject()).cover
    assert cover is not None
    assert cover.label == "PR v3 §1"


def test_another_format_is_outside():
    assert outside(terms(), subject("flash_sale")) == [Outside.FORMAT]


def test_the_first_clause_that_covers_it_counts():
    cover = coverage(terms(HOW_TO, KETTLES_ON_ONE), subject()).cover
    assert cover is not None
    assert cover.clause is HOW_TO


def test_every_account_has_to_be_in_the_clause():
    assert outside(terms(KETTLES_ON_ONE), subject(accounts=frozenset({5, 6}))) == [Outside.ACCOUNTS]


@pytest.mark.parametrize("topics", [frozenset(), frozenset({8}), frozenset({7, 8})])
def test_with_topics_in_the_clause_a_post_is_about_nothing_else(topics: frozenset[int]):
    assert outside(terms(KETTLES_ON_ONE), subject(topics=topics)) == [Outside.TOPICS]


def test_excluded_words_are_found_however_they_are_dressed_up_and_in_every_text():
    agreed = terms(words=("cheap",))
    assert outside(agreed, subject(texts={"text": "Rinse.", "alt_1": "A ch3ap kettle"})) == [Outside.WORDS]
    assert coverage(agreed, subject(texts={"text": "A cheapskate writes."})).cover


@pytest.mark.parametrize("severity", [Severity.WARN, Severity.BLOCK])
def test_what_somebody_was_warned_of_is_not_clean(severity: Severity):
    assert outside(terms(), subject(findings=(finding(severity),))) == [Outside.FINDING]


def test_a_claim_that_asks_for_this_team_is_not_clean_and_for_another_team_is():
    assert outside(terms(), subject(findings=(finding(team="pr"),))) == [Outside.FINDING]
    assert coverage(terms(), subject(findings=(finding(team="legal"),))).cover


def test_a_suspended_clause_clears_nothing():
    suspended = Clause(1, 1, frozenset({"how_to"}), is_suspended=True)
    assert outside(terms(suspended), subject()) == [Outside.SUSPENDED]


def test_the_nearest_clause_says_what_is_in_the_way():
    """§2 has the format and lacks two things; §1 is about another format."""
    other = Clause(1, 1, frozenset({"flash_sale"}))
    found = coverage(
        terms(other, KETTLES_ON_ONE), subject("faq_link", accounts=frozenset({6}), topics=frozenset({9}))
    )
    assert found.nearest == 2
    assert [(o.why, o.what) for o in found.obstacles] == [
        (Outside.ACCOUNTS, ("6",)),
        (Outside.TOPICS, ("9",)),
    ]


def drawn(percent: int, *, seed: str = "s", number: int = 3, clause: int = 2) -> list[int]:
    return [
        i
        for i in range(1_000)
        if is_sampled(f"{i:064x}", seed=seed, number=number, clause=clause, percent=percent)
    ]


def test_a_thousand_posts_at_ten_percent_give_about_a_hundred_and_the_same_again():
    first = drawn(10)
    assert 70 <= len(first) <= 130
    assert drawn(10) == first


def test_none_at_zero_and_all_at_a_hundred():
    assert drawn(0) == []
    assert len(drawn(100)) == 1_000


def test_a_larger_share_draws_the_same_and_more():
    assert set(drawn(10)) < set(drawn(40))


def test_who_does_not_know_the_seed_cannot_tell_what_is_drawn():
    assert drawn(10) != drawn(10, seed="another")
    assert drawn(10) != drawn(10, number=4)
    assert drawn(10) != drawn(10, clause=1)
