"""clocks: what for, when to warn, and by how much they were prolonged; how an agency numbers its replies; inquiries

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Until now every clock was one of a review, with a warning after two days.
    with op.batch_alter_table('statutory_clock') as batch_op:
        batch_op.add_column(sa.Column('purpose', sa.String(length=16), nullable=False, server_default='review'))
        batch_op.add_column(sa.Column('warn_after', sa.Integer(), nullable=False, server_default='2'))
        batch_op.add_column(sa.Column('prolonged_by', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('prolonged_because', sa.String(length=200), nullable=True))
        batch_op.drop_index('ix_statutory_clock_document_id')
        batch_op.create_index('ix_statutory_clock_document_id', ['document_id', 'submission', 'purpose'], unique=True)
    with op.batch_alter_table('statutory_clock') as batch_op:
        for column in ('purpose', 'warn_after', 'prolonged_by'):
            batch_op.alter_column(column, server_default=None)
    with op.batch_alter_table('agency') as batch_op:
        batch_op.add_column(sa.Column('letters', sa.String(length=16), nullable=True))
    op.create_table(
        'inquiry',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('document_id', sa.String(length=16), nullable=False),
        sa.Column('kind', sa.String(length=32), nullable=False),
        sa.Column('party', sa.String(length=100), nullable=False),
        sa.Column('asked_on', sa.Date(), nullable=False),
        sa.Column('due_on', sa.Date(), nullable=True),
        sa.Column('answered_on', sa.Date(), nullable=True),
        sa.Column('answer', sa.String(length=16), nullable=True),
        sa.Column('opinion', sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ['document_id'], ['document.id'], name=op.f('fk_inquiry_document_id_document'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_inquiry')),
    )
    op.create_index('ix_inquiry_document_id', 'inquiry', ['document_id'])


def downgrade() -> None:
    op.drop_table('inquiry')
    with op.batch_alter_table('agency') as batch_op:
        batch_op.drop_column('letters')
    op.execute("DELETE FROM statutory_clock WHERE purpose <> 'review'")
    with op.batch_alter_table('statutory_clock') as batch_op:
        batch_op.drop_index('ix_statutory_clock_document_id')
        batch_op.create_index('ix_statutory_clock_document_id', ['document_id', 'submission'], unique=True)
        for column in ('prolonged_because', 'prolonged_by', 'warn_after', 'purpose'):
            batch_op.drop_column(column)
