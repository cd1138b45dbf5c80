"""quick plan

Revision 0004 follows 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEEDING = sa.text("state IN ('needs_person', 'failed', 'missed', 'held')")


def upgrade() -> None:
    op.create_index(
        "ix_publications_needing",
        "publications",
        ["desk_id", "due_at", "id"],
        unique=False,
        sqlite_where=NEEDING,
        postgresql_where=NEEDING,
    )


def downgrade() -> None:
    op.drop_index("ix_publications_needing", table_name="publications")
