"""holds of a kind, windows, quiet hours, series and triage

Revision 0016 follows 0015.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KINDS = "kind IN ('edu_taining', 'question', 'promotion')"
BEFORE = ("all", "desk", "account", "publication")
COLUMNS = (
    "id, scope, desk_id, account_id, publication_id, reason, created_by_id, created_at, lifted_by_id, lifted_at"
)


def upgrade() -> None:
    _scopes((*BEFORE[:3], "kind", "publication"), with_kind=True)
    op.execute(
        "ALTER TABLE publications ADD COLUMN quiet_ok BOOLEAN DEFAULT "
        + ("0" if _is_sqlite() else "false")
        + " NOT NULL"
    )
    _windows()
    op.create_table(
        "quiet_hours",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("begins", sa.String(length=5), nullable=False),
        sa.Column("ends", sa.String(length=5), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_quiet_hours_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_quiet_hours")),
    )
    _series()
    _triage()


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _scopes(scopes: tuple[str, ...], *, with_kind: bool) -> None:
    """SQLite cannot change a CHECK: the table is made anew, by hand, because a batch would read `users`."""
    listed = ", ".join(f"'{scope}'" for scope in scopes)
    if not _is_sqlite():
        op.drop_constraint(op.f("ck_holds_holdscope"), "holds", type_="check")
        op.create_check_constraint(op.f("ck_holds_holdscope"), "holds", f"scope IN ({listed})")
        if with_kind:
            op.add_column("holds", sa.Column("kind", sa.String(length=32), nullable=True))
            op.create_check_constraint(op.f("ck_holds_kind"), "holds", KINDS)
        else:
            op.drop_column("holds", "kind")
        return
    kind = [sa.Column("kind", sa.String(length=32), nullable=True)] if with_kind else []
    kind_check = [sa.CheckConstraint(KINDS, name=op.f("ck_holds_kind"))] if with_kind else []
    op.create_table(
        "new_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        *kind,
        sa.Column("publication_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"scope IN ({listed})", name=op.f("ck_holds_holdscope")),
        *kind_check,
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_holds_account_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_holds_created_by_id")),
        sa.ForeignKeyConstraint(["desk_id"], ["desks.id"], name=op.f("fk_holds_desk_id")),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["users.id"], name=op.f("fk_holds_lifted_by_id")),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name=op.f("fk_holds_publication_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.execute(f"INSERT INTO new_holds ({COLUMNS}) SELECT {COLUMNS} FROM holds")
    op.drop_table("holds")
    op.rename_table("new_holds", "holds")
    op.create_index(op.f("ix_holds_desk_id"), "holds", ["desk_id"], unique=False)
    op.create_index("ix_holds_open", "holds", ["scope"], unique=False, sqlite_where=sa.text("lifted_at IS NULL"))
    op.create_index(op.f("ix_holds_publication_id"), "holds", ["publication_id"], unique=False)


def _windows() -> None:
    op.create_table(
        "windows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts", sa.String(length=19), nullable=False),
        sa.Column("ends", sa.String(length=19), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("yearly", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["desk_id"], ["desks.id"], name=op.f("fk_windows_desk_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_windows_created_by_id")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["users.id"], name=op.f("fk_windows_ended_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_windows")),
    )
    _open("ix_windows_open", "windows", "ended_at IS NULL")
    _with_accounts("window_accounts", "window_id", "windows")


def _open(name: str, table: str, condition: str) -> None:
    op.create_index(
        name, table, ["desk_id"], unique=False, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
    )


def _with_accounts(table: str, column: str, of: str) -> None:
    op.create_table(
        table,
        sa.Column(column, sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint([column], [f"{of}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f(f"fk_{table}_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(column, "account_id", name=op.f(f"pk_{table}")),
    )


def _series() -> None:
    many = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("every", sa.String(length=32), nullable=False),
        sa.Column("weekdays", many, nullable=False),
        sa.Column("month_day", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.String(length=10), nullable=False),
        sa.Column("time", sa.String(length=5), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("ends_on", sa.String(length=10), nullable=False),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("every IN ('day', 'week', 'month', 'year')", name=op.f("ck_series_every")),
        sa.ForeignKeyConstraint(["desk_id"], ["desks.id"], name=op.f("fk_series_desk_id")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_series_post_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_series_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
    )
    op.create_index(op.f("ix_series_desk_id"), "series", ["desk_id"], unique=False)
    op.create_index(op.f("ix_series_post_id"), "series", ["post_id"], unique=False)
    _with_accounts("series_accounts", "series_id", "series")
    op.create_table(
        "occurrences",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_occurrences_series_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_occurrences_run_id")),
        sa.PrimaryKeyConstraint("series_id", "day", name=op.f("pk_occurrences")),
        sa.UniqueConstraint("run_id", name=op.f("uq_occurrences_run_id")),
    )


def _triage() -> None:
    many = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "triage_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("choices", many, nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["desk_id"], ["desks.id"], name=op.f("fk_triage_acts_desk_id")),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_triage_acts_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triage_acts")),
    )
    _open("ix_triage_acts_open", "triage_acts", "settled_at IS NULL")


def downgrade() -> None:
    for table in ("triage_acts", "occurrences", "series_accounts", "series", "quiet_hours", "window_accounts", "windows"):
        op.drop_table(table)
    op.execute("ALTER TABLE publications DROP COLUMN quiet_ok")
    op.execute("DELETE FROM holds WHERE scope = 'kind'")
    _scopes(BEFORE, with_kind=False)
