"""drafts of parts

Revision 0014 follows 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parts", sa.Column("draft", sa.String(length=500), server_default="", nullable=False))


def downgrade() -> None:
    op.execute("ALTER TABLE parts DROP COLUMN draft")  # a batch would read `users`, which SQLite cannot show
