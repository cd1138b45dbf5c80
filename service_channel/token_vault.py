"""Secrets at rest: AES-GCM, bound to the row and column they stand in, under a key outside the database."""

import base64
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class CannotOpen(Exception):
    """A secret was sealed under a key that is not among ours, or has been changed."""


class TokenVault:
    """Seals under the first key, opens under any. A key is any long secret text; its id is a short hash of it."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("a vault needs a key")
        self._keys = {
            key_id(key): AESGCM(hashlib.sha256(f"deskcast:vault:v1\n{key}".encode()).digest()) for key in keys
        }
        self.key_id = key_id(keys[0])

    def seal(self, plain: str, *, place: str) -> bytes:
        """Ciphertext of `plain`; it opens only at the same `place` (`table:row:column`)."""
        nonce = os.urandom(_NONCE)
        return nonce + self._keys[self.key_id].encrypt(nonce, plain.encode(), place.encode())

    def open(self, sealed: bytes, *, key_id: str, place: str) -> str:
        """The plain text. Raises CannotOpen."""
        cipher = self._keys.get(key_id)
        if cipher is None:
            raise CannotOpen(f"sealed under key {key_id}, which is not among DESKCAST_VAULT_KEYS")
        try:
            return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode()).decode()
        except InvalidTag:
            raise CannotOpen("the stored secret has been changed or moved") from None


def key_id(key: str) -> str:
    """Names a key without giving it away."""
    digest = hashlib.sha256(f"deskcast:vault-key-id:v1\n{key}".encode()).digest()
    return base64.b32encode(digest)[:8].decode().lower()
