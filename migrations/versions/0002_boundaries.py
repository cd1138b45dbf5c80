"""boundaries

Revision 0002 follows 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('boundaries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('desk_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('detector', sa.Enum('words', 'personal_data', 'prices', 'links', 'products', 'manner', 'reading', name='detector', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('owner_team_id', sa.Integer(), nullable=True),
    sa.Column('is_builtin', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('latest_number', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['desk_id'], ['desks.id'], name=op.f('fk_boundaries_desk_id')),
    sa.ForeignKeyConstraint(['owner_team_id'], ['teams.id'], name=op.f('fk_boundaries_owner_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_boundaries')),
    sa.UniqueConstraint('key', name=op.f('uq_boundaries_key'))
    )
    with op.batch_alter_table('boundaries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_boundaries_desk_id'), ['desk_id'], unique=False)

    op.create_table('boundary_versions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('boundary_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('is_on', sa.Boolean(), server_default=sa.true(), nullable=False),
    sa.Column('severity', sa.Enum('inform', 'warn', 'block', name='severity', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('settings', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('advice', sa.Text(), nullable=False),
    sa.Column('team_key', sa.String(length=30), nullable=False),
    sa.Column('needs_evidence', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('effective_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['boundary_id'], ['boundaries.id'], name=op.f('fk_boundary_versions_boundary_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['created_by_id'], ['users.id'], name=op.f('fk_boundary_versions_created_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_boundary_versions')),
    sa.UniqueConstraint('boundary_id', 'number', name=op.f('uq_boundary_versions_boundary_id_number'))
    )
    op.create_table('findings',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('submission_id', sa.Integer(), nullable=False),
    sa.Column('boundary_id', sa.Integer(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('places', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['boundary_id'], ['boundaries.id'], name=op.f('fk_findings_boundary_id')),
    sa.ForeignKeyConstraint(['submission_id'], ['submissions.id'], name=op.f('fk_findings_submission_id')),
    sa.ForeignKeyConstraint(['version_id'], ['boundary_versions.id'], name=op.f('fk_findings_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_findings'))
    )
    with op.batch_alter_table('findings', schema=None) as batch_op:
        batch_op.create_index('ix_findings_boundary_id_at', ['boundary_id', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_findings_submission_id'), ['submission_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('findings', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_findings_submission_id'))
        batch_op.drop_index('ix_findings_boundary_id_at')

    op.drop_table('findings')
    op.drop_table('boundary_versions')
    with op.batch_alter_table('boundaries', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_boundaries_desk_id'))

    op.drop_table('boundaries')
