"""Every address that shows a page: who opens it, and which of the demo's things it is opened for.

An address without an entry fails `test_every_page`: a new page is added here, or said to be none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DESK = "brindlemoor"
NOBODY = ""


@dataclass(frozen=True)
class Visit:
    """`values` name the demo's things, as `DemoDesk.things` knows them; `more` goes behind the question mark."""

    person: str = "maya"
    values: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


PAGES: dict[str, tuple[Visit, ...]] = {
    "home.index": (Visit("nobody"),),
    "home.today": (Visit("priya"), Visit("maya")),
    "home.notices": (Visit("maya"),),
    "library.index": (Visit(), Visit(more={"q": "kettle"}), Visit(more={"q": "nothing like it"})),
    "library.media": (Visit(),),
    "library.picture": (Visit(values={"media_id": "picture"}),),
    "posts.new": (Visit(),),
    "posts.show": tuple(Visit(values={"post_id": name}) for name in ("descale", "flash", "chef", "cleaning")),
    "posts.compose": tuple(Visit(values={"post_id": name}) for name in ("dial", "flash", "labels")),
    "posts.revisions": (Visit(values={"post_id": "lids"}),),
    "posts.conflict": (Visit(values={"post_id": "cleaning"}),),
    "reviews.queue": (Visit("tom"), Visit("aisha")),
    "reviews.chosen": (Visit("tom", more={"review": "open_review"}),),
    "reviews.show": (
        Visit("tom", {"review_id": "open_review"}),
        Visit("elena", {"review_id": "decided_review"}),
    ),
    "decisions.show": (
        Visit(NOBODY, {"secret": "decision_link"}),
        Visit(NOBODY, {"secret": "spent_link"}),
        Visit(NOBODY, {"secret": "old_link"}),
    ),
    "calendar.month": (Visit("priya"),),
    "calendar.week": (Visit("priya"),),
    "calendar.agenda": (Visit("priya"),),
    "calendar.plan": (Visit("priya", {"post_id": "descale"}),),
    "calendar.publication": (
        Visit("priya", {"publication_id": "planned"}),
        Visit("priya", {"publication_id": "held"}),
        Visit("priya", {"publication_id": "out"}),
        Visit("priya", {"publication_id": "asked"}),
    ),
    "calendar.send_again": (Visit("priya", {"publication_id": "asked"}),),
    "calendar.hold_list": (Visit("priya"), Visit("ruth")),
    "calendar.triage": (Visit("priya", {"hold_id": "hold"}),),
    "calendar.series_list": (Visit("priya"),),
    "calendar.new_series": (Visit("priya", {"post_id": "evergreen"}),),
    "calendar.one_series": (Visit("priya", {"series_id": "series"}), Visit("ruth", {"series_id": "series"})),
    "calendar.window_list": (Visit("priya"), Visit("ruth")),
    "calendar.window": (Visit("priya", {"window_id": "window"}),),
    "calendar.sort_list": (Visit("priya"), Visit("ruth")),
    "curation.index": (Visit("jonas"),),
    "curation.feeds_index": (Visit("priya"),),
    "curation.feed": (Visit("priya", {"subscription_id": "subscription"}),),
    "accounts.index": (Visit("priya"),),
    "accounts.choose_network": (Visit("priya"),),
    "accounts.connection": tuple(Visit("priya", {"network": one}) for one in ("bluesky", "mastodon", "x")),
    "accounts.reconnect": (Visit("priya", {"account_id": "bluesky"}),),
    "accounts.show": (Visit("priya", {"account_id": "bluesky"}), Visit("priya", {"account_id": "mastodon"})),
    "status.desk_status": (Visit("priya"),),
    "boundaries.index": (Visit("priya"), Visit("maya")),
    "boundaries.new": (Visit("priya"), Visit("priya", more={"detector": "personal_data"})),
    "boundaries.show": (Visit("sam", {"boundary_id": "boundary"}), Visit("tom", {"boundary_id": "boundary"})),
    "agreements.index": (Visit("priya"), Visit("aisha"), Visit("maya")),
    "agreements.new": (Visit("priya", {"team_id": "team"}),),
    "agreements.show": (
        Visit("elena", {"agreement_id": "agreement"}),
        Visit("aisha", {"agreement_id": "proposed"}),
    ),
    "reviews.afterwards": (Visit("elena"), Visit("tom")),
    "facts.index": (Visit("priya"), Visit("ruth", more={"archived": "1"})),
    "facts.new": (Visit("tom"),),
    "facts.show": (Visit("priya", {"fact_id": "fact"}), Visit("maya", {"fact_id": "fact"})),
    "ladder.index": (Visit("priya"), Visit("maya")),
    "ladder.show": (
        Visit("priya", {"account_id": "bluesky"}),
        Visit("sam", {"account_id": "bluesky"}),
        Visit("priya", {"account_id": "mastodon"}),
    ),
    "ladder.criteria": (Visit("priya"),),
    "reports.index": (Visit("priya"), Visit("tom", more={"period": "90", "team": "legal"})),
    "record.index": (Visit("ruth"),),
    "record.entry": (Visit("ruth", {"entry_id": "entry"}),),
    "record.post": (Visit("ruth", {"post_id": "lids"}), Visit("ruth", {"post_id": "dial"})),
    "record.revision": (Visit("ruth", {"post_id": "lids", "number": "first_number"}),),
    "record.verification": (Visit("ruth"),),
    "record.head_page": (Visit("ruth"),),
    "record.hold_list": (Visit("ruth"), Visit("priya")),
    "admin.keeping": (Visit("sam"),),
    "admin.networks": (Visit("sam"),),
    "admin.overview": (Visit("sam"),),
    "admin.status": (Visit("sam"),),
    "admin.people": (Visit("sam"),),
    "admin.new_person": (Visit("sam"),),
    "admin.new_outsider": (Visit("sam"),),
    "admin.person": (Visit("sam", {"user_id": "person"}), Visit("sam", {"user_id": "outsider"})),
    "admin.desks": (Visit("sam"),),
    "admin.new_desk": (Visit("sam"),),
    "admin.desk": (Visit("sam", {"handle": "handle"}),),
    "admin.shelf": (Visit("sam", {"handle": "handle", "shelf": "shelf"}),),
    "admin.teams": (Visit("sam"),),
    "admin.team": (Visit("sam", {"team_id": "team"}),),
    "admin.formats": (Visit("sam"),),
    "admin.new_format": (Visit("sam"),),
    "admin.format_page": (Visit("sam", {"key": "format"}),),
    "auth.me": (Visit("maya"), Visit("sam")),
    "auth.sign_in": (Visit(NOBODY),),
    "auth.forgotten": (Visit(NOBODY),),
    "auth.set_up": (Visit(NOBODY, {"secret": "set_up_link"}),),
    "auth.invitation": (Visit(NOBODY, {"secret": "invitation_link"}),),
    "auth.new_password": (Visit(NOBODY, {"secret": "password_link"}),),
    "public.page": (Visit(NOBODY, {"handle": "handle"}),),
    "public.post": (Visit(NOBODY, {"handle": "handle", "post_id": "page_post"}),),
}

NO_PAGES = {
    "accounts.client_document": "JSON for Bluesky's servers",
    "accounts.choose": "there only while somebody comes back from a network: tests/app/accounts/test_sign_in.py",
    "accounts.signed_in_there": "leads on, from a network back into Deskcast",
    "auth.open_id_callback": "leads on, from a provider back into Deskcast",
    "auth.open_id_start": "leads on, to a provider",
    "calendar.series_dates": "a part of calendar.one_series",
    "calendar.foresee_stop": "a part of calendar.hold_list",
    "calendar.events": "JSON for the calendar's script",
    "calendar.move_meaning": "a part of calendar.publication",
    "calendar.plan_meaning": "a part of calendar.plan",
    "decisions.picture": "a picture",
    "home.today_publications": "a part of home.today",
    "library.picture_fields": "a part of posts.compose",
    "library.picture_file": "a picture",
    "library.picture_thumb": "a picture",
    "public.atom": "a feed",
    "public.json_feed": "a feed",
    "public.lent": "a picture",
    "public.live": "a word for whoever watches the servers",
    "public.media": "a picture",
    "public.metrics": "figures for whoever watches the servers",
    "public.ready": "a word for whoever watches the servers",
    "record.entries": "a file of what was found",
    "record.head": "a file to keep elsewhere",
    "reports.table_file": "a file for a spreadsheet",
    "static": "style, scripts and icons",
}
