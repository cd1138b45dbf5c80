"""What of the things a person was told stands in one mail, and what never waits for one."""

from collections.abc import Iterable, Mapping

from content_library.models.notice import Notice

SERVICE_NOTICE = "service_notice"
"""In a notice's details: it is about an outage or a warning that customers wait for."""

CANNOT_WAIT: Mapping[str, str] = {
    "publication.take_down": "Something stands on a network that should not, and only a person can remove it there.",
    "publication.left_there": "A part of it stands where only the person who saw it knows, and was to be taken down.",
    "desk.clock_jumped": "A clock jumped, and nothing goes out while it is not trusted.",
    "desk.stopped": "Somebody has stopped everything a desk sends. Whoever leads it has to know at once.",
}
"""What is on fire: it goes at once and alone, also in quiet hours. A review and its reminders can wait."""

CANNOT_WAIT_FOR_CUSTOMERS: Mapping[str, str] = {
    "publication.needs_person": "Nobody knows whether a service notice is out, and customers wait for it.",
    "publication.failed": "A service notice is not out and does not go by itself any more.",
    "publication.missed": "A service notice has missed its time.",
    "publication.blocked": "A service notice stands still until somebody acts.",
    "publication.held": "A service notice is kept back until somebody lets it go.",
    "publication.gone": "A service notice no longer stands where customers read it.",
    "publication.expired": "A service notice is over without having gone out.",
}
"""On fire where it is about a service notice; anything else of these kinds waits like the rest."""

_ONE_STATE = {
    "review": ("review.open", "review.reminder", "review.overdue", "review.answered"),
    "post": ("post.", "approval."),
}


def cannot_wait(notice: Notice) -> bool:
    """Whether this goes at once, whatever the person has chosen."""
    for_customers = notice.kind in CANNOT_WAIT_FOR_CUSTOMERS and notice.details.get(SERVICE_NOTICE)
    return notice.kind in CANNOT_WAIT or bool(for_customers)


def newest(notices: Iterable[Notice]) -> list[Notice]:
    """Unread ones only, and of several that tell one thing's state (a review asked for, reminded, late) the last."""
    kept: dict[tuple[str, int, str], Notice] = {}
    for notice in sorted(notices, key=lambda n: n.id):
        if notice.read_at is None:
            kept.pop(_about(notice), None)
            kept[_about(notice)] = notice
    return list(kept.values())


def _about(notice: Notice) -> tuple[str, int, str]:
    tells_state = notice.subject_type == "publication" or notice.kind.startswith(
        _ONE_STATE.get(notice.subject_type, ())
    )
    return notice.subject_type, notice.subject_id, "" if tells_state else f"{notice.kind} {notice.stage}"
