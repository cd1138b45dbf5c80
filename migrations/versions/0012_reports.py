"""reports

Revision 0012 follows 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

CLOSED = sa.text("closed_at IS NOT NULL")
DECIDED = sa.text("decided_at IS NOT NULL")
COUNTED = ("state", "team_id", "worked_s", "turnaround_s", "reminded", "opened_at", "stopped_s", "submission_id")
INDEXES = (
    ("ix_submissions_closed", "submissions", ["desk_id", "closed_at", "state", "post_id", "submitted_by_id"], CLOSED),
    ("ix_reviews_decided_team", "reviews", ["team_id", "decided_at"], DECIDED),
    ("ix_reviews_decided_desk", "reviews", ["desk_id", "decided_at", *COUNTED], DECIDED),
    ("ix_findings_at", "findings", ["at"], None),
)


def upgrade() -> None:
    for name, table, columns, condition in INDEXES:
        op.create_index(
            name, table, columns, unique=False, sqlite_where=condition, postgresql_where=condition
        )
    op.create_index(
        "ix_approvals_solo",
        "approvals",
        ["approved_at"],
        unique=False,
        sqlite_where=sa.text("is_solo = 1"),
        postgresql_where=sa.text("is_solo"),
    )


def downgrade() -> None:
    op.drop_index("ix_approvals_solo", table_name="approvals")
    for name, table, _columns, _condition in reversed(INDEXES):
        op.drop_index(name, table_name=table)
