"""Where a notice leads: the page of what it is about. Used by the list of notices and by the mails made from them."""

from app.formatting import gettext as _
from content_library.models.notice import Notice
from content_library.models.review import Review
from content_library.notices import OF_AN_OPEN_REVIEW

NOTICES = "/notices"
OF_A_DESK = {
    "desk.retimed": "/calendar/agenda",
    "desk.clock_jumped": "/holds",
    "desk.kept_back": "/kept-back",
    "desk.overdue": "/status",
}


def path_of(notice: Notice, desk_handle: str | None) -> str:
    """The path under the public address. What has no page of its own leads to the list of notices."""
    if notice.subject_type == "review" and notice.kind != "review.asked":
        return f"/reviews/{notice.subject_id}"
    if notice.subject_type == "delegation":
        return "/reviews"
    if desk_handle is None:
        return NOTICES
    place = _on_desk(notice)
    return f"/d/{desk_handle}{place}" if place else NOTICES


def _on_desk(notice: Notice) -> str:
    """Where on its desk a notice leads; nothing when there is no such page."""
    about, subject_id = notice.details, notice.subject_id
    post_id = about.get("post_id")
    if notice.kind in OF_A_DESK:
        return OF_A_DESK[notice.kind]
    by_subject = {
        "publication": f"/publications/{subject_id}",
        "account": "/accounts",
        "boundary": "/boundaries#overridden",
        "hold": "/holds",
        "desk": "/agreements",
        "ladderstanding": f"/ladder/{about.get('account_id')}",
        "comment": f"/posts/{post_id}#comment-{subject_id}" if post_id else "",
        "post": f"/posts/{subject_id}",
    }
    if notice.kind == "installation.restored":
        return "/calendar"
    if agreement_id := about.get("agreement_id"):
        return f"/agreements/{agreement_id}"
    return by_subject.get(notice.subject_type) or (f"/posts/{post_id}" if post_id else "")


def act_of(notice: Notice) -> str:
    """What the link’s button says."""
    if notice.kind in ("review.open", "review.answered", "review.reminder", "decision.refused"):
        return "Read and decide"
    if notice.kind in ("agreement.proposed", "ladder.asked"):
        return "Read and sign"
    if notice.kind == "post.sent_back":
        return "Go on with the post"
    if notice.kind in ("comment.added", "comment.mentioned", "review.asked"):
        return "Read and answer"
    return "Look at it"


DOING = {
    "decide": _("To decide"),
    "mine": _("Back with you"),
    "going": _("Needs somebody"),
    "know": _("For your information"),
}
"""What is to be done about a notice, the most pressing first: the parts of a mail that tells several things."""

_MINE = (
    "post.sent_back",
    "post.expired",
    "post.taken_back",
    "review.asked",
    "approval.lost",
    "approval.withdrawn",
)


def doing_of(notice: Notice, review: Review | None) -> str:
    """The key of `DOING` this belongs to. That a review is late concerns its team otherwise than its author."""
    if notice.kind in ("agreement.proposed", "ladder.asked"):
        return "decide"
    if review is not None and notice.kind in OF_AN_OPEN_REVIEW:
        of_team = any(m.team_id == review.team_id for m in notice.user.team_memberships)
        return "decide" if of_team else "know"
    if notice.kind in _MINE:
        return "mine"
    return "going" if notice.subject_type in ("publication", "account", "hold") else "know"
