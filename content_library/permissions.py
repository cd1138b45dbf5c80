"""Who may do what: one predicate a permission, asked by the verbs and by the templates alike.

A predicate reads only what is loaded with the person, and for whom they stand in at this moment
(`standing_in.resolve`). `require` turns a no into a sentence.
"""

from content_library.errors import PermissionDenied
from content_library.models.desk import Desk
from content_library.models.fact import Fact
from content_library.models.post import Post, Revision
from content_library.models.review import Decision, Review, Submission
from content_library.models.user import DeskRole, StandIn, User


def require(allowed: bool, sentence: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise PermissionDenied with the sentence unless allowed."""
    if not allowed:
        raise PermissionDenied(sentence)


def can_sign_in(person: User) -> bool:
    """People outside never can: they decide by the links of their mails, and see nothing else."""
    return person.is_active and not person.is_external


def role_on(person: User, desk_id: int) -> DeskRole | None:
    """The person's role on a desk, if they belong to it and are active."""
    if not person.is_active:
        return None
    return next((m.role for m in person.desk_memberships if m.desk_id == desk_id), None)


def own_team_ids_for(person: User, desk_id: int) -> set[int]:
    """The teams of this person that clear for this desk, without what others have handed to them."""
    if not person.is_active:
        return set()
    return {m.team_id for m in person.team_memberships if any(desk.id == desk_id for desk in m.team.desks)}


def team_ids_for(person: User, desk_id: int) -> set[int]:
    """The teams this person may act for on this desk: their own, and those they stand in for somebody in."""
    stood = {s.team.id for s in stand_ins_of(person) if any(desk.id == desk_id for desk in s.team.desks)}
    return own_team_ids_for(person, desk_id) | stood


def stand_ins_of(person: User) -> list[StandIn]:
    """For whom this person stands in, in teams they are not in themselves: there they decide for themselves."""
    own = {m.team_id for m in person.team_memberships}
    return [s for s in person.stand_ins if person.is_active and s.team.id not in own]


def still_counts(decision: Decision, review: Review) -> bool:
    """Whether a decision counts for its team today: who made it is still here, and whose it is still in the team.

    A delegation that has ended since changes nothing.
    """
    mine = own_team_ids_for(decision.counts_for, review.desk_id)
    return decision.user.is_active and review.team_id in mine


def has_queue(person: User) -> bool:
    """Clears for a team, their own or somebody else’s."""
    return person.is_active and bool(person.team_memberships or person.stand_ins)


def visible_desk_ids(person: User) -> set[int]:
    """Desks this person may look at: their own, those their teams clear for; an administrator's are all (None
    of which is listed here, see `can_see_desk`)."""
    if not can_sign_in(person):
        return set()
    served = {desk.id for m in person.team_memberships for desk in m.team.desks}
    served |= {desk.id for s in person.stand_ins for desk in s.team.desks}
    return served | {m.desk_id for m in person.desk_memberships}


def can_see_desk(person: User, desk_id: int) -> bool:
    return person.is_active and (person.is_administrator or desk_id in visible_desk_ids(person))


def can_draft(person: User, desk_id: int) -> bool:
    """Write, edit and submit posts, add media, accept proposals, plan times."""
    return role_on(person, desk_id) in (DeskRole.AGENT, DeskRole.LEAD)


def can_archive(person: User, post: Post) -> bool:
    role = role_on(person, post.desk_id)
    return role is DeskRole.LEAD or (role is DeskRole.AGENT and post.owner_id == person.id)


def can_comment(person: User, post: Post) -> bool:
    return can_draft(person, post.desk_id) or bool(team_ids_for(person, post.desk_id))


def can_review(person: User, desk_id: int) -> bool:
    """Has a queue for this desk."""
    return bool(team_ids_for(person, desk_id))


def is_author(person: User, revision: Revision) -> bool:
    """Everyone who edited this revision or one before it."""
    return any(author.id == person.id for author in revision.authors)


def can_decide(person: User, review: Review, submission: Submission, desk: Desk) -> bool:
    """In the team at this moment, and not an author, unless the desk runs in solo mode."""
    if review.team_id not in team_ids_for(person, desk.id):
        return False
    return desk.solo or not is_author(person, submission.revision)


def can_withdraw_approval(person: User, desk_id: int) -> bool:
    return role_on(person, desk_id) is DeskRole.LEAD or bool(team_ids_for(person, desk_id))


def can_sign_for_desk(person: User, desk_id: int) -> bool:
    """Agree with a team, for the desk."""
    return role_on(person, desk_id) is DeskRole.LEAD


def can_sign_for_team(person: User, desk_id: int, team_id: int) -> bool:
    """Agree with a desk, for the team; look at what was cleared under it."""
    return team_id in team_ids_for(person, desk_id)


def can_plan(person: User, desk_id: int) -> bool:
    return can_draft(person, desk_id)


def can_hold(person: User, desk_id: int) -> bool:
    """Stop publications and release them."""
    return role_on(person, desk_id) is DeskRole.LEAD


def can_hold_everything(person: User) -> bool:
    """Stop every desk at once, and start them again."""
    return person.is_active and person.is_administrator


def can_settle(person: User, desk_id: int) -> bool:
    """Answer for a publication that needs a person."""
    return can_draft(person, desk_id)


def can_manage_accounts(person: User, desk_id: int) -> bool:
    return role_on(person, desk_id) is DeskRole.LEAD or (person.is_active and person.is_administrator)


def can_manage_desk(person: User, desk_id: int) -> bool:
    """Topics, products, feeds, opening hours."""
    return role_on(person, desk_id) is DeskRole.LEAD or (person.is_active and person.is_administrator)


def can_add_fact(person: User, desk_id: int) -> bool:
    """Leads, and the teams that clear for the desk: theirs are the values people ask for."""
    return role_on(person, desk_id) is DeskRole.LEAD or can_review(person, desk_id)


def can_change_fact(person: User, fact: Fact) -> bool:
    """Leads, and the people of the team that looks after it, while it serves the desk."""
    if role_on(person, fact.desk_id) is DeskRole.LEAD:
        return True
    return fact.owner_team_id in team_ids_for(person, fact.desk_id)


def can_ask_for_a_stage(person: User, desk_id: int) -> bool:
    """Ask for the next stage of an account's ladder."""
    return role_on(person, desk_id) is DeskRole.LEAD


def can_sign_a_stage(person: User, desk_id: int) -> bool:
    return bool(team_ids_for(person, desk_id)) or (person.is_active and person.is_administrator)


def can_step_down(person: User, desk_id: int) -> bool:
    """Put an account on a lower stage of its ladder."""
    return can_ask_for_a_stage(person, desk_id) or can_sign_a_stage(person, desk_id)


def can_manage_people(person: User) -> bool:
    """People, desks, teams and formats."""
    return person.is_active and person.is_administrator


def can_read_record(person: User, desk_id: int) -> bool:
    role = role_on(person, desk_id)
    return role in (DeskRole.AUDITOR, DeskRole.LEAD) or (person.is_active and person.is_administrator)


def can_hold_legally(person: User, desk_id: int) -> bool:
    """Say what must be kept, and for how long no more: auditors and administrators, never the desk itself."""
    if role_on(person, desk_id) is DeskRole.AUDITOR:
        return True
    return person.is_active and person.is_administrator
