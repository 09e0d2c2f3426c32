"""certificates and replies in one table

Revision: 0017, after 0016
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

# A 文号 is longer than a 备案证号. SQLite does not count characters.
NUMBERS = {
    'certificate': 'number', 'certificate_paper': 'number', 'document': 'certificate_number',
    'announcement': 'certificate_number', 'progress': 'certificate_number', 'annual_report': 'certificate_number',
    'progress_version': 'certificate_number', 'offline_seal': 'certificate_number',
}
OF_A_CERTIFICATE: dict[str, sa.types.TypeEngine[Any]] = {'seal': sa.String(16), 'verify_token': sa.String(32), 'snapshot': sa.JSON()}
"""What a reply has in its paper."""


def upgrade() -> None:
    _widen(40)
    with op.batch_alter_table('certificate') as batch_op:
        batch_op.drop_constraint('uq_certificate_filing_id', type_='unique')
    with op.batch_alter_table('certificate') as batch_op:
        batch_op.add_column(sa.Column('kind', sa.String(length=16), nullable=False, server_default='filing'))
        batch_op.alter_column('filing_id', new_column_name='project_id')
        for name, type_ in OF_A_CERTIFICATE.items():
            batch_op.alter_column(name, existing_type=type_, nullable=True)
    with op.batch_alter_table('certificate') as batch_op:
        batch_op.alter_column('kind', server_default=None)
        batch_op.create_unique_constraint('uq_certificate_project_id', ['project_id'])
    _rename('filing_id', 'project_id')


def downgrade() -> None:
    certificate = sa.table('certificate', sa.column('kind'))
    others = sa.select(sa.func.count()).where(certificate.c.kind != 'filing')
    if op.get_bind().scalar(others):
        raise RuntimeError('there are replies to applications for approval, which the older tables cannot hold')
    with op.batch_alter_table('certificate') as batch_op:
        batch_op.drop_constraint('uq_certificate_project_id', type_='unique')
    with op.batch_alter_table('certificate') as batch_op:
        batch_op.drop_column('kind')
        batch_op.alter_column('project_id', new_column_name='filing_id')
        for name, type_ in OF_A_CERTIFICATE.items():
            batch_op.alter_column(name, existing_type=type_, nullable=False)
    with op.batch_alter_table('certificate') as batch_op:
        batch_op.create_unique_constraint('uq_certificate_filing_id', ['filing_id'])
    _rename('project_id', 'filing_id')
    _widen(15)


def _widen(length: int) -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for table, column in NUMBERS.items():
            op.alter_column(table, column, type_=sa.String(length))


def _rename(old: str, new: str) -> None:
    """PostgreSQL keeps the name of a foreign key when its column gets another."""
    if op.get_bind().dialect.name == 'postgresql':
        name = 'fk_certificate_{}_document'
        op.execute(f'ALTER TABLE certificate RENAME CONSTRAINT {name.format(old)} TO {name.format(new)}')
