"""What changed between two revisions, field by field."""

from content_library.content import empty
from content_library.content_changes import Names, changed_fields, changed_pictures

NAMES = Names(
    accounts={1: "Page", 2: "Bluesky"}, topics={5: "Kettles"}, products={}, formats={"how_to": "How-to"}
)


def labels(before, after, fields=()):
    return [row.label for row in changed_fields(empty(**before), empty(**after), names=NAMES, fields=fields)]


def test_only_what_differs_is_named():
    assert labels({"text": "Free"}, {"text": "Cheap"}) == ["Text"]
    assert labels({"text": "Same"}, {"text": "Same"}) == []


def test_ids_are_said_in_words():
    rows = changed_fields(empty(accounts=[1]), empty(accounts=[1, 2], topics=[5]), names=NAMES)
    said = {row.label: "".join(text for op, text in row.changes if op != "delete") for row in rows}
    assert said == {"Accounts": "Page, Bluesky", "Topics": "Kettles"}


def test_a_formats_own_field_has_its_own_label():
    fields = [{"key": "terms", "label": "Terms"}]
    assert labels({"fields": {"terms": "One each"}}, {"fields": {}}, fields) == ["Terms"]


def test_the_text_comes_before_what_is_beside_it():
    assert labels({}, {"evergreen": True, "text": "A", "title": "B", "variants": {"bluesky": {"text": "C"}}}) == [
        "Title", "Text", "Text for Bluesky", "Evergreen",
    ]  # fmt: skip


def picture(number, alt="A kettle"):
    return {"id": number, "sha256": "a", "alt": alt}


def test_pictures_that_came_went_moved_or_are_described_differently_are_named():
    before = empty(media=[picture(1), picture(2), picture(3)])
    after = empty(media=[picture(2), picture(3, "A lid"), picture(4)])
    found = [(p.media_id, p.before, p.after) for p in changed_pictures(before, after)]
    assert found == [(2, 2, 1), (3, 3, 2), (4, None, 3), (1, 1, None)]


def test_pictures_that_stay_are_not_named():
    assert changed_pictures(empty(media=[picture(1)]), empty(media=[picture(1)])) == []


def test_options_a_first_comment_and_what_links_tell_are_named_after_the_text():
    before = {"text": "A", "poll": {"options": ["Dial", "Keys"], "minutes": 60}}
    after = {
        "text": "B",
        "poll": {"options": ["Dial", "Buttons"], "minutes": 1_440},
        "first_comment": "More",
        "utm": {"medium": "social", "campaign": "lids"},
    }
    rows = changed_fields(empty(**before), empty(**after), names=NAMES)
    now = {row.label: "".join(text for op, text in row.changes if op != "delete") for row in rows}
    assert now == {
        "Text": "B",
        "Options of the poll": "Dial\nButtons",
        "The poll is open for": "1 day",
        "First comment": "More",
        "UTM parameters of links": "utm_medium=social, utm_campaign=lids",
    }
    gone = changed_fields(empty(**after), empty(text="B"), names=NAMES)
    assert [row.label for row in gone] == list(now)[1:]
