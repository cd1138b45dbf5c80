"""Signing in through a real provider on loopback, and everything that must not work."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from app import create_app
from content_library.models.desk import Team
from content_library.models.user import Identity, TeamMembership, User, WebSession
from tests.app.house import House, furnish, settings_for, text_of
from tests.support.processes import free_port
from tests.support.sites import Answer, site

MAYA = {"email": "maya.okafor@brindlemoor.example", "email_verified": True, "name": "Maya Okafor"}
CALLBACK = "/sign-in/openid/callback"


def environment(issuer: str, **more: str) -> dict[str, str]:
    return {
        "DESKCAST_OPENID_ISSUER": issuer,
        "DESKCAST_OPENID_CLIENT_ID": "deskcast",
        "DESKCAST_OPENID_CLIENT_SECRET": "a secret",
        "DESKCAST_OPENID_NAME": "Brindlemoor ID",
        **more,
    }


@pytest.fixture
def house(database, tmp_path, openid_provider) -> House:
    return furnish(database, settings_for(tmp_path, **environment(openid_provider.issuer)))


def again(house, tmp_path, issuer, **more) -> House:
    """The same house with other settings."""
    house.app = create_app(settings_for(tmp_path, **environment(issuer, **more)), house.database)
    return house


def leave_for_the_provider(client) -> str:
    answer = client.get("/sign-in/openid")
    assert answer.status_code == 302
    return answer.headers["Location"]


def consent(address: str, subject: str) -> str:
    """What the provider's page does when somebody agrees: the address it sends them back to."""
    answer = httpx.post(address, data={"sub": subject}, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def refuse(address: str) -> str:
    return httpx.post(address, data={"action": "deny"}, timeout=10).headers["Location"]


def come_back(client, address: str):
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(client, subject):
    return come_back(client, consent(leave_for_the_provider(client), subject))


def count(house, model):
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_the_way_out_carries_state_nonce_and_a_proof_key(house):
    asked = parse_qs(urlsplit(leave_for_the_provider(house.client())).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://localhost" + CALLBACK]
    assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))


def test_a_verified_address_comes_in(house, openid_provider):
    openid_provider.knows("maya-1", **MAYA)
    client = house.client()
    assert sign_in(client, "maya-1").status_code == 303
    assert "Maya Okafor" in text_of(client.get("/me"))
    with house.database.read() as session:
        identity = session.scalars(select(Identity)).one()
        assert (identity.issuer, identity.subject) == (openid_provider.issuer, "maya-1")
        assert session.scalars(select(WebSession.identified_by)).all() == ["openid"]


def test_who_is_known_comes_in_whatever_address_the_provider_has_by_now(house, openid_provider):
    openid_provider.knows("maya-2", **MAYA)
    sign_in(house.client(), "maya-2")
    openid_provider.knows("maya-2", email="other@example.com", email_verified=False)
    client = house.client()
    assert sign_in(client, "maya-2").status_code == 303
    assert "Maya Okafor" in text_of(client.get("/me"))


def test_the_page_that_was_wanted_is_shown(house, openid_provider):
    openid_provider.knows("sam-1", email="sam.ito@brindlemoor.example", email_verified=True)
    client = house.client()
    client.get("/settings/teams")
    assert sign_in(client, "sam-1").headers["Location"] == "/settings/teams"


def test_a_forged_state_is_refused_in_words(house, openid_provider):
    openid_provider.knows("maya-3", **MAYA)
    client = house.client()
    address = consent(leave_for_the_provider(client), "maya-3")
    answer = come_back(client, re.sub(r"state=[^&]+", "state=forged", address))
    assert answer.status_code == 502
    assert "did not answer as it should" in text_of(answer)
    assert count(house, WebSession) == 0


def test_an_answer_for_another_browser_is_refused(house, openid_provider):
    openid_provider.knows("maya-4", **MAYA)
    address = consent(leave_for_the_provider(house.client()), "maya-4")
    assert come_back(house.client(), address).status_code == 502
    assert count(house, WebSession) == 0


def test_an_answer_works_once(house, openid_provider):
    openid_provider.knows("maya-5", **MAYA)
    client = house.client()
    address = consent(leave_for_the_provider(client), "maya-5")
    assert come_back(client, address).status_code == 303
    assert come_back(client, address).status_code == 502


def test_a_code_without_the_right_proof_is_refused(house, openid_provider):
    """The code of one sign-in handed to another, with that one's state."""
    openid_provider.knows("maya-6", **MAYA)
    thief, victim = house.client(), house.client()
    stolen = parse_qs(urlsplit(consent(leave_for_the_provider(victim), "maya-6")).query)["code"][0]
    state = parse_qs(urlsplit(leave_for_the_provider(thief)).query)["state"][0]
    answer = thief.get(CALLBACK, query_string={"code": stolen, "state": state})
    assert answer.status_code == 502
    assert count(house, WebSession) == 0


def test_refused_consent_is_said_kindly(house):
    client = house.client()
    answer = come_back(client, refuse(leave_for_the_provider(client)))
    assert answer.status_code == 403
    assert "You did not agree to sign in with Brindlemoor ID" in text_of(answer)


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?state=x", "?error=server_error", "?error=%3Cscript%3E&state=x"]
)
def test_a_callback_out_of_nowhere_is_a_page_and_not_a_crash(house, query):
    answer = house.client().get(CALLBACK + query)
    assert answer.status_code == 502
    assert "<script>alert" not in text_of(answer)


def test_an_unverified_address_does_not_come_in(house, openid_provider):
    openid_provider.knows("mallory-1", email=MAYA["email"], email_verified=False)
    answer = sign_in(house.client(), "mallory-1")
    assert answer.status_code == 403
    assert "has not verified your e-mail address" in text_of(answer)
    assert count(house, Identity) == count(house, WebSession) == 0


@pytest.mark.parametrize("claim", ["true", 1, None])
def test_verified_is_only_what_the_provider_says_in_so_many_words(house, openid_provider, claim):
    openid_provider.knows("mallory-2", email=MAYA["email"], email_verified=claim)
    assert sign_in(house.client(), "mallory-2").status_code == 403


def test_strangers_do_not_sign_up_by_themselves(house, openid_provider):
    openid_provider.knows("nia-1", email="nia@example.com", email_verified=True, name="Nia Vega")
    answer = sign_in(house.client(), "nia-1")
    assert answer.status_code == 403
    assert "Ask an administrator to invite you" in text_of(answer)
    with house.database.read() as session:
        assert session.scalar(select(User.id).where(User.email == "nia@example.com")) is None


def test_strangers_sign_up_where_it_is_said_and_have_no_place_yet(house, openid_provider, tmp_path):
    again(house, tmp_path, openid_provider.issuer, DESKCAST_OPENID_SIGN_UP="1")
    openid_provider.knows("nia-2", email="nia@example.com", email_verified=True, name="Nia Vega")
    client = house.client()
    assert sign_in(client, "nia-2").headers["Location"] == "/me"
    assert "You have no desk and no team yet" in text_of(client.get("/me"))


def test_groups_of_the_provider_give_a_place(house, openid_provider, tmp_path):
    again(
        house,
        tmp_path,
        openid_provider.issuer,
        DESKCAST_OPENID_GROUPS="lawyers=team:legal,leads=desk:brindlemoor:lead",
    )
    openid_provider.knows("maya-7", **MAYA, groups=["lawyers"])
    before = house.client("maya")
    sign_in(house.client(), "maya-7")
    with house.database.read() as session:
        teams = select(Team.key).join(TeamMembership).where(TeamMembership.user_id == house.people["maya"].id)
        assert session.scalars(teams).all() == ["legal"]
    assert before.get("/me").status_code == 303


@pytest.fixture
def impostor(openid_provider):
    """A site that stands where a provider is expected; `impostor(issuer)` makes it say who it is."""
    with site() as standing:
        known = httpx.get(openid_provider.discovery_url, timeout=10).json()

        def says(issuer: str) -> str:
            document = json.dumps({**known, "issuer": issuer}).encode()
            standing["/.well-known/openid-configuration"] = Answer(document, content_type="application/json")
            return standing.url

        yield says


def test_a_provider_that_calls_itself_something_else_is_refused(house, openid_provider, impostor, tmp_path):
    again(house, tmp_path, impostor(openid_provider.issuer), DESKCAST_FETCH_ALLOW="127.0.0.1:*")
    answer = house.client().get("/sign-in/openid")
    assert answer.status_code == 502
    assert "did not answer as it should" in text_of(answer)


def test_a_token_of_another_issuer_is_refused(house, openid_provider, impostor, tmp_path):
    own = impostor("")
    again(house, tmp_path, impostor(own), DESKCAST_FETCH_ALLOW="127.0.0.1:*")
    openid_provider.knows("maya-8", **MAYA)
    assert sign_in(house.client(), "maya-8").status_code == 502
    assert count(house, Identity) == count(house, WebSession) == 0


def test_addresses_inside_that_the_issuer_names_are_not_visited_unasked(
    house, openid_provider, impostor, tmp_path
):
    own = impostor("")
    again(house, tmp_path, impostor(own))  # the provider's other addresses are on a port nobody allowed
    openid_provider.knows("maya-9", **MAYA)
    assert sign_in(house.client(), "maya-9").status_code == 502


def test_a_provider_that_is_not_there_is_said_kindly(house, tmp_path):
    again(house, tmp_path, f"http://127.0.0.1:{free_port()}")
    answer = house.client().get("/sign-in/openid")
    assert answer.status_code == 502
    assert "Brindlemoor ID did not answer" in text_of(answer)


def test_the_sign_in_page_offers_the_provider_by_name(house):
    assert "Sign in with Brindlemoor ID" in text_of(house.client().get("/sign-in"))


def test_without_a_provider_there_is_no_such_page(house, tmp_path):
    house.app = create_app(settings_for(tmp_path), house.database)
    for path in ("/sign-in/openid", CALLBACK):
        assert house.client().get(path).status_code == 404
