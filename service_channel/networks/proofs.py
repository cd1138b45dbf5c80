"""Proving who holds a token and who we are: DPoP (RFC 9449) and a signed assertion (RFC 7523 § 2.2), both with ES256.

Servers judge both by their own clock, so the moments in them are this machine's real ones.
"""

import hashlib
import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

ALGORITHM = "ES256"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NONCE_WANTED = "use_dpop_nonce"
_ASSERTION_AGE_S = 10  # a clock of theirs that is a little behind ours must not find it made in the future
_ASSERTION_LASTS_S = 60


def new_key() -> str:
    """A private key, as a JWK with an id."""
    return json.dumps(ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True), sort_keys=True)


def public_key(private: str) -> dict[str, object]:
    """What may be shown of a private key."""
    return {**_key(private).as_dict(private=False), "use": "sig", "alg": ALGORITHM}


def challenge(verifier: str) -> str:
    """The S256 code challenge (RFC 7636 § 4.2)."""
    return _unpadded(hashlib.sha256(verifier.encode()).digest())


def assertion(private: str, client_id: str, issuer: str) -> str:
    """Says that we are `client_id` to the server `issuer`; good for a minute, once."""
    key, begins = _key(private), int(time.time()) - _ASSERTION_AGE_S
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "jti": secrets.token_urlsafe(16),
        "iat": begins,
        "exp": begins + _ASSERTION_LASTS_S,
    }
    return jwt.encode({"alg": ALGORITHM, "kid": str(key.as_dict(private=False)["kid"])}, claims, key)


class Nonces:
    """The last nonce that each server gave for each key. Servers change theirs every few minutes."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def keep(self, holder: str, server: str, nonce: str) -> None:
        with self._lock:
            self._given[holder, server] = nonce

    def of(self, holder: str, server: str) -> str:
        with self._lock:
            return self._given.get((holder, server), "")


class Proving(httpx.BaseTransport):
    """Puts a proof on every request, and `token` where there is one.

    A 401 that only asks for a nonce refused the request before anything was done: it is repeated once with the nonce.
    """

    def __init__(self, inner: httpx.BaseTransport, private: str, nonces: Nonces, *, token: str = "") -> None:
        self._inner, self._key, self._nonces = inner, _key(private), nonces
        self._holder = self._key.thumbprint()
        self.token = token

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self._proved(request)
        if response.status_code == 401 and NONCE_WANTED in response.headers.get("www-authenticate", ""):
            return self._proved(request)
        return response

    def _proved(self, request: httpx.Request) -> httpx.Response:
        server = f"{request.url.scheme}://{request.url.netloc.decode()}"
        request.headers["DPoP"] = self._proof(request, self._nonces.of(self._holder, server))
        if self.token:
            request.headers["Authorization"] = f"DPoP {self.token}"
        response = self._inner.handle_request(request)
        if nonce := response.headers.get("dpop-nonce"):
            self._nonces.keep(self._holder, server, nonce)
        return response

    def _proof(self, request: httpx.Request, nonce: str) -> str:
        claims: dict[str, object] = {
            "jti": secrets.token_urlsafe(16),
            "htm": request.method,
            "htu": str(request.url.copy_with(query=None, fragment=None)),
            "iat": int(time.time()),
        }
        if nonce:
            claims["nonce"] = nonce
        if self.token:
            claims["ath"] = _unpadded(hashlib.sha256(self.token.encode()).digest())
        shown = {name: self._key.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")}
        return jwt.encode({"typ": "dpop+jwt", "alg": ALGORITHM, "jwk": shown}, claims, self._key)


def _key(private: str) -> ECKey:
    return ECKey.import_key(json.loads(private))


def _unpadded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
