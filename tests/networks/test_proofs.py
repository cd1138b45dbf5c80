"""Proofs that go with a token, and the words with which a client says who it is."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from service_channel.networks import proofs

NONCE_WANTED = {"www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "first"}


class Server(httpx.BaseTransport):
    """Answers with what it is given, one after the other, and remembers what came."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers, self.came = list(answers), list[httpx.Request]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.came.append(
            httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        )
        return self.answers.pop(0)


def proof(request: httpx.Request) -> jwt.Token:
    """What a request proves, if it is signed by the key it shows."""
    header = json.loads(_decoded(request.headers["DPoP"].partition(".")[0]))
    assert "d" not in header["jwk"]
    return jwt.decode(request.headers["DPoP"], ECKey.import_key(header["jwk"]), algorithms=["ES256"])


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_proof_is_bound_to_method_address_and_token() -> None:
    server = Server(httpx.Response(200), httpx.Response(200))
    way = proofs.Proving(server, proofs.new_key(), proofs.Nonces(), token="a-token")
    with httpx.Client(transport=way) as client:
        client.post("https://pds.example/xrpc/put?x=1#y")
        client.get("https://pds.example/xrpc/get")
    first, second = (proof(request) for request in server.came)
    assert first.header["typ"] == "dpop+jwt"
    assert (first.claims["htm"], first.claims["htu"]) == ("POST", "https://pds.example/xrpc/put")
    assert first.claims["ath"] == _sha("a-token")
    assert first.claims["jti"] != second.claims["jti"]
    assert server.came[0].headers["Authorization"] == "DPoP a-token"


def test_a_server_that_wants_a_nonce_gets_the_same_request_once_more() -> None:
    server = Server(httpx.Response(401, headers=NONCE_WANTED), httpx.Response(200))
    with httpx.Client(transport=proofs.Proving(server, proofs.new_key(), proofs.Nonces())) as client:
        assert client.post("https://pds.example/x", content=b"body").status_code == 200
    assert [request.content for request in server.came] == [b"body", b"body"]
    assert [proof(request).claims.get("nonce") for request in server.came] == [None, "first"]


def test_it_is_repeated_once_and_never_for_another_refusal() -> None:
    server = Server(httpx.Response(401, headers=NONCE_WANTED), httpx.Response(401, headers=NONCE_WANTED),
                    httpx.Response(401, headers={"dpop-nonce": "second"}), httpx.Response(500))  # fmt: skip
    with httpx.Client(transport=proofs.Proving(server, proofs.new_key(), proofs.Nonces())) as client:
        assert [client.get("https://pds.example/x").status_code for _ in range(3)] == [401, 401, 500]
    assert proof(server.came[-1]).claims["nonce"] == "second"


def test_a_nonce_belongs_to_one_server_and_one_key() -> None:
    nonces = proofs.Nonces()
    nonces.keep("key", "https://a.example", "n")
    assert nonces.of("key", "https://a.example") == "n"
    assert nonces.of("key", "https://b.example") == nonces.of("other", "https://a.example") == ""


def test_a_client_says_who_it_is_to_one_server_and_for_a_minute() -> None:
    private = proofs.new_key()
    said = proofs.assertion(private, "https://desk.example/client.json", "https://bsky.example")
    token = jwt.decode(said, ECKey.import_key(proofs.public_key(private)), algorithms=["ES256"])
    assert token.claims["iss"] == token.claims["sub"] == "https://desk.example/client.json"
    assert token.claims["aud"] == "https://bsky.example"
    assert token.claims["exp"] - token.claims["iat"] == 60
    assert token.header["kid"] == proofs.public_key(private)["kid"]


@pytest.mark.parametrize("verifier", ["a", "b" * 64])
def test_the_challenge_is_the_hash_of_the_verifier(verifier: str) -> None:
    assert proofs.challenge(verifier) == _sha(verifier)


def _sha(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
