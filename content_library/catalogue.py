"""The shelves: formats, topics, products, teams and desks of an installation."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.boundary_rules import install_boundaries
from content_library.errors import InvalidInput, TransitionNotAllowed
from content_library.formats import BUILTIN_FORMATS, BuiltinFormat
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk, Team
from content_library.models.format import Format
from content_library.models.topic import Product, Topic, post_products, post_topics
from content_library.models.user import User
from content_library.permissions import can_draft, can_manage_desk, can_manage_people, require
from content_library.transitions import flush
from content_library.wall_time import zone as known_zone

_HANDLE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_TAKEN = frozenset({"media"})
BUILTIN_TEAMS = {"marketing": "Marketing", "legal": "Legal", "pr": "PR", "product": "Product"}


def install(session: Session, *, now: datetime) -> None:
    """Put the built-in formats, teams and boundaries in place. Doing it again changes nothing a person has changed."""
    formats = set(session.scalars(select(Format.key)))
    session.add_all(_format(b, n) for n, b in enumerate(BUILTIN_FORMATS) if b.key not in formats)
    teams = set(session.scalars(select(Team.key)))
    session.add_all(Team(key=k, name=n, created_at=now) for k, n in BUILTIN_TEAMS.items() if k not in teams)
    flush(session)
    install_boundaries(session, now=now)


def _format(builtin: BuiltinFormat, position: int) -> Format:
    return Format(
        key=builtin.key,
        kind=builtin.kind,
        name=builtin.name,
        purpose=builtin.purpose,
        tone=builtin.tone,
        fields=[spec.as_data() for spec in builtin.fields],
        steps=[[part.as_data() for part in step] for step in builtin.steps],
        ingredient=builtin.ingredient,
        shelf_life_days=builtin.shelf_life_days,
        grace_s=builtin.grace_s,
        position=position,
        is_builtin=True,
    )


def formats(session: Session, *, retired: bool = False) -> list[Format]:
    """The formats in their order; `retired` adds those taken out of use."""
    query = select(Format).order_by(Format.position, Format.key)
    return list(session.scalars(query if retired else query.where(Format.is_active)))


def topics(session: Session, desk_id: int) -> list[Topic]:
    return list(session.scalars(select(Topic).where(Topic.desk_id == desk_id).order_by(Topic.name)))


def products(session: Session, desk_id: int) -> list[Product]:
    return list(session.scalars(select(Product).where(Product.desk_id == desk_id).order_by(Product.name)))


def accounts(session: Session, desk_id: int) -> list[Account]:
    """The desk's accounts in use, the public page first."""
    found = session.scalars(
        select(Account)
        .where(Account.desk_id == desk_id, Account.state != AccountState.CLOSED)
        .order_by(Account.id)
    )
    return sorted(found, key=lambda a: (a.network != "page", a.id))


def add_topic(session: Session, desk: Desk, name: str, *, actor: User, now: datetime) -> Topic:
    """A topic by that name; the one that is there already if there is one."""
    require(
        can_draft(actor, desk.id) or can_manage_desk(actor, desk.id),
        "Only people of this desk can add topics.",
    )
    made: Topic = _named(session, Topic, desk, name, actor=actor, now=now)
    return made


def add_product(session: Session, desk: Desk, name: str, *, actor: User, now: datetime) -> Product:
    """A product by that name; the one that is there already if there is one."""
    require(
        can_draft(actor, desk.id) or can_manage_desk(actor, desk.id),
        "Only people of this desk can add products.",
    )
    made: Product = _named(session, Product, desk, name, actor=actor, now=now)
    return made


def rename_shelf(session: Session, shelf: Topic | Product, name: str, *, actor: User, now: datetime) -> None:
    """Call a topic or product something else, on every post that has it. Raises InvalidInput for a taken name."""
    require(can_manage_desk(actor, shelf.desk_id), "Only this desk’s leads and administrators can rename it.")
    name, model = _checked_name(name), type(shelf)
    taken = select(model.id).where(model.desk_id == shelf.desk_id, model.name == name, model.id != shelf.id)
    if session.scalar(taken) is not None:
        sentence = f"There is “{name}” already."
        raise InvalidInput(sentence, {"name": sentence})
    before, shelf.name = shelf.name, name
    flush(session)
    what, said = model.__name__.lower(), f"Renamed “{before}” to “{name}”"
    audit.record(session, f"{what}.renamed", shelf, actor=actor, now=now, summary=said)


def remove_shelf(session: Session, shelf: Topic | Product, *, actor: User, now: datetime) -> None:
    """Take away a topic or product no post has. Raises TransitionNotAllowed when one does."""
    require(can_manage_desk(actor, shelf.desk_id), "Only this desk’s leads and administrators can remove it.")
    if posts_on(session, [shelf])[shelf.id]:
        raise TransitionNotAllowed(f"“{shelf.name}” is on posts. Rename it instead of removing it.")
    what = type(shelf).__name__.lower()
    audit.record(
        session, f"{what}.removed", shelf, actor=actor, now=now, summary=f"Removed {what} “{shelf.name}”"
    )
    session.delete(shelf)
    flush(session)


def posts_on(session: Session, shelves: Sequence[Topic | Product]) -> dict[int, int]:
    """How many posts each of these topics (or of these products) is on, by id."""
    if not shelves:
        return {}
    table = post_topics if isinstance(shelves[0], Topic) else post_products
    column = table.c.topic_id if isinstance(shelves[0], Topic) else table.c.product_id
    ids = [shelf.id for shelf in shelves]
    counted = session.execute(select(column, func.count()).where(column.in_(ids)).group_by(column))
    return {**dict.fromkeys(ids, 0), **dict(counted.all())}


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 60:
        sentence = "Give it a name of up to 60 characters."
        raise InvalidInput(sentence, {"name": sentence})
    return name


def _named(session: Session, model: Any, desk: Desk, name: str, *, actor: User, now: datetime) -> Any:
    name = _checked_name(name)
    known = session.scalar(select(model).where(model.desk_id == desk.id, model.name == name))
    if known is not None:
        return known
    made = model(desk_id=desk.id, name=name)
    session.add(made)
    flush(session)
    what = model.__name__.lower()
    audit.record(session, f"{what}.added", made, actor=actor, now=now, summary=f"Added {what} “{name}”")
    return made


def create_desk(
    session: Session,
    name: str,
    handle: str,
    zone: str,
    *,
    actor: User | None,
    now: datetime,
    teams: Sequence[Team] = (),
    **about: Any,
) -> Desk:
    """A desk with its public page. `actor=None` only while setting up an empty installation."""
    require(actor is None or can_manage_people(actor), "Only administrators can add desks.")
    handle = handle.strip().lower()
    known_zone(zone)
    _check_handle(session, handle)
    desk = Desk(name=name.strip(), handle=handle, zone=zone, teams=list(teams), created_at=now, **about)
    session.add(desk)
    flush(session)
    page = Account(
        desk_id=desk.id, network="page", handle=handle, name=desk.name, state=AccountState.ACTIVE,
        url=f"/p/{handle}", least_gap_s=0, created_at=now,
    )  # fmt: skip
    session.add(page)
    flush(session)
    audit.record(
        session, "desk.created", desk, actor=actor, now=now, desk_id=desk.id, summary=f"Desk “{desk.name}”"
    )
    return desk


def _check_handle(session: Session, handle: str) -> None:
    """It stands in addresses (`/p/<handle>`), so it is short, plain, nobody else's and no address of ours."""
    sentence = ""
    if not _HANDLE.fullmatch(handle) or handle in _TAKEN:
        sentence = "Use 2 to 40 small letters, digits and hyphens, such as brindlemoor."
    elif session.scalar(select(Desk.id).where(Desk.handle == handle)) is not None:
        sentence = f"There is a desk with the address “{handle}” already. Choose another."
    if sentence:
        raise InvalidInput(sentence, {"handle": sentence})
