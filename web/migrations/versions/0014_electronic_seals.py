"""electronic seals, and simulated systems that are down

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('electronic_seal',
    sa.Column('paper_number', sa.String(length=40), nullable=False),
    sa.Column('agency_id', sa.String(length=16), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('issuer', sa.String(length=200), nullable=False),
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('sealed_at', sa.DateTime(), nullable=False),
    sa.Column('licence_id', sa.String(length=64), nullable=True),
    sa.Column('licensed_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_electronic_seal_agency_id_agency')),
    sa.PrimaryKeyConstraint('paper_number', name=op.f('pk_electronic_seal'))
    )
    op.create_table('simulated_outage',
    sa.Column('system', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.PrimaryKeyConstraint('system', name=op.f('pk_simulated_outage'))
    )


def downgrade() -> None:
    op.drop_table('simulated_outage')
    op.drop_table('electronic_seal')
