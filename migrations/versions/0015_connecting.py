"""connecting

Revision 0015 follows 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENTS = ("expires_at", "dies_at", "renewing_until", "renewed_at")


def upgrade() -> None:
    for name in MOMENTS:
        op.add_column("credentials", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "network_apps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("network", sa.String(length=20), nullable=False),
        sa.Column("server", sa.String(length=500), nullable=False),
        sa.Column("client_id", sa.String(length=500), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=20), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["users.id"], name=op.f("fk_network_apps_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_apps")),
        sa.UniqueConstraint("network", "server", name=op.f("uq_network_apps_network_server")),
    )
    op.create_table(
        "network_sign_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("network", sa.String(length=20), nullable=False),
        sa.Column("server", sa.String(length=500), nullable=False),
        sa.Column("kept", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=20), nullable=False),
        sa.Column("came_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_network_sign_ins_account_id")
        ),
        sa.ForeignKeyConstraint(["desk_id"], ["desks.id"], name=op.f("fk_network_sign_ins_desk_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_network_sign_ins_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_sign_ins")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_network_sign_ins_state_hash")),
    )
    op.create_index("ix_network_sign_ins_ends_at", "network_sign_ins", ["ends_at"], unique=False)


def downgrade() -> None:
    op.drop_table("network_sign_ins")
    op.drop_table("network_apps")
    with op.batch_alter_table("credentials") as credentials:
        for name in MOMENTS:
            credentials.drop_column(name)
