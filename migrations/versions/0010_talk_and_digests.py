"""talk and digests

Revision 0010 follows 0009.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MAIL_COLUMNS = ("mail_together", "mail_times", "mail_days", "quiet_from", "quiet_until", "quiet_weekends")


def upgrade() -> None:
    many = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    for column in (
        sa.Column("mail_together", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("mail_times", many, server_default='["08:30", "13:30"]', nullable=False),
        sa.Column("mail_days", many, server_default="[0, 1, 2, 3, 4]", nullable=False),
        sa.Column("quiet_from", sa.String(length=5), server_default="20:00", nullable=False),
        sa.Column("quiet_until", sa.String(length=5), server_default="07:00", nullable=False),
        sa.Column("quiet_weekends", sa.Boolean(), server_default=sa.false(), nullable=False),
    ):
        op.add_column("users", column)  # no batch: SQLite cannot reflect the index on an expression
    for table in ("comments", "submissions"):
        op.add_column(table, sa.Column("mentions", many, server_default="[]", nullable=False))
    state = sa.Enum("open", "applied", "declined", "outdated", name="suggestionstate", native_enum=False,
                    create_constraint=True, length=32)  # fmt: skip
    op.create_table(
        "suggestions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=True),
        sa.Column("decision_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("network", sa.String(length=20), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("replacement", sa.Text(), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("original", sa.Text(), nullable=False),
        sa.Column("applied_revision_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_suggestions_{column}"))
            for column, table in (
                ("desk_id", "desks"), ("post_id", "posts"), ("revision_id", "revisions"), ("comment_id", "comments"),
                ("decision_id", "decisions"), ("user_id", "users"), ("closed_by_id", "users"),
                ("applied_revision_id", "revisions"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
    )  # fmt: skip
    op.create_index(op.f("ix_suggestions_post_id"), "suggestions", ["post_id"], unique=False)


def downgrade() -> None:
    op.drop_table("suggestions")
    for table in ("comments", "submissions"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN mentions")
    for column in MAIL_COLUMNS:
        op.execute(f"ALTER TABLE users DROP COLUMN {column}")
