"""the register of offline seals

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('offline_seal',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('document_id', sa.String(length=16), nullable=False),
    sa.Column('certificate_number', sa.String(length=15), nullable=False),
    sa.Column('paper_number', sa.String(length=40), nullable=False),
    sa.Column('agency_id', sa.String(length=16), nullable=False),
    sa.Column('issue_date', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('stamped_on', sa.Date(), nullable=True),
    sa.Column('stamped_by', sa.String(length=64), nullable=True),
    sa.Column('collected_on', sa.Date(), nullable=True),
    sa.Column('collector', sa.Text(), nullable=True),
    sa.Column('handed_over_by', sa.String(length=64), nullable=True),
    sa.Column('ceased_on', sa.Date(), nullable=True),
    sa.Column('remark', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_offline_seal_agency_id_agency')),
    sa.ForeignKeyConstraint(['certificate_number'], ['certificate.number'], name=op.f('fk_offline_seal_certificate_number_certificate')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_offline_seal_document_id_document')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_offline_seal')),
    sa.UniqueConstraint('document_id', name=op.f('uq_offline_seal_document_id')),
    sa.UniqueConstraint('paper_number', name=op.f('uq_offline_seal_paper_number'))
    )
    op.create_index('ix_offline_seal_agency_id', 'offline_seal', ['agency_id', 'state'])
    op.create_index('ix_offline_seal_certificate_number', 'offline_seal', ['certificate_number'])


def downgrade() -> None:
    op.drop_table('offline_seal')
