"""facts

Revision 0006 follows 0005.
"""

import sqlalchemy as sa
from alembic import op
revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('facts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('desk_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('owner_team_id', sa.Integer(), nullable=True),
    sa.Column('latest_number', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['desk_id'], ['desks.id'], name=op.f('fk_facts_desk_id')),
    sa.ForeignKeyConstraint(['owner_team_id'], ['teams.id'], name=op.f('fk_facts_owner_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_facts')),
    sa.UniqueConstraint('desk_id', 'key', name=op.f('uq_facts_desk_id_key'))
    )
    op.create_table('fact_versions',
    sa.Column('fact_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['created_by_id'], ['users.id'], name=op.f('fk_fact_versions_created_by_id')),
    sa.ForeignKeyConstraint(['fact_id'], ['facts.id'], name=op.f('fk_fact_versions_fact_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('fact_id', 'number', name=op.f('pk_fact_versions'))
    )
    op.create_table('fact_uses',
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('fact_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['fact_id'], ['facts.id'], name=op.f('fk_fact_uses_fact_id')),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_fact_uses_revision_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('revision_id', 'fact_id', name=op.f('pk_fact_uses'))
    )
    with op.batch_alter_table('fact_uses', schema=None) as batch_op:
        batch_op.create_index('ix_fact_uses_fact_id_number', ['fact_id', 'number'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('fact_uses', schema=None) as batch_op:
        batch_op.drop_index('ix_fact_uses_fact_id_number')

    op.drop_table('fact_uses')
    op.drop_table('fact_versions')
    op.drop_table('facts')
