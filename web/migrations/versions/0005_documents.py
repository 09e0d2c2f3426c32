"""documents of every kind

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

INDEXED = ('agency_id', 'certificate_number', 'enterprise_id', 'instance_id', 'project_code', 'status')
# PostgreSQL keeps the names of constraints when a table gets another.
RENAMED = {
    'document': {
        'pk_filing': 'pk_document', 'fk_filing_agency_id_agency': 'fk_document_agency_id_agency',
        'fk_filing_enterprise_id_enterprise': 'fk_document_enterprise_id_enterprise',
    },
    'document_version': {
        'pk_filing_version': 'pk_document_version',
        'fk_filing_version_filing_id_filing': 'fk_document_version_document_id_document',
    },
    'attachment': {'fk_attachment_filing_id_filing': 'fk_attachment_document_id_document'},
    'notice': {'fk_notice_filing_id_filing': 'fk_notice_document_id_document'},
    'certificate': {'fk_certificate_filing_id_filing': 'fk_certificate_filing_id_document'},
}


def upgrade() -> None:
    for column in INDEXED:
        op.drop_index(f'ix_filing_{column}', 'filing')
    op.rename_table('filing', 'document')
    with op.batch_alter_table('document') as batch_op:
        batch_op.add_column(sa.Column('kind', sa.String(length=16), nullable=False, server_default='filing'))
        batch_op.add_column(sa.Column('due_on', sa.Date(), nullable=True))
        batch_op.drop_constraint('uq_filing_number', type_='unique')
        batch_op.create_unique_constraint('uq_document_number', ['number'])
    with op.batch_alter_table('document') as batch_op:
        batch_op.alter_column('kind', server_default=None)
    for column in INDEXED:
        op.create_index(f'ix_document_{column}', 'document', [column])
    op.create_index('ix_document_due_on', 'document', ['due_on'])

    op.rename_table('filing_version', 'document_version')
    with op.batch_alter_table('document_version') as batch_op:
        batch_op.alter_column('filing_id', new_column_name='document_id')
    for table in ('attachment', 'notice'):
        op.drop_index(f'ix_{table}_filing_id', table)
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column('filing_id', new_column_name='document_id')
        op.create_index(f'ix_{table}_document_id', table, ['document_id'])

    op.create_table('document_serial',
    sa.Column('day', sa.String(length=16), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_document_serial'))
    )
    op.execute(
        "INSERT INTO document_serial (day, last) "
        "SELECT 'SB' || replace(CAST(day AS VARCHAR(10)), '-', ''), last FROM filing_serial"
    )
    op.drop_table('filing_serial')

    with op.batch_alter_table('certificate') as batch_op:
        batch_op.add_column(sa.Column('extended', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('changes', sa.Integer(), nullable=False, server_default='0'))
    with op.batch_alter_table('certificate') as batch_op:
        batch_op.alter_column('extended', server_default=None)
        batch_op.alter_column('changes', server_default=None)
    if op.get_bind().dialect.name == 'postgresql':
        for table, names in RENAMED.items():
            for old, new in names.items():
                op.execute(f'ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}')

    op.create_table('progress',
    sa.Column('certificate_number', sa.String(length=15), nullable=False),
    sa.Column('start_date', sa.Date(), nullable=True),
    sa.Column('completion_date', sa.Date(), nullable=True),
    sa.Column('completion_note', sa.String(length=200), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['certificate_number'], ['certificate.number'], name=op.f('fk_progress_certificate_number_certificate')),
    sa.PrimaryKeyConstraint('certificate_number', name=op.f('pk_progress'))
    )
    op.create_table('annual_report',
    sa.Column('certificate_number', sa.String(length=15), nullable=False),
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('invested', sa.Numeric(precision=14, scale=4), nullable=False),
    sa.Column('stage', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['certificate_number'], ['progress.certificate_number'], name=op.f('fk_annual_report_certificate_number_progress')),
    sa.PrimaryKeyConstraint('certificate_number', 'year', name=op.f('pk_annual_report'))
    )
    op.create_table('progress_version',
    sa.Column('certificate_number', sa.String(length=15), nullable=False),
    sa.Column('revision', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('saved_by', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['certificate_number'], ['certificate.number'], name=op.f('fk_progress_version_certificate_number_certificate')),
    sa.PrimaryKeyConstraint('certificate_number', 'revision', name=op.f('pk_progress_version'))
    )
    op.create_table('paper',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('document_id', sa.String(length=16), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('issue_date', sa.Date(), nullable=False),
    sa.Column('seal', sa.String(length=16), nullable=False),
    sa.Column('verify_token', sa.String(length=32), nullable=False),
    sa.Column('snapshot', sa.JSON(), nullable=False),
    sa.Column('pdf', sa.LargeBinary(), nullable=True),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_paper_document_id_document')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper')),
    sa.UniqueConstraint('number', name=op.f('uq_paper_number')),
    sa.UniqueConstraint('verify_token', name=op.f('uq_paper_verify_token'))
    )
    op.create_index('ix_paper_document_id', 'paper', ['document_id'])
    op.create_table('statutory_clock',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('document_id', sa.String(length=16), nullable=False),
    sa.Column('submission', sa.Integer(), nullable=False),
    sa.Column('limit_days', sa.Integer(), nullable=False),
    sa.Column('begun_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_statutory_clock_document_id_document'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statutory_clock'))
    )
    op.create_index('ix_statutory_clock_document_id', 'statutory_clock', ['document_id', 'submission'], unique=True)
    op.create_table('clock_pause',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('clock_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=100), nullable=False),
    sa.Column('begun_on', sa.Date(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['clock_id'], ['statutory_clock.id'], name=op.f('fk_clock_pause_clock_id_statutory_clock'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clock_pause'))
    )
    op.create_index('ix_clock_pause_clock_id', 'clock_pause', ['clock_id'])


def downgrade() -> None:
    for table in ('clock_pause', 'statutory_clock', 'paper', 'progress_version', 'annual_report', 'progress'):
        op.drop_table(table)
    if op.get_bind().dialect.name == 'postgresql':
        for table, names in RENAMED.items():
            for old, new in names.items():
                op.execute(f'ALTER TABLE {table} RENAME CONSTRAINT {new} TO {old}')
    with op.batch_alter_table('certificate') as batch_op:
        batch_op.drop_column('changes')
        batch_op.drop_column('extended')

    op.create_table('filing_serial',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_filing_serial'))
    )
    of_filings = "SELECT substr(day, 3, 4) || '-' || substr(day, 7, 2) || '-' || substr(day, 9, 2) AS day, last"
    as_day = 'CAST(day AS DATE)' if op.get_bind().dialect.name == 'postgresql' else 'day'
    op.execute(
        f"INSERT INTO filing_serial (day, last) SELECT {as_day}, last "
        f"FROM ({of_filings} FROM document_serial WHERE day LIKE 'SB%') AS of_filings"
    )
    op.drop_table('document_serial')

    # Other kinds there were none.
    op.execute("DELETE FROM notice WHERE document_id IN (SELECT id FROM document WHERE kind <> 'filing')")
    op.execute("DELETE FROM attachment WHERE document_id IN (SELECT id FROM document WHERE kind <> 'filing')")
    op.execute("DELETE FROM document_version WHERE document_id IN (SELECT id FROM document WHERE kind <> 'filing')")
    op.execute("DELETE FROM document WHERE kind <> 'filing'")
    for table in ('attachment', 'notice'):
        op.drop_index(f'ix_{table}_document_id', table)
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column('document_id', new_column_name='filing_id')
        op.create_index(f'ix_{table}_filing_id', table, ['filing_id'])
    with op.batch_alter_table('document_version') as batch_op:
        batch_op.alter_column('document_id', new_column_name='filing_id')
    op.rename_table('document_version', 'filing_version')
    for column in INDEXED:
        op.drop_index(f'ix_document_{column}', 'document')
    op.drop_index('ix_document_due_on', 'document')
    with op.batch_alter_table('document') as batch_op:
        batch_op.drop_constraint('uq_document_number', type_='unique')
        batch_op.create_unique_constraint('uq_filing_number', ['number'])
        batch_op.drop_column('due_on')
        batch_op.drop_column('kind')
    op.rename_table('document', 'filing')
    for column in INDEXED:
        op.create_index(f'ix_filing_{column}', 'filing', [column])
