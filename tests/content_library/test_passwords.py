"""What passwords are taken."""

import pytest

from content_library.passwords import LONGEST, password_problem


@pytest.mark.parametrize("password", ["", "short", "elevenchars"])
def test_fewer_than_twelve_characters_are_refused(password):
    assert "at least 12 characters" in password_problem(password)


def test_a_very_long_password_is_refused_before_anything_slow_happens():
    assert str(LONGEST) in password_problem("x" * (LONGEST + 1))


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password1234!",
        "qwertyuiop12",
        "123456789012",
        "aaaaaaaaaaaa",
        "iloveyou1234",
        "letmeinletmein",
    ],
)
def test_what_everybody_tries_first_is_refused(password):
    assert "unusual words" in password_problem(password)


def test_the_own_address_is_refused():
    address = "maya.okafor@brindlemoor.example"
    assert (
        password_problem(address.upper(), email=address)
        == "Choose something other than your name or e-mail address."
    )


def test_the_own_name_and_address_do_not_make_a_password():
    assert password_problem("mayaokafor12", email="maya@okafor.example", name="Maya Okafor")


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "tin-roof sparrow Montag", "ein sehr grüner Löffel"]
)
def test_a_few_unusual_words_are_taken(password):
    assert password_problem(password, email="maya@example.com", name="Maya Okafor") is None


def test_sentences_about_passwords_end_properly():
    for password in ("abc", "password1234", "aaaaaaaaaaaa", "x" * 300):
        assert password_problem(password).endswith(".")
