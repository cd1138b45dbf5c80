"""deciding

Revision 0009 follows 0008.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    many = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    with op.batch_alter_table("teams", schema=None) as batch_op:
        batch_op.add_column(sa.Column("checklist", many, server_default="[]", nullable=False))
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("checked", many, server_default="[]", nullable=False))
    # One statement on both databases: a batch would read `users`, whose index on an expression SQLite cannot show.
    op.execute(
        "ALTER TABLE decisions ADD COLUMN for_user_id INTEGER "
        "CONSTRAINT fk_decisions_for_user_id REFERENCES users (id)"
    )
    op.create_index(
        "uq_decisions_submission_id_for_user_id", "decisions", ["submission_id", "for_user_id"], unique=True
    )
    _delegations()
    op.create_table(
        "pending_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("place", many, nullable=True),
        sa.Column("replacement", sa.Text(), server_default="", nullable=False),
        sa.Column("checked", many, server_default="[]", nullable=False),
        sa.Column("seen_revision_id", sa.Integer(), nullable=False),
        sa.Column("seen_hash", sa.String(length=64), nullable=False),
        sa.Column("identified_by", sa.String(length=20), nullable=False),
        sa.Column("pressed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settles_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('approve', 'request_changes', 'refuse')",
            name=op.f("ck_pending_decisions_verdict"),
        ),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_pending_decisions_review_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_pending_decisions_submission_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_pending_decisions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_decisions")),
        sa.UniqueConstraint("submission_id", "user_id", name=op.f("uq_pending_decisions_submission_id_user_id")),
    )
    op.create_index("ix_pending_decisions_review_id", "pending_decisions", ["review_id"], unique=False)
    op.create_index("ix_pending_decisions_settles_at", "pending_decisions", ["settles_at"], unique=False)
    op.create_index(
        "ix_pending_decisions_user_id_settles_at", "pending_decisions", ["user_id", "settles_at"], unique=False
    )


def _delegations() -> None:
    op.create_table(
        "delegations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_user_id", sa.Integer(), nullable=False),
        sa.Column("to_user_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.String(length=10), nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["from_user_id"], ["users.id"], name=op.f("fk_delegations_from_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_user_id"], ["users.id"], name=op.f("fk_delegations_to_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_delegations_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_delegations_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    op.create_index("ix_delegations_from_user_id", "delegations", ["from_user_id"], unique=False)
    op.create_index("ix_delegations_to_user_id_ends_at", "delegations", ["to_user_id", "ends_at"], unique=False)


def downgrade() -> None:
    op.drop_table("pending_decisions")
    op.drop_table("delegations")
    op.drop_index("uq_decisions_submission_id_for_user_id", table_name="decisions")
    op.execute("ALTER TABLE decisions DROP COLUMN for_user_id")
    op.execute("ALTER TABLE decisions DROP COLUMN checked")
    op.execute("ALTER TABLE teams DROP COLUMN checklist")
