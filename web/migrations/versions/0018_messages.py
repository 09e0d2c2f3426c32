"""what becomes of short messages

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('outgoing_sms') as batch_op:
        batch_op.add_column(sa.Column('number_print', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('places', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('document_id', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('note', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('resent', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('gateway', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('reference', sa.String(length=128), nullable=True))
        batch_op.add_column(sa.Column('reported_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.alter_column('state', existing_type=sa.String(8), type_=sa.String(16), existing_nullable=False)
        batch_op.create_foreign_key(
            'fk_outgoing_sms_document_id_document', 'document', ['document_id'], ['id'], ondelete='SET NULL'
        )
    with op.batch_alter_table('outgoing_sms') as batch_op:
        batch_op.alter_column('places', server_default=None)
        batch_op.alter_column('resent', server_default=None)
    op.create_index('ix_outgoing_sms_document_id', 'outgoing_sms', ['document_id'])
    op.create_index('ix_outgoing_sms_number', 'outgoing_sms', ['number_print', 'template', 'sent_at'])
    op.create_index('ix_outgoing_sms_reference', 'outgoing_sms', ['gateway', 'reference'])


def downgrade() -> None:
    for name in ('document_id', 'number', 'reference'):
        op.drop_index(f'ix_outgoing_sms_{name}', 'outgoing_sms')
    with op.batch_alter_table('outgoing_sms') as batch_op:
        batch_op.drop_constraint('fk_outgoing_sms_document_id_document', type_='foreignkey')
        for name in (
            *('number_print', 'places', 'document_id', 'note', 'resent', 'gateway', 'reference', 'reported_at'),
        ):
            batch_op.drop_column(name)
