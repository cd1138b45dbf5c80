"""Where somebody goes after signing in: back to the page they wanted, else to where their day begins."""

from flask import current_app, url_for

from app.desks import desks_of
from app.own_pages import safe_path
from content_library.models.user import User
from content_library.permissions import has_queue


def home_of(person: User) -> str:
    """Today for people of a desk, the queue for reviewers, the settings for who only administers."""
    on_a_desk = [m.desk for m in person.desk_memberships]
    if on_a_desk and "home.today" in current_app.view_functions:
        return url_for("home.today", desk=min(on_a_desk, key=lambda d: d.name).handle)
    if has_queue(person) and "reviews.queue" in current_app.view_functions:
        return url_for("reviews.queue")
    if person.is_administrator and desks_of(person) and "home.today" in current_app.view_functions:
        return url_for("home.today", desk=desks_of(person)[0].handle)
    return url_for("admin.overview") if person.is_administrator else url_for("auth.me")


def after_sign_in(person: User, wanted: str) -> str:
    """The page to go to."""
    return (safe_path(wanted) if wanted else None) or home_of(person)
