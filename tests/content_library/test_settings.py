"""What the environment may say, and the sentence for each thing it may not."""

import stat
from pathlib import Path

import pytest

from content_library.settings import BadSettings, load


def test_an_empty_environment_gives_an_installation_that_works_on_one_machine(tmp_path: Path) -> None:
    settings = load({"DESKCAST_DATA": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path / 'deskcast.db'}"
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8000, "http://localhost:8000")
    assert settings.demo
    assert not settings.is_https


def test_keys_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    first, second = (load({"DESKCAST_DATA": str(tmp_path)}) for _ in range(2))
    assert first.secret_key == second.secret_key
    assert len({first.secret_key, first.record_key, *first.vault_keys}) == 3
    for key in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "eighty", "whole number"),
        ("PORT", "70000", "whole number"),
        ("DESKCAST_DEMO", "maybe", "Write 1 or 0"),
        ("DESKCAST_PUBLIC_URL", "desk.example", "whole address"),
        ("DESKCAST_DATABASE_URL", "mysql://x", "sqlite:////path"),
        ("DESKCAST_LEASE_S", "10", "lease"),
        ("DESKCAST_WORKER_SILENT_S", "6", "twice"),
        ("DESKCAST_TICK_S", "-1", "seconds"),
        ("DESKCAST_FETCH_ALLOW", "10.0.0.0/99", "not a host"),
        ("DESKCAST_SMTP_URL", "mail.example", "mail server"),
        ("DESKCAST_OPENID_ISSUER", "https://id.example", "DESKCAST_OPENID_CLIENT_ID is missing"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_to_write(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(BadSettings) as refused:
        load({"DESKCAST_DATA": str(tmp_path), name: value})
    assert any(name in problem or said in problem for problem in refused.value.problems)
    assert any(said in problem for problem in refused.value.problems)


def test_every_wrong_variable_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as refused:
        load({"DESKCAST_DATA": str(tmp_path), "PORT": "x", "DESKCAST_DEMO": "x"})
    assert len(refused.value.problems) == 2


def test_groups_of_a_provider_must_name_a_place_that_can_exist(tmp_path: Path) -> None:
    known = {
        "DESKCAST_DATA": str(tmp_path),
        "DESKCAST_OPENID_ISSUER": "https://id.example",
        "DESKCAST_OPENID_CLIENT_ID": "deskcast",
        "DESKCAST_OPENID_CLIENT_SECRET": "secret",
    }
    good = load({**known, "DESKCAST_OPENID_GROUPS": "service=desk:brindlemoor:agent, law=team:legal"})
    assert good.open_id is not None
    assert good.open_id.groups == {"service": "desk:brindlemoor:agent", "law": "team:legal"}
    with pytest.raises(BadSettings, match="not understood"):
        load({**known, "DESKCAST_OPENID_GROUPS": "service=kitchen"})


def test_short_names_of_postgresql_are_understood(tmp_path: Path) -> None:
    settings = load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_DATABASE_URL": "postgres://me@db/deskcast"})
    assert settings.database_url == "postgresql+psycopg://me@db/deskcast"
