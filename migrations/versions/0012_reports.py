"""reports

Revision 0012 follows 0004.
"""

from alembic import op

revision = "0012"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_reviews_team_id_decided_at", "reviews", ["team_id", "decided_at"]),
    ("ix_reviews_desk_id_decided_at", "reviews", ["desk_id", "decided_at"]),
    ("ix_submissions_desk_id_closed_at", "submissions", ["desk_id", "closed_at"]),
    ("ix_findings_at", "findings", ["at"]),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns, unique=False)


def downgrade() -> None:
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(name, table_name=table)
