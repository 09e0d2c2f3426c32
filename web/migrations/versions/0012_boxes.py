"""boxes by index: tasks are due, and each share of a box is found in order

Revision: 0012, after 0011
"""

from datetime import UTC, date, datetime, time

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

_SHARES = {
    'free': (['candidate_group', 'due_at', 'created_at', 'id'], "state = 'open' AND assignee IS NULL"),
    'held': (['assignee', 'due_at', 'created_at', 'id'], "state = 'open' AND assignee IS NOT NULL"),
    'done': (['completed_by', 'ended_at', 'id'], "state = 'done'"),
}
_OLD = {
    'group': ['candidate_group', 'state', 'created_at'],
    'assignee': ['assignee', 'state', 'created_at'],
    'completed_by': ['completed_by', 'ended_at'],
}


def upgrade() -> None:
    for name in _OLD:
        op.drop_index(f'ix_engine_task_{name}', table_name='engine_task')
    _fill_due()
    for name, (columns, rows) in _SHARES.items():
        op.create_index(
            f'ix_engine_task_{name}', 'engine_task', columns, sqlite_where=sa.text(rows), postgresql_where=sa.text(rows)
        )


def _fill_due() -> None:
    """What an authority has to do about a document is due when the document's last day is over, in China."""
    task = sa.table('engine_task', sa.column('id'), sa.column('instance_id'), sa.column('state'),
                    sa.column('candidate_group', sa.String), sa.column('due_at', sa.DateTime(timezone=True)))
    case = sa.table('engine_instance', sa.column('id'), sa.column('business_key'))
    document = sa.table('document', sa.column('id'), sa.column('due_on', sa.Date))
    found = op.get_bind().execute(
        sa.select(task.c.id, document.c.due_on)
        .join_from(task, case, case.c.id == task.c.instance_id)
        .join(document, document.c.id == case.c.business_key)
        .where(task.c.state == 'open', task.c.candidate_group.like('agency:%'), document.c.due_on.is_not(None))
    ).all()
    rows = [{'task': id_, 'due': _over(day)} for id_, day in found]
    if rows:
        change = task.update().where(task.c.id == sa.bindparam('task')).values(due_at=sa.bindparam('due'))
        op.get_bind().execute(change, rows)


def _over(day: date) -> datetime:
    return datetime.combine(day, time(16), UTC)  # midnight at the end of the day, eight hours east


def downgrade() -> None:
    for name in _SHARES:
        op.drop_index(f'ix_engine_task_{name}', table_name='engine_task')
    for name, columns in _OLD.items():
        op.create_index(f'ix_engine_task_{name}', 'engine_task', columns)
