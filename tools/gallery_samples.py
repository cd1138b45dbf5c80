"""What the gallery shows: an invented desk with a post in every state."""

from typing import Any

from markupsafe import Markup


def frame() -> dict[str, Any]:
    names = [
        ("Today", "sun", "3", True),
        ("Library", "books", "", False),
        ("Curation", "rss", "", False),
        ("Reviews", "checks", "12", True),
        ("Calendar", "calendar", "", True),
        ("Conversations", "messages", "4", False),
        ("Incidents", "alert-triangle", "", False),
        ("Reports", "chart-bar", "", False),
        ("Record", "shield-check", "", False),
        ("Accounts", "at", "", False),
        ("Settings", "settings", "", False),
    ]
    nav = [
        {
            "label": label,
            "icon": icon,
            "endpoint_url": "/",
            "active": label == "Today",
            "badge": badge,
            "phone": phone,
        }
        for label, icon, badge, phone in names
    ]
    desk = {
        "desk_name": "Brindlemoor Home",
        "desks": [
            {"name": "Brindlemoor Home", "url": "/", "active": True},
            {"name": "Kundendienst Küchenmaschinenersatzteilversand", "url": "/", "active": False},
        ],
        "search_url": "/",
        "query": "",
        "new_post_url": "/forms",
        "notifications_url": "/",
        "unread": 2,
        "me_name": "Maya Okafor",
        "me_detail": "Agent",
        "me_url": "/",
        "sign_out_url": "/",
        "stops": [],
        "clocks": [],
    }
    return {"nav": nav, "frame": desk}


def samples() -> dict[str, Any]:
    words = Markup(
        "Chalky water? Descale your Tern kettle in ten minutes: half vinegar, half water, boil, wait, rinse twice. "
        'The whole guide: <a href="#">help.brindlemoor.example/tern</a> <a href="#">#KettleCare</a>'
    )
    return {
        "when": WHEN,
        "words": words,
        "items": ITEMS,
        "ops": OPS,
        "spans": SPANS,
        "marks": MARKS,
        "site": SITE,
        **posts(words),
    }


def posts(words: Markup) -> dict[str, Any]:
    post = {
        "account_name": "Brindlemoor Home",
        "handle": "@brindlemoor.example",
        "text_html": words,
        "title": "Descale your Tern kettle in ten minutes",
        "time": WHEN,
        "counts": {"used": 212, "limit": 300},
    }
    linked = {**post, "link": LINK}
    long = {
        **post,
        "handle": "@brindlemoor@social.example",
        "media": [PICTURE, {**PICTURE, "alt": ""}],
        "poll": [{"label": "Dial", "share": 72}, {"label": "Buttons", "share": 28}],
        "warning": "Contains steam",
        "counts": {"used": 519, "limit": 500},
        "cut": "rinse twice. The whole guide",
    }
    arabic = {
        **post,
        "text_html": Markup("هل الماء عندك كلسي؟ نظّف غلاية <b>Tern</b> في عشر دقائق."),
        "counts": None,
    }
    article = {**post, "counts": None}
    tabs = [("bluesky", "Bluesky", linked), ("mastodon", "Mastodon", long), ("page", "Public page", article)]
    icons = {"bluesky": "brand-bluesky", "mastodon": "brand-mastodon", "page": "world-www"}
    previews = [
        {"key": key, "label": label, "network": key, "icon": icons[key], "post": shown}
        for key, label, shown in tabs
    ]
    return {"post": post, "linked": linked, "arabic": arabic, "previews": previews}


WHEN = {
    "text": "tomorrow 09:30, Berlin",
    "exact": "Tuesday 5 May 2026, 09:30 CEST",
    "iso": "2026-05-05T09:30+02:00",
}
PICTURE = {"url": "/static/src/mark.svg", "alt": "A kettle on a worktop", "width": 1200, "height": 675}
LINK = {
    "url": "#",
    "title": "Descaling: a guide",
    "text": "Ten minutes, once a month.",
    "host": "help.brindlemoor.example",
}
ITEMS = [
    {
        "title": "Out on Bluesky",
        "time": WHEN,
        "icon": "circle-check",
        "tone": "approved",
        "text": "The network answered 200 in 0.4 s.",
    },
    {"title": "Held: link check", "time": WHEN, "icon": "hand-stop", "tone": "held", "who": "Deskcast"},
    {"title": "Approved for Legal", "time": WHEN, "icon": "gavel", "tone": "review", "who": "Tom Hargreave"},
]
OPS = [
    ("equal", "Knives for everyone: "),
    ("delete", "guaranteed lowest"),
    ("insert", "our lowest"),
    ("equal", " price until Sunday."),
]
SPANS = [
    ("Our ", "", ""),
    ("guaranteed lowest", "block", "A guarantee goes to Legal"),
    (" price, ", "", ""),
    ("free", "warn", "Legal, about 4 h"),
    (" delivery for the ", "", ""),
    ("Tern", "inform", "A product name"),
    (" kettle.", "", ""),
]
MARKS = [
    {"minute": 570, "label": "Kettle", "tone": "approved", "url": "#"},
    {"minute": 840, "label": "Perk", "tone": "draft", "url": "#"},
    {"minute": 1020, "label": "Sale", "tone": "held", "url": "#"},
]
SITE = {
    "name": "Brindlemoor Home Help",
    "about": "Good to know about your kitchen.",
    "url": "/public",
    "atom_url": "/feed.atom",
    "json_url": "/feed.json",
}
