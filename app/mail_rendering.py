"""How a notice reads as a mail: rendered outside any request, with links to the public address."""

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from app import review_mails
from app.formatting import gettext
from app.notice_links import act_of, path_of
from content_library.models.desk import Desk
from content_library.models.notice import Notice
from content_library.notifications import Words
from content_library.settings import Settings


def renderer(settings: Settings) -> Callable[[Session, Notice], Words]:
    """The function that words each notice; `content_library.notifications` calls it."""
    environment = Environment(
        loader=PackageLoader("app", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = gettext
    environment.filters["lines"] = _lines

    def render(session: Session, notice: Notice) -> Words:
        shown = _shown(session, notice, settings.public_url)
        review = review_mails.review_to_decide(session, notice)
        kind = "review" if review is not None else "notice"
        if review is not None:
            shown |= review_mails.shown(session, notice, review, settings)
        text = environment.get_template(f"emails/{kind}.txt").render(shown)
        html = environment.get_template(f"emails/{kind}.html").render(shown)
        return Words(notice.text.rstrip("."), text, html)

    return render


def _lines(text: str) -> Markup:
    """A text in HTML with its lines: some mail programs know no style that keeps them."""
    return escape(text).replace("\n", Markup("<br />\n"))


def _shown(session: Session, notice: Notice, public_url: str) -> dict[str, Any]:
    desk = session.get(Desk, notice.desk_id) if notice.desk_id else None
    details = notice.details
    return {
        "name": notice.user.name,
        "said": notice.text,
        "desk": desk.name if desk else "",
        "who": details.get("from") or "",
        "quote": details.get("quote") or "",
        "about": details.get("about") or "",
        "excerpt": details.get("excerpt") or "",
        "wanted": review_mails.wanted(details, notice.user.zone),
        "act": act_of(notice),
        "url": "" if notice.user.is_external else public_url + path_of(notice, desk.handle if desk else None),
        "settings_url": "" if notice.user.is_external else f"{public_url}/me",
    }
