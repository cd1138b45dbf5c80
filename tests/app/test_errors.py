"""A page that says no leads back to where the person was, and nowhere else."""

import pytest

from tests.app.house import House, database, house, text_of, token

__all__ = ["database", "house"]


def refused(house: House, came_from: str) -> str:
    """An agent sends a form that is not hers."""
    maya = house.client("maya")
    answer = maya.post(
        "/settings/people",
        data={"csrf_token": token(maya.get("/me"))},
        headers={"Referer": came_from} if came_from else {},
    )
    assert answer.status_code in (403, 409, 422)
    return text_of(answer)


def test_a_refusal_leads_back_to_the_page_whose_form_it_was(house: House) -> None:
    assert 'href="/me?tab=1"' in refused(house, "http://localhost/me?tab=1#here")


@pytest.mark.parametrize(
    "elsewhere", ["", "https://evil.example/me", "http://localhost//evil.example", "http://localhost/nowhere"]
)
def test_what_is_no_page_of_ours_is_not_linked(house: House, elsewhere: str) -> None:
    said = refused(house, elsewhere)
    assert "Back to the page" not in said
    assert "Go on" in said
