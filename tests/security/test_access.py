"""Every address × every role × own and foreign desk, against one table. A new address has to be entered here."""

from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule

from tests.security.doors import ROLES, House, open_house

NOBODYS = {"network", "state"}
"""Parts of addresses that name nothing of a desk: a network's key, and a sign-in that only its own person can use."""
EVERYBODY = frozenset(ROLES)
SIGNED_IN = EVERYBODY - {"nobody"}
READERS = frozenset({"agent", "lead", "auditor", "legal", "administrator"})
WRITERS = frozenset({"agent", "lead"})
TALKERS = WRITERS | {"legal"}
LEAD = frozenset({"lead"})
STEWARDS = frozenset({"lead", "administrator"})
GATHERERS = WRITERS | {"administrator"}
AUDITORS = frozenset({"lead", "auditor", "administrator"})
LEGAL = frozenset({"legal"})
ADMINISTRATOR = frozenset({"administrator"})

TABLE: dict[str, frozenset[str]] = {
    **dict.fromkeys(("accounts.client_document", "public.atom", "public.json_feed",
                     "public.lent", "public.live", "public.media",
                     "public.metrics", "public.page", "public.post", "public.ready", "static"), EVERYBODY),
    **dict.fromkeys(("auth.sign_in", "auth.enter", "auth.look_as", "auth.sign_out", "auth.forgotten",
                     "auth.ask_for_password", "auth.invitation", "auth.join", "auth.new_password", "auth.reset",
                     "auth.set_up", "auth.first_person", "auth.open_id_start", "auth.open_id_callback",
                     "decisions.ask", "decisions.ask_for_another", "decisions.decide", "decisions.picture",
                     "decisions.show"), EVERYBODY),
    **dict.fromkeys(("auth.me", "auth.details", "auth.mails", "auth.password", "auth.end_sessions", "home.index",
                     "home.notices", "home.read_notice", "home.read_notices", "reviews.queue",
                     "accounts.signed_in_there",
                     "reviews.afterwards", "reviews.undo", "reviews.chosen", "auth.delegate",
                     "auth.end_delegation"), SIGNED_IN),
    **dict.fromkeys(("home.today", "home.today_publications", "library.index", "library.media", "library.picture",
                     "library.picture_fields", "library.picture_file", "library.picture_thumb", "posts.show",
                     "posts.revisions", "calendar.agenda", "calendar.events", "calendar.hold_list", "calendar.month",
                     "calendar.move_meaning", "calendar.publication", "calendar.triage", "calendar.week",
                     "calendar.foresee_stop", "calendar.sort_list", "calendar.window_list", "calendar.window",
                     "calendar.series_list", "calendar.one_series",
                     "boundaries.index", "boundaries.show", "agreements.index", "agreements.show", "facts.index",
                     "facts.show", "ladder.index", "ladder.show", "reports.index", "reports.table_file"), READERS),
    **dict.fromkeys(("posts.new", "posts.create", "posts.compose", "posts.keep", "posts.preview", "posts.save_revision",
                     "posts.send", "posts.submit", "posts.take_back", "posts.discard", "posts.bring_back",
                     "posts.apply_suggestion", "posts.take_back_suggestion", "posts.decline_suggestion",
                     "posts.conflict", "posts.settle", "library.upload", "library.describe_picture",
                     "library.archive_many", "calendar.plan", "calendar.plan_meaning", "calendar.plan_post",
                     "calendar.new_series", "calendar.start_series", "calendar.change_series", "calendar.series_dates",
                     "calendar.pause_series", "calendar.resume_series", "calendar.end_series",
                     "calendar.move", "calendar.cancel", "calendar.settle", "calendar.send_again",
                     "calendar.take_down", "curation.index",
                     "curation.accept", "curation.dismiss", "curation.dismiss_many", "curation.bring_back",
                     "curation.snooze"), WRITERS),
    **dict.fromkeys(("posts.renew", "facts.renew_all", "facts.correct"), WRITERS),
    **dict.fromkeys(("posts.archive", "posts.restore", "calendar.hold", "calendar.lift", "calendar.release",
                     "calendar.stop", "calendar.sort_out", "calendar.sort_undo", "calendar.add_window",
                     "calendar.change_window",
                     "calendar.end_window", "calendar.set_quiet_hours"), LEAD),
    **dict.fromkeys(("posts.comment", "reviews.comment"), TALKERS),
    "posts.withdraw_approval": LEAD | LEGAL,
    **dict.fromkeys(("agreements.new", "agreements.draft", "agreements.propose", "agreements.end",
                     "agreements.suspend"), LEAD | LEGAL),
    "agreements.take_back": LEAD,  # a lead proposed it there
    **dict.fromkeys(("agreements.decline", "agreements.sign", "reviews.find"), LEGAL),
    **dict.fromkeys(("facts.new", "facts.add", "facts.change", "facts.preview", "facts.archive", "facts.restore"),
                    LEAD | LEGAL),
    "facts.describe": STEWARDS | LEGAL,
    "ladder.ask": LEAD,
    "ladder.sign": LEGAL | ADMINISTRATOR,
    **dict.fromkeys(("ladder.descend", "ladder.turn_down"), LEAD | LEGAL | ADMINISTRATOR),
    **dict.fromkeys(("reviews.ask", "reviews.decide", "reviews.decide_several"), LEGAL),
    "reviews.show": READERS,
    **dict.fromkeys(("accounts.add_practice", "accounts.check", "accounts.choose", "accounts.choose_network",
                     "accounts.close", "accounts.connect", "accounts.connect_again", "accounts.connection",
                     "accounts.index", "accounts.reconnect", "accounts.set_budget", "accounts.show",
                     "status.desk_status", "accounts.sign_in", "accounts.take_choice",
                     "boundaries.add", "boundaries.change", "boundaries.new", "boundaries.preview",
                     "boundaries.preview_new", "boundaries.switch", "ladder.criteria", "ladder.set_criteria",
                     "ladder.switch"),
                    STEWARDS),
    **dict.fromkeys(("library.add_product", "library.add_topic", "curation.add_feed", "curation.change_feed",
                     "curation.check_feed", "curation.feed", "curation.feeds_index", "curation.pause_feed",
                     "curation.release_flood", "curation.remove_feed", "curation.resume_feed"), GATHERERS),
    **dict.fromkeys(("record.entry", "record.head", "record.index", "record.entries",
                     "record.head_page", "record.hold_list", "record.pack", "record.post",
                     "record.revision", "record.verification", "record.verify"), AUDITORS),
    **dict.fromkeys(("record.lift_hold", "record.place_hold"), AUDITORS - LEAD),
}  # fmt: skip
OF_A_PERSON = {
    "accounts.client_document",
    "auth.end_delegation",
    "home.read_notice",
    "public.media",
    "public.post",
}  # a thing of nobody here: 404 for all
BY_SECRET = {
    "auth.invitation",
    "auth.join",
    "auth.new_password",
    "auth.reset",
    "auth.set_up",
    "auth.first_person",
    "decisions.ask",
    "decisions.ask_for_another",
    "decisions.decide",
    "decisions.picture",
    "decisions.show",
}
SWITCHED_OFF = {"auth.look_as", "auth.open_id_start", "auth.open_id_callback"}  # no demo, no provider here


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    opened = open_house(tmp_path_factory.mktemp("house"))
    yield opened
    opened.database.dispose()


def allowed(endpoint: str) -> frozenset[str]:
    return ADMINISTRATOR if endpoint.startswith("admin.") else TABLE[endpoint]


def test_every_address_is_in_the_table(house: House) -> None:
    known = {r.endpoint for r in house.app.url_map.iter_rules() if not r.endpoint.startswith("admin.")}
    assert known == set(TABLE)


def test_each_role_may_do_what_the_table_says_and_nothing_else(house: House) -> None:
    wrong = []
    for rule in house.app.url_map.iter_rules():
        for role in ROLES:
            status = house.knock(rule, role, house.own).status_code
            if not _as_expected(rule, role, status):
                wrong.append(f"{rule.endpoint} as {role}: {status}")
    assert not wrong, "\n".join(wrong)


def _as_expected(rule: Rule, role: str, status: int) -> bool:
    endpoint = rule.endpoint
    if endpoint in OF_A_PERSON | BY_SECRET | SWITCHED_OFF:
        return status == (303 if role == "nobody" and allowed(endpoint) == SIGNED_IN else 404)
    if role in allowed(endpoint):
        return status in (200, 302, 303, 409, 422)
    if role == "nobody":
        return status == 303
    return status == (404 if role == "outsider" and not endpoint.startswith("admin.") else 403)


def test_people_of_another_desk_find_nothing_at_its_addresses(house: House) -> None:
    wrong = []
    for rule in house.app.url_map.iter_rules():
        if "desk" not in rule.arguments and not rule.endpoint.startswith("reviews."):
            continue
        for role in ("agent", "lead", "auditor", "legal"):
            status = house.knock(rule, role, house.foreign).status_code
            if rule.arguments and status != 404:
                wrong.append(f"{rule.endpoint} as {role}: {status}")
    assert not wrong, "\n".join(wrong)


def test_the_things_of_another_desk_are_not_found_under_ones_own(house: House) -> None:
    """The id of a foreign post, publication, picture … in an address of one's own desk is a 404."""
    wrong = []
    for rule in house.app.url_map.iter_rules():
        if "desk" not in rule.arguments or not rule.arguments - {"desk", *NOBODYS}:
            continue
        for role in ("agent", "lead", "administrator"):
            if role not in allowed(rule.endpoint):
                continue
            status = house.knock(rule, role, house.foreign, desk=house.own.desk).status_code
            if status != 404:
                wrong.append(f"{rule.endpoint} as {role}: {status}")
    assert not wrong, "\n".join(wrong)


def test_looking_changes_nothing(house: House) -> None:
    """A GET by anybody leaves every table as it was, but for when a session was last used."""
    changed = []
    for rule in house.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        house.knock(rule, "lead", house.own)
        with house.database.engine.connect() as connection:
            writes = connection.exec_driver_sql("PRAGMA data_version").scalar()
            count = connection.exec_driver_sql("SELECT count(*), max(id) FROM audit_entries").one()
        house.restore()
        with house.database.engine.connect() as connection:
            before = connection.exec_driver_sql("SELECT count(*), max(id) FROM audit_entries").one()
        if tuple(count) != tuple(before):
            changed.append(f"{rule.endpoint}: {before} → {count} ({writes})")
    assert not changed, "\n".join(changed)
