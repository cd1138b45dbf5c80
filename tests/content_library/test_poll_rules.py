"""What becomes of a poll on each network, and what is wrong with one."""

import pytest

from content_library.content import normalise, rendition
from content_library.models.account import NETWORK_NAMES, Account
from content_library.network_fit import hints, misfits
from content_library.network_limits import LIMITS
from content_library.poll_rules import DURATIONS, MOST, duration, poll_on, question_in, with_lines

POLL = {"options": ["Dial", "Buttons"], "minutes": 1_440}
ASKED = "Dial or buttons?"


def said(**content):
    return normalise({"title": "T", "text": ASKED, "poll": POLL, **content})


def made(network, content):
    return rendition(content, Account(id=7, network=network, handle="h", name="N", desk_id=1))["parts"]


WITH_POLLS = ["mastodon", "x", "linkedin", "threads", "telegram", "discord", "discord_webhook", "webhook"]


@pytest.mark.parametrize("network", WITH_POLLS)
def test_where_there_are_polls_it_is_one_and_the_text_stays_alone(network):
    part = made(network, said())[0]
    assert part["text"] == ASKED
    assert part["poll"]["options"] == ["Dial", "Buttons"]
    assert part["poll"]["minutes"] == 1_440


@pytest.mark.parametrize("network", sorted(NETWORK_NAMES.keys() - set(WITH_POLLS)))
def test_elsewhere_the_options_are_lines_that_readers_can_answer_with_a_letter(network):
    media = [{"id": 1, "sha256": "a", "alt": "A dial"}] if LIMITS[network].needs_image else []
    assert made(network, said(media=media))[0] == {
        "text": "Dial or buttons?\n\nA) Dial\nB) Buttons",
        "media": [{"sha256": "a", "alt": "A dial"}] if media else [],
    }


@pytest.mark.parametrize("network", ["mastodon", "x", "linkedin", "threads", "telegram", "discord"])
def test_with_pictures_the_options_are_lines_where_it_is_one_or_the_other(network):
    part = made(network, said(media=[{"id": 1, "sha256": "a", "alt": "A dial"}]))[0]
    assert "poll" not in part
    assert part["text"] == with_lines(ASKED, POLL["options"])


def test_networks_that_want_words_above_the_options_get_the_last_question_of_the_text():
    text = "New kettle. Who decides? You do!\nDial or buttons? Tell us: https://a.example/?q=1?"
    for network in ("linkedin", "telegram", "discord"):
        assert made(network, said(text=text))[0]["poll"]["question"] == ASKED
    for network in ("x", "mastodon", "threads"):
        assert "question" not in made(network, said(text=text))[0]["poll"]


@pytest.mark.parametrize(
    ("text", "longest", "found"),
    [
        ("Tell us what you want", 140, "Tell us what you want"),
        ("Tell us\nwhat you want", 140, ""),
        ("x" * 141 + "?", 140, ""),
        ("Short? " + "x" * 141 + "?", 140, "Short?"),
        ("See https://a.example/?", 140, ""),
        ("どちら？", 140, "どちら？"),
        ("👍" * 70 + "?", 140, ""),
        ("", 140, ""),
    ],
)
def test_a_question_is_short_and_holds_no_link(text, longest, found):
    assert question_in(text, longest) == found


def test_a_long_text_without_stops_is_read_at_once():
    assert question_in("word " * 20_000 + "?", 140) == ""


def test_in_a_thread_the_poll_stands_with_the_first_part():
    parts = made("mastodon", said(text="Dial or buttons? " * 60, thread=True))
    assert ["poll" in part for part in parts] == [True, *[False] * (len(parts) - 1)]
    assert len(parts) > 1


def test_telegram_takes_a_poll_only_beside_a_short_text():
    long = "Which one is it going to be? " * 40
    assert poll_on("telegram", POLL, long, has_pictures=False) is None
    assert poll_on("telegram", POLL, long[:900], has_pictures=False) is not None


def problems(*networks, **poll):
    content = said(poll={**POLL, **poll})
    return misfits(content, networks, {})


def test_one_option_is_no_poll_and_it_is_said_at_the_second_field():
    assert "at least two" in problems("x", options=["Dial"])["poll_2"]


def test_an_option_that_is_there_twice_is_said_at_the_second_of_them():
    assert list(problems("page", options=["Dial", "Buttons", "DIAL"])) == ["poll_3"]


@pytest.mark.parametrize("network", [n for n in WITH_POLLS if n not in ("webhook",)])
def test_an_option_is_as_long_as_the_network_takes_it_and_no_longer(network):
    most = LIMITS[network].polls.option_length
    assert problems(network, options=["a" * most, "b"]) == {}
    name = NETWORK_NAMES[network]
    assert problems(network, options=["b", "a" * (most + 1)]) == {
        "poll_2": f"{name} takes {most} characters in an option and this has {most + 1}. Shorten it."
    }


def test_of_several_networks_the_strictest_speaks():
    found = problems("linkedin", "mastodon", "x", "telegram", options=["a" * 31, "b"])
    assert found == {"poll_1": "X takes 25 characters in an option and this has 31. Shorten it."}


def test_an_option_may_be_longer_where_it_is_a_line():
    assert problems("bluesky", options=["a" * 200, "b"]) == {}


def test_x_keeps_a_poll_for_a_week_and_says_so_at_the_field():
    assert problems("x", minutes=10_080) == {}
    assert problems("x", minutes=20_160) == {
        "poll_minutes": "X keeps a poll open for 7 days at most. Choose less."
    }
    assert problems("mastodon", "linkedin", "discord", "telegram", "threads", minutes=20_160) == {}


def test_lines_count_as_the_text_they_are():
    content = said(text="Dial or buttons? " + "x" * 270)
    assert list(misfits(content, ["bluesky"], {})) == ["text"]


def test_no_network_takes_fewer_options_than_the_composer_offers_or_keeps_them_shorter_than_it_says():
    for limits in (known.polls for known in LIMITS.values() if known.polls):
        assert limits.options >= MOST
        assert limits.least_minutes <= min(DURATIONS)
        assert limits.most_minutes is None or limits.most_minutes >= 10_080


def test_a_duration_is_said_as_people_say_it():
    assert [duration(n) for n in (60, 1_440, 43_829, 90)] == ["1 hour", "1 day", "30 days", "90 minutes"]


def test_the_composer_says_where_the_options_stand_below_the_text_and_why():
    assert hints(said(), ["page", "bluesky", "x"]) == [
        "Public page, Bluesky: no polls there, so the options stand below the text."
    ]
    found = hints(said(media=[{"id": 1, "sha256": "a", "alt": "A"}]), ["x", "mastodon"])
    assert found == ["X, Mastodon: pictures or a poll, not both, so the options stand below the text."]
    assert "question of up to 140" in hints(said(text="Tell us.\nNow."), ["linkedin"])[0]
    assert hints(said(poll=None), ["page", "threads", "linkedin"]) == []


def test_the_composer_says_how_long_it_is_open_where_that_is_not_ours_to_say():
    assert hints(said(), ["threads", "linkedin"]) == ["Threads itself decides how long a poll is open."]
    found = hints(said(poll={**POLL, "minutes": 60}), ["linkedin"])
    assert found == ["LinkedIn keeps this poll open for 1 day: it knows 1, 3, 7 and 14 days."]
