"""what is counted of a project, in columns; names that are found by a part of them; exports of long lists

Revision: 0016, after 0015
"""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

import sqlalchemy as sa
from alembic import op

from engine.tables import UtcDateTime

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

GRAMS = """CREATE OR REPLACE FUNCTION jigai_grams(given text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 3000 AS $$
SELECT ARRAY(SELECT substr(lower(given), n, 2) FROM generate_series(1, length(given) - 1) n) $$"""

AMOUNTS = ('total', 'own_funds', 'domestic_loan', 'stock_bond', 'other_funds')
JOBS = ('jobs_construction', 'jobs_operation')
CHUNK = 1000


def upgrade() -> None:
    figures = op.create_table(
        'project_figures',
        sa.Column('document_id', sa.String(length=16), nullable=False),
        sa.Column('enterprise_id', sa.String(length=16), nullable=False),
        sa.Column('agency_id', sa.String(length=16), nullable=True),
        sa.Column('submitted_at', UtcDateTime(), nullable=False),
        sa.Column('region', sa.String(length=6), nullable=False),
        sa.Column('city', sa.String(length=6), nullable=False),
        sa.Column('division', sa.String(length=2), nullable=False),
        sa.Column('class_code', sa.String(length=4), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in AMOUNTS),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in JOBS),
        sa.Column('returned', sa.Integer(), nullable=False),
        sa.Column('issue_date', sa.Date(), nullable=True),
        sa.Column('month', sa.Integer(), nullable=True),
        sa.Column('certificate_status', sa.String(length=16), nullable=True),
        sa.Column('invalid_reason', sa.String(length=32), nullable=True),
        sa.Column('limit_days', sa.Integer(), nullable=True),
        sa.Column('days_taken', sa.Integer(), nullable=True),
        sa.Column('started_on', sa.Date(), nullable=True),
        sa.Column('completed_on', sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ['document_id'], ['document.id'], name=op.f('fk_project_figures_document_id_document'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('document_id', name=op.f('pk_project_figures')),
    )
    fill(op.get_bind(), figures)
    op.create_table(
        'export',
        sa.Column('id', sa.String(length=16), nullable=False),
        sa.Column('listing', sa.String(length=16), nullable=False),
        sa.Column('form', sa.String(length=4), nullable=False),
        sa.Column('language', sa.String(length=8), nullable=False),
        sa.Column('asked', sa.JSON(), nullable=False),
        sa.Column('asked_by', sa.String(length=64), nullable=False),
        sa.Column('asked_at', UtcDateTime(), nullable=False),
        sa.Column('total', sa.Integer(), nullable=False),
        sa.Column('written', sa.Integer(), nullable=False),
        sa.Column('finished_at', UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_export')),
    )
    op.create_index('ix_export_asked_by', 'export', ['asked_by'])
    op.create_index('ix_project_figures_enterprise_id', 'project_figures', ['enterprise_id'])
    op.create_index('ix_project_figures_submitted', 'project_figures', ['submitted_at', 'document_id'])
    op.create_index('ix_project_figures_agency', 'project_figures', ['agency_id', 'submitted_at', 'document_id'])
    op.create_index('ix_project_figures_parties', 'project_figures', ['agency_id', 'enterprise_id'])
    op.create_index('ix_project_figures_issued', 'project_figures', ['issue_date'])
    op.create_index('ix_project_figures_agency_issued', 'project_figures', ['agency_id', 'issue_date'])
    op.create_index('ix_document_submitted_at', 'document', ['submitted_at'])
    op.create_index('ix_enterprise_name', 'enterprise', ['name', 'id'])
    op.create_index('ix_certificate_issue_date', 'certificate', ['issue_date', 'number'])
    if op.get_bind().dialect.name != 'postgresql':
        return
    op.execute(GRAMS)
    for table, name in (('document', 'project_name'), ('enterprise', 'name')):
        op.execute(f'CREATE INDEX ix_{table}_grams ON {table} USING gin (jigai_grams({name})) WITH (fastupdate = off)')
    op.drop_index('ix_document_project_code', 'document')
    op.execute('CREATE INDEX ix_document_project_code ON document (project_code varchar_pattern_ops)')


def fill(connection: sa.Connection, figures: sa.Table) -> None:
    """Count what is there: every project that was submitted."""
    tables = sa.MetaData()
    names = ('document', 'certificate', 'progress', 'statutory_clock', 'clock_pause', 'working_day', 'engine_task', 'engine_instance')
    tables.reflect(connection, only=names)
    document, certificate, progress, clock, pause, day, task, instance = (tables.tables[name] for name in names)
    projects = (
        sa.select(
            document.c.id, document.c.enterprise_id, document.c.agency_id,
            sa.type_coerce(document.c.submitted_at, UtcDateTime()).label('submitted_at'),
            sa.type_coerce(document.c.form, sa.JSON).label('form'),
            certificate.c.issue_date, certificate.c.status, certificate.c.invalid_reason,
            progress.c.start_date, progress.c.completion_date,
        )
        .outerjoin(certificate, certificate.c.filing_id == document.c.id)
        .outerjoin(progress, progress.c.certificate_number == certificate.c.number)
        .where(document.c.kind.in_(('filing', 'approval')), document.c.submission > 0)
        .order_by(document.c.id)
    )
    results = (
        sa.select(instance.c.business_key, sa.type_coerce(task.c.result, sa.JSON))
        .join(instance, instance.c.id == task.c.instance_id)
        .where(task.c.state == 'done', task.c.result.is_not(None))
    )
    returns: dict[str, int] = {}
    for key, result in connection.execute(results):
        if key and isinstance(result, dict) and result.get('decision') == 'return':
            returns[key] = returns.get(key, 0) + 1
    worked = dict(connection.execute(sa.select(day.c.day, day.c.is_workday)).all())
    pauses: dict[int, list] = {}
    for one in connection.execute(sa.select(pause.c.clock_id, pause.c.begun_on, pause.c.ended_on)):
        pauses.setdefault(one.clock_id, []).append(one)
    clocks = {one.document_id: one for one in connection.execute(sa.select(clock).order_by(clock.c.id))}
    rows = [_row(found, returns, worked, clocks, pauses) for found in connection.execute(projects)]
    for start in range(0, len(rows), CHUNK):
        connection.execute(figures.insert(), rows[start : start + CHUNK])


def _row(found, returns, worked, clocks, pauses) -> dict:
    form, money = found.form, found.form.get('money') or {}
    region, class_code = str(form.get('region') or '')[:6], str(form.get('class_code') or '')[:4]
    clock = clocks.get(found.id) if found.issue_date else None
    return {
        'document_id': found.id,
        'enterprise_id': found.enterprise_id,
        'agency_id': found.agency_id,
        'submitted_at': found.submitted_at,
        'region': region,
        'city': region[:4] + '00',
        'division': class_code[:2],
        'class_code': class_code,
        **{name: _yuan(money.get(name)) for name in AMOUNTS},
        **{name: form.get(name) if type(form.get(name)) is int else 0 for name in JOBS},
        'returned': returns.get(found.id, 0),
        'issue_date': found.issue_date,
        'month': found.issue_date.year * 100 + found.issue_date.month if found.issue_date else None,
        'certificate_status': found.status,
        'invalid_reason': found.invalid_reason,
        'limit_days': clock.limit_days + clock.prolonged_by if clock else None,
        'days_taken': _days(clock.begun_on, found.issue_date, worked, pauses.get(clock.id, ())) if clock else None,
        'started_on': found.start_date,
        'completed_on': found.completion_date,
    }


def _days(begun: date, issued: date, worked, pauses) -> int:
    days = (begun + timedelta(days=number + 1) for number in range((issued - begun).days))
    return sum(
        worked.get(day, day.weekday() < 5)
        and not any(pause.begun_on < day <= (pause.ended_on or issued) for pause in pauses)
        for day in days
    )


def _yuan(amount) -> int:
    try:
        return int(Decimal(str(amount)) * 10_000)
    except InvalidOperation:
        return 0


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.drop_index('ix_document_project_code', 'document')
        op.create_index('ix_document_project_code', 'document', ['project_code'])
        for table in ('document', 'enterprise'):
            op.drop_index(f'ix_{table}_grams', table)
        op.execute('DROP FUNCTION jigai_grams(text)')
    op.drop_index('ix_certificate_issue_date', 'certificate')
    op.drop_index('ix_enterprise_name', 'enterprise')
    op.drop_index('ix_document_submitted_at', 'document')
    op.drop_table('export')
    op.drop_table('project_figures')
