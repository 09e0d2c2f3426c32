"""what an agency was handed in, in order

Revision: 0019, after 0018
"""

from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_document_agency', 'document', ['agency_id', 'submitted_at'])
    op.drop_index('ix_document_agency_id', 'document')


def downgrade() -> None:
    op.create_index('ix_document_agency_id', 'document', ['agency_id'])
    op.drop_index('ix_document_agency', 'document')
