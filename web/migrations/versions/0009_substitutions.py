"""substitutions, and from whom a task came

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('substitution',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('principal_id', sa.String(length=16), nullable=False),
    sa.Column('substitute_id', sa.String(length=16), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['principal_id'], ['user.id'], name=op.f('fk_substitution_principal_id_user')),
    sa.ForeignKeyConstraint(['substitute_id'], ['user.id'], name=op.f('fk_substitution_substitute_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_substitution'))
    )
    op.create_index('ix_substitution_principal_id', 'substitution', ['principal_id'])
    op.create_index('ix_substitution_substitute_id', 'substitution', ['substitute_id'])
    op.add_column('engine_task', sa.Column('handed_by', sa.String(length=64), nullable=True))
    op.add_column('engine_task', sa.Column('handed_reason', sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column('engine_task', 'handed_reason')
    op.drop_column('engine_task', 'handed_by')
    op.drop_table('substitution')
