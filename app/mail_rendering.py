"""How notices read as a mail: rendered outside any request, with links to the public address.

One notice is a mail of its own; several are one mail, by desk and by what is to be done.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from app import review_mails
from app.formatting import exact, gettext
from app.notice_links import DOING, act_of, doing_of, path_of
from content_library.models.desk import Desk
from content_library.models.notice import Notice
from content_library.models.review import Review, ReviewState
from content_library.notifications import Words
from content_library.settings import Settings

Render = Callable[[Session, Sequence[Notice]], Words]


def renderer(settings: Settings) -> Render:
    """The function that words the notices of one mail; `content_library.notifications` calls it."""
    environment = Environment(
        loader=PackageLoader("app", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = gettext
    environment.filters["lines"] = _lines

    def render(session: Session, notices: Sequence[Notice]) -> Words:
        items = [_told(session, notice, settings) for notice in notices]
        name, subject = _kind(items[0]) if len(items) == 1 else ("digest", _subject(items))
        account = "" if notices[0].user.is_external else f"{settings.public_url}/me#mails"
        shown = {
            **items[0],
            "item": items[0],
            "subject": subject,
            "desks": _by_desk(items),
            "settings_url": account,
            "notices_url": f"{settings.public_url}/notices" if account else "",
        }
        text = environment.get_template(f"emails/{name}.txt").render(shown)
        html = environment.get_template(f"emails/{name}.html").render(shown)
        return Words(subject, text, html)

    return render


def _lines(text: str) -> Markup:
    """A text in HTML with its lines: some mail programs know no style that keeps them."""
    return escape(text).replace("\n", Markup("<br />\n"))


def _told(session: Session, notice: Notice, settings: Settings) -> dict[str, Any]:
    """What a mail says of one notice; of a review its reader can decide on, what goes out and the way to decide."""
    item = _shown(session, notice, settings.public_url)
    review = review_mails.review_to_decide(session, notice)
    if review is None:
        return {**item, "is_review": False, "until": ""}
    return {**item, "is_review": True, **review_mails.shown(session, notice, review, settings)}


def _kind(item: dict[str, Any]) -> tuple[str, str]:
    """Template and subject of a mail that tells one thing."""
    return ("review" if item["is_review"] else "notice"), item["said"].rstrip(".")


def _subject(items: list[dict[str, Any]]) -> str:
    """`2 to decide, 1 sent back to you, 4 for your information`."""
    counted = ((sum(i["doing"] == doing for i in items), words.lower()) for doing, words in DOING.items())
    return ", ".join(f"{count} {words}" for count, words in counted if count)


def _by_desk(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Desks by name; in each what is to be done, the most pressing first."""
    order = list(DOING)
    rows = sorted(
        items, key=lambda i: (i["desk"], order.index(i["doing"]), i["due_at"] is None, i["due_at"] or i["at"])
    )
    return [
        {
            "name": desk,
            "groups": [
                {"name": DOING[doing], "items": list(some)}
                for doing, some in groupby(of_desk, key=lambda i: str(i["doing"]))
            ],
        }
        for desk, of_desk in groupby(rows, key=lambda i: str(i["desk"]))
    ]


def _shown(session: Session, notice: Notice, public_url: str) -> dict[str, Any]:
    desk = session.get(Desk, notice.desk_id) if notice.desk_id else None
    review = session.get(Review, notice.subject_id) if notice.subject_type == "review" else None
    due_at = review.due_at if review is not None and review.state is ReviewState.OPEN else None
    details = notice.details
    return {
        "name": notice.user.name,
        "said": notice.text,
        "desk": desk.name if desk else "",
        "who": details.get("from") or "",
        "quote": details.get("quote") or "",
        "about": details.get("about") or "",
        "instead": details.get("instead") or "",
        "excerpt": details.get("excerpt") or "",
        "wanted": review_mails.wanted(details, notice.user.zone),
        "due": exact(due_at, notice.user.zone) if due_at else "",
        "due_at": due_at,
        "at": notice.created_at,
        "doing": doing_of(notice, review),
        "act": act_of(notice),
        "url": "" if notice.user.is_external else public_url + path_of(notice, desk.handle if desk else None),
    }
