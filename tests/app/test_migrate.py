"""The database and the models agree, on both databases, from the first migration to the last and back."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from app import migrate
from tests.support.databases import Databases, Kind

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty_url(database_kind: Kind, databases: Databases) -> str:
    return databases.empty_url(database_kind)


def tables(url: str) -> set[str]:
    names = inspect(create_engine(url, poolclass=NullPool)).get_table_names()
    return {name for name in names if not name.startswith("post_search_")}  # SQLite's own, behind the index


def test_an_empty_database_gets_every_table_and_then_nothing_more(empty_url: str):
    assert migrate.pending(empty_url)
    assert migrate.upgrade(empty_url)[-1] == migrate.newest_revision()
    assert {"posts", "publications", "post_search"} <= tables(empty_url)
    assert not migrate.pending(empty_url)
    assert migrate.upgrade(empty_url) == []


def test_the_migrations_make_exactly_what_the_models_say(empty_url: str):
    migrate.upgrade(empty_url)
    with warnings.catch_warnings():
        # SQLite cannot reflect an index on an expression; PostgreSQL compares it.
        warnings.filterwarnings("ignore", ".*expression-based index")
        migrate.check(empty_url)


def test_every_migration_can_be_taken_back(empty_url: str):
    migrate.upgrade(empty_url)
    command.downgrade(migrate.configuration(empty_url), "base")
    assert tables(empty_url) == {"alembic_version"}
    assert migrate.upgrade(empty_url)


def test_foreign_keys_hold_on_both_databases(empty_url: str):
    migrate.upgrade(empty_url)
    found = inspect(create_engine(empty_url, poolclass=NullPool)).get_foreign_keys("posts")
    assert {"desk_id", "proposal_id"} <= {key["constrained_columns"][0] for key in found}


def test_looking_whether_a_migration_is_missing_makes_no_file(tmp_path: Path):
    assert migrate.pending(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


def test_two_processes_starting_at_once_migrate_once(empty_url: str):
    program = f"from app import migrate; print(migrate.upgrade({empty_url!r}))"
    both = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said[1] == "[]"
    assert "0001" in said[0]


def test_the_migrations_import_nothing_of_the_application():
    for file in (ROOT / "migrations" / "versions").glob("*.py"):
        for layer in ("app", "scheduler", "service_channel", "content_library"):
            assert f"import {layer}" not in file.read_text()
            assert f"from {layer}" not in file.read_text()
