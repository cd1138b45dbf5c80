"""How a notice reads as a mail: rendered outside any request, with links to the public address."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from app.formatting import exact, gettext
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

    def render(session: Session, notice: Notice) -> Words:
        shown = _shown(session, notice, settings.public_url)
        text = environment.get_template("emails/notice.txt").render(shown)
        html = environment.get_template("emails/notice.html").render(shown)
        return Words(notice.text.rstrip("."), text, html)

    return render


def _shown(session: Session, notice: Notice, public_url: str) -> dict[str, Any]:
    desk = session.get(Desk, notice.desk_id) if notice.desk_id else None
    details = notice.details
    wanted = details.get("wanted_at")
    return {
        "name": notice.user.name,
        "said": notice.text,
        "desk": desk.name if desk else "",
        "who": details.get("from") or "",
        "quote": details.get("quote") or "",
        "about": details.get("about") or "",
        "excerpt": details.get("excerpt") or "",
        "wanted": exact(datetime.fromisoformat(wanted), notice.user.zone) if wanted else "",
        "act": act_of(notice),
        "url": public_url + path_of(notice, desk.handle if desk else None),
        "settings_url": f"{public_url}/me",
    }
