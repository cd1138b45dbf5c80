"""reports

Revision 0012 follows 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0004"
branch_labels = None
depends_on = None

CLOSED = sa.text("closed_at IS NOT NULL")
DECIDED = sa.text("decided_at IS NOT NULL")
INDEXES = (
    ("ix_submissions_closed", "submissions", ["desk_id", "closed_at"], CLOSED),
    ("ix_reviews_decided_team", "reviews", ["team_id", "decided_at"], DECIDED),
    ("ix_reviews_decided_desk", "reviews", ["desk_id", "decided_at"], DECIDED),
    ("ix_findings_at", "findings", ["at"], None),
)


def upgrade() -> None:
    for name, table, columns, condition in INDEXES:
        op.create_index(
            name, table, columns, unique=False, sqlite_where=condition, postgresql_where=condition
        )


def downgrade() -> None:
    for name, table, _columns, _condition in reversed(INDEXES):
        op.drop_index(name, table_name=table)
