"""clocks

Revision 0003 follows 0002.
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OFFICE_WEEK = json.dumps([[["09:00", "17:00"]]] * 5 + [[], []])


def upgrade() -> None:
    many = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    with op.batch_alter_table("teams", schema=None) as batch_op:
        batch_op.add_column(sa.Column("zone", sa.String(length=64), server_default="UTC", nullable=False))
        batch_op.add_column(sa.Column("hours", many, server_default=OFFICE_WEEK, nullable=False))
        batch_op.add_column(sa.Column("holidays", many, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("turnaround_h", sa.Integer(), server_default="8", nullable=False))
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.add_column(sa.Column("turnaround_s", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("worked_s", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("running_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("reminded", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index("ix_reviews_state_remind_at", ["state", "remind_at"], unique=False)
    # What is open has been with its team since it was opened; the reminders count it at their next round.
    op.execute(
        "UPDATE reviews SET running_since = opened_at, turnaround_s = 28800, remind_at = opened_at "
        "WHERE state = 'open'"
    )


def downgrade() -> None:
    op.drop_index("ix_reviews_state_remind_at", table_name="reviews")
    for column in ("reminded", "remind_at", "due_at", "running_since", "worked_s", "turnaround_s"):
        op.execute(f"ALTER TABLE reviews DROP COLUMN {column}")
    for column in ("turnaround_h", "holidays", "hours", "zone"):
        op.execute(f"ALTER TABLE teams DROP COLUMN {column}")
