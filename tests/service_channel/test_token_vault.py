"""Secrets at rest open only under our keys, and only where they were put."""

import pytest

from service_channel.token_vault import CannotOpen, TokenVault, key_id

PLACE = "credentials:7:secret"


def test_a_secret_opens_where_it_was_put_and_cannot_be_read_before():
    vault = TokenVault(["a key"])
    sealed = vault.seal("an app password", place=PLACE)
    assert b"password" not in sealed
    assert vault.open(sealed, key_id=vault.key_id, place=PLACE) == "an app password"


def test_the_same_secret_looks_different_each_time():
    vault = TokenVault(["a key"])
    assert vault.seal("the same", place=PLACE) != vault.seal("the same", place=PLACE)


def test_a_secret_moved_to_another_row_or_column_does_not_open():
    vault = TokenVault(["a key"])
    sealed = vault.seal("an app password", place=PLACE)
    for elsewhere in ("credentials:8:secret", "credentials:7:session"):
        with pytest.raises(CannotOpen):
            vault.open(sealed, key_id=vault.key_id, place=elsewhere)


def test_a_secret_changed_anywhere_does_not_open():
    vault = TokenVault(["a key"])
    sealed = vault.seal("secret", place=PLACE)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(CannotOpen):
            vault.open(bytes(changed), key_id=vault.key_id, place=PLACE)


def test_a_new_key_seals_and_the_former_one_still_opens():
    former = TokenVault(["the former key"])
    sealed = former.seal("an app password", place=PLACE)
    both = TokenVault(["a new key", "the former key"])
    assert both.open(sealed, key_id=former.key_id, place=PLACE) == "an app password"
    assert both.key_id == key_id("a new key") != former.key_id


def test_a_secret_under_a_key_we_do_not_have_says_where_to_look():
    former = TokenVault(["the former key"])
    sealed = former.seal("an app password", place=PLACE)
    with pytest.raises(CannotOpen, match="DESKCAST_VAULT_KEYS"):
        TokenVault(["a new key"]).open(sealed, key_id=former.key_id, place=PLACE)


def test_a_vault_without_a_key_is_refused():
    with pytest.raises(ValueError, match="needs a key"):
        TokenVault([])
