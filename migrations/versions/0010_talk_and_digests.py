"""talk and digests

Revision 0010 follows 0004.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0004"
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


def downgrade() -> None:
    for table in ("comments", "submissions"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN mentions")
    for column in MAIL_COLUMNS:
        op.execute(f"ALTER TABLE users DROP COLUMN {column}")
