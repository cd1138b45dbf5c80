"""ladder

Revision 0007 follows 0006.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    many = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "ladder_standings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_why", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("stage BETWEEN 1 AND 3", name=op.f("ck_ladder_standings_stage")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_ladder_standings_account_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], name=op.f("fk_ladder_standings_asked_by_id")),
        sa.ForeignKeyConstraint(["desk_id"], ["desks.id"], name=op.f("fk_ladder_standings_desk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_standings")),
        sa.UniqueConstraint("account_id", name=op.f("uq_ladder_standings_account_id")),
    )
    op.create_index(op.f("ix_ladder_standings_desk_id"), "ladder_standings", ["desk_id"], unique=False)
    op.create_table(
        "ladder_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("standing_id", sa.Integer(), nullable=False),
        sa.Column(
            "act",
            sa.Enum("switched_on", "switched_off", "rose", "fell", name="ladderact", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("from_stage", sa.Integer(), nullable=True),
        sa.Column("to_stage", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("signed_by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figures", many, nullable=False),
        sa.Column("is_exception", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], name=op.f("fk_ladder_steps_asked_by_id")),
        sa.ForeignKeyConstraint(["signed_by_id"], ["users.id"], name=op.f("fk_ladder_steps_signed_by_id")),
        sa.ForeignKeyConstraint(["standing_id"], ["ladder_standings.id"], name=op.f("fk_ladder_steps_standing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_steps")),
    )
    op.create_index(op.f("ix_ladder_steps_standing_id"), "ladder_steps", ["standing_id"], unique=False)
    op.create_table(
        "ladder_criteria",
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("stages", many, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["desk_id"], ["desks.id"], name=op.f("fk_ladder_criteria_desk_id")),
        sa.PrimaryKeyConstraint("desk_id", name=op.f("pk_ladder_criteria")),
    )


def downgrade() -> None:
    op.drop_table("ladder_criteria")
    op.drop_index(op.f("ix_ladder_steps_standing_id"), table_name="ladder_steps")
    op.drop_table("ladder_steps")
    op.drop_index(op.f("ix_ladder_standings_desk_id"), table_name="ladder_standings")
    op.drop_table("ladder_standings")
