"""projects of the old system are counted where their code says that they are built

Revision: 0020, after 0019
"""

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

CODE = re.compile(r'[0-9]{4}-([0-9]{6})-[0-9]{2}-[0-9]{2}-[0-9]{6}')


def upgrade() -> None:
    connection = op.get_bind()
    tables = sa.MetaData()
    tables.reflect(connection, only=('document', 'project_figures'))
    document, figures = tables.tables['document'], tables.tables['project_figures']
    nowhere = (
        sa.select(figures.c.document_id, document.c.project_code)
        .join(document, document.c.id == figures.c.document_id)
        .where(figures.c.region == '')
    )
    rows = [_row(id, CODE.fullmatch(code or '')) for id, code in connection.execute(nowhere)]
    if rows:
        given: dict[str, Any] = {'region': sa.bindparam('at'), 'city': sa.bindparam('in_city')}
        connection.execute(sa.update(figures).where(figures.c.document_id == sa.bindparam('id')).values(given), rows)


def _row(id: str, code: re.Match[str] | None) -> dict[str, str]:
    region = code[1] if code else ''
    return {'id': id, 'at': region, 'in_city': region[:4] + '00' if region else ''}


def downgrade() -> None:
    """What was counted nowhere may as well be counted rightly."""
