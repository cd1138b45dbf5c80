"""No form writes what it does not ask for: every column of every table, sent beside the fields of every form, changes
nothing. A column that is a field of that form is left to the form's own tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Boolean, DateTime, Enum, Integer, select
from werkzeug.routing import Rule
from wtforms.form import BaseForm

from content_library.database import Base
from tests.security.doors import House, open_house
from tests.security.test_access import BY_SECRET, OF_A_PERSON, SWITCHED_OFF, allowed

pytestmark = pytest.mark.slow
Cells = dict[tuple[str, Any, str], Any]
MOST_TRUSTED = ("lead", "agent", "legal", "administrator", "auditor", "nobody")
KINDS = ((Boolean, ["1"]), (Integer, ["2", "1"]), (DateTime, ["2020-01-01T00:00"]))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    opened = open_house(tmp_path_factory.mktemp("columns"))
    yield opened
    opened.database.dispose()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the fields of every form a request looks at."""
    names: set[str] = set()
    process = BaseForm.process

    def watched(form: BaseForm, *arguments: Any, **known: Any) -> None:
        names.update(form._fields)
        process(form, *arguments, **known)

    monkeypatch.setattr(BaseForm, "process", watched)
    return names


def columns() -> dict[str, list[str]]:
    """Each column's name, with values that would mean something in it."""
    found: dict[str, list[str]] = {}
    for table in Base.metadata.tables.values():
        for column in table.columns:
            found.setdefault(column.name, []).extend(_values(column.type))
    return {name: list(dict.fromkeys(values)) for name, values in found.items()}


def _values(kind: Any) -> list[str]:
    if isinstance(kind, Enum):
        return [str(kind.enums[-1]), str(kind.enums[0])]
    return next((values for known, values in KINDS if isinstance(kind, known)), ["smuggled"])


def cells(house: House) -> Cells:
    """Everything that stands in the tables."""
    with house.database.engine.connect() as connection:
        return {
            (table.name, tuple(row[key] for key in table.primary_key), column.name): row[column]
            for table in Base.metadata.sorted_tables
            for row in connection.execute(select(table)).mappings()
            for column in table.columns
        }


def forms(house: House) -> list[Rule]:
    closed = OF_A_PERSON | BY_SECRET | SWITCHED_OFF
    return [
        rule
        for rule in house.app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint not in closed
    ]


def after(house: House, rule: Rule, role: str, smuggled: dict[str, list[str]]) -> tuple[int, Cells]:
    status = house.knock(rule, role, house.own, smuggled=smuggled).status_code
    return status, cells(house)


def test_every_column_of_every_table_sent_to_every_form_changes_nothing(
    house: House, asked: set[str]
) -> None:
    every, wrong, wrote = columns(), [], 0
    untouched = cells(house)
    for rule in forms(house):
        asked.clear()
        role = next(r for r in MOST_TRUSTED if r in allowed(rule.endpoint))
        plain, again = (after(house, rule, role, {}) for _ in range(2))
        by_chance = {(table, name) for table, row, name in _differing(plain[1], again[1])}
        smuggled = {name: values for name, values in every.items() if name not in asked}
        sent = after(house, rule, role, smuggled)
        changed = {c for c in _differing(plain[1], sent[1]) if (c[0], c[2]) not in by_chance}
        wrote += plain[1] != untouched
        if changed or sent[0] != plain[0]:
            wrong.append(
                f"{rule.endpoint} as {role}: {plain[0]} → {sent[0]}, {sorted(map(str, changed))[:5]}"
            )
    assert not wrong, "\n".join(wrong)
    assert wrote > len(forms(house)) / 2, "most of these forms did nothing at all"


def _differing(one: Cells, other: Cells) -> set[tuple[str, Any, str]]:
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
