"""compose

Revision 0018 follows 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("desks", sa.Column("tags_links", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("desks", sa.Column("utm_medium", sa.String(length=100), server_default="social", nullable=False))


def downgrade() -> None:
    op.execute("ALTER TABLE desks DROP COLUMN utm_medium")
    op.execute("ALTER TABLE desks DROP COLUMN tags_links")
