"""Where a notice leads: the page of what it is about. Used by the list of notices and by the mails made from them."""

from content_library.models.notice import Notice

NOTICES = "/notices"


def path_of(notice: Notice, desk_handle: str | None) -> str:
    """The path under the public address. What has no page of its own leads to the list of notices."""
    if notice.subject_type == "review" and notice.kind != "review.asked":
        return f"/reviews/{notice.subject_id}"
    if notice.subject_type == "delegation":
        return "/reviews"
    if desk_handle is None:
        return NOTICES
    base = f"/d/{desk_handle}"
    post_id = notice.details.get("post_id")
    if notice.subject_type == "publication":
        return f"{base}/publications/{notice.subject_id}"
    if notice.subject_type == "account":
        return f"{base}/accounts"
    if notice.subject_type == "comment" and post_id:
        return f"{base}/posts/{post_id}#comment-{notice.subject_id}"
    if notice.subject_type == "post":
        return f"{base}/posts/{notice.subject_id}"
    return f"{base}/posts/{post_id}" if post_id else NOTICES


def act_of(notice: Notice) -> str:
    """What the link’s button says."""
    if notice.kind in ("review.open", "review.answered", "review.reminder", "decision.refused"):
        return "Read and decide"
    if notice.kind == "post.sent_back":
        return "Go on with the post"
    if notice.kind in ("comment.added", "review.asked"):
        return "Read and answer"
    return "Look at it"
