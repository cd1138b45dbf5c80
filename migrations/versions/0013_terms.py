"""terms

Revision 0013 follows 0012.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "terms_pages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms_pages")),
        sa.UniqueConstraint("url", name=op.f("uq_terms_pages_url")),
    )
    op.create_index("ix_terms_pages_due_at", "terms_pages", ["due_at"], unique=False)
    op.create_table(
        "terms_copies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["page_id"], ["terms_pages.id"], name=op.f("fk_terms_copies_page_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms_copies")),
        sa.UniqueConstraint("page_id", "sha256", name=op.f("uq_terms_copies_page_id_sha256")),
    )
    many = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("submissions", sa.Column("terms", many, server_default="{}", nullable=False))
    op.add_column("submissions", sa.Column("has_terms", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.execute("ALTER TABLE submissions DROP COLUMN has_terms")
    op.execute("ALTER TABLE submissions DROP COLUMN terms")
    op.drop_table("terms_copies")
    op.drop_table("terms_pages")
