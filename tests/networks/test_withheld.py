"""Secrets in addresses: they go out, and they come back in nothing."""

import httpx
import pytest

from service_channel.networks.base import Outcome
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.withheld import WITHHELD, Withheld

SECRET = "very-secret-part?of=it"


class Echo(httpx.BaseTransport):
    """Answers with the address it was called at, or fails with it."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails, self.called = fails, ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.called = str(request.url)
        if self.fails:
            raise httpx.ConnectError(f"cannot reach {request.url}", request=request)
        return httpx.Response(404, json={"error": f"nothing at {request.url}"}, headers={"Retry-After": "3"})


def test_the_server_is_called_with_the_secret_and_the_record_is_without() -> None:
    echo = Echo()
    with pytest.raises(Failed) as failed:
        Caller(Withheld(echo, SECRET), 5.0, server="https://a.example").get(f"/hook/{WITHHELD}")
    assert echo.called == f"https://a.example/hook/{SECRET}"
    assert "very-secret" not in repr(failed.value)
    assert failed.value.message == f"nothing at https://a.example/hook/{WITHHELD}"
    assert failed.value.retry_after == 3.0


def test_an_error_of_the_way_is_without_the_secret_and_proves_the_same() -> None:
    with pytest.raises(Failed) as failed:
        Caller(Withheld(Echo(fails=True), SECRET), 5.0, server="https://a.example").get(f"/hook/{WITHHELD}")
    assert failed.value.outcome is Outcome.NOT_SENT
    assert failed.value.message == f"cannot reach https://a.example/hook/{WITHHELD}"


def test_what_is_too_short_to_be_a_secret_garbles_no_answer() -> None:
    with pytest.raises(Failed) as failed:
        Caller(Withheld(Echo(), "a"), 5.0, server="https://a.example").get(f"/{WITHHELD}")
    assert failed.value.message == "nothing at https://a.example/a"


@pytest.mark.parametrize("written", ["very-secret-part%3Fof%3Dit%26so", "very-secret-part?of=it&amp;so"])
def test_a_secret_is_known_again_however_it_is_written(written: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(400, json={"error": f"bad {written}"}))
    with pytest.raises(Failed) as failed:
        Caller(Withheld(transport, f"{SECRET}&so"), 5.0, server="https://a.example").get(f"/{WITHHELD}")
    assert failed.value.message == f"bad {WITHHELD}"
