"""Where a notice leads: the page of what it is about. Used by the list of notices and by the mails made from them."""

from content_library.models.notice import Notice

NOTICES = "/notices"


def path_of(notice: Notice, desk_handle: str | None) -> str:
    """The path under the public address. What has no page of its own leads to the list of notices."""
    if notice.subject_type == "review" and notice.kind != "review.asked":
        return f"/reviews/{notice.subject_id}"
    if desk_handle is None:
        return NOTICES
    place = _on_desk(notice)
    return f"/d/{desk_handle}{place}" if place else NOTICES


def _on_desk(notice: Notice) -> str:
    """Where on its desk a notice leads; nothing when there is no such page."""
    about, subject_id = notice.details, notice.subject_id
    post_id = about.get("post_id")
    by_subject = {
        "publication": f"/publications/{subject_id}",
        "account": "/accounts",
        "ladderstanding": f"/ladder/{about.get('account_id')}",
        "comment": f"/posts/{post_id}#comment-{subject_id}" if post_id else "",
        "post": f"/posts/{subject_id}",
    }
    if agreement_id := about.get("agreement_id"):
        return f"/agreements/{agreement_id}"
    return by_subject.get(notice.subject_type) or (f"/posts/{post_id}" if post_id else "")


def act_of(notice: Notice) -> str:
    """What the link’s button says."""
    if notice.kind in ("review.open", "review.answered", "review.reminder"):
        return "Read and decide"
    if notice.kind == "agreement.proposed":
        return "Read and sign"
    if notice.kind == "post.sent_back":
        return "Go on with the post"
    if notice.kind == "ladder.asked":
        return "Read and sign"
    if notice.kind in ("comment.added", "review.asked"):
        return "Read and answer"
    return "Look at it"
