"""history chain

Revision: 0002, after 0001
"""

import hashlib
import json
import zlib
from datetime import UTC

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

NO_HASH = bytes(32)
BATCH = 200
APPEND_ONLY = {
    'engine_history': ('instance_id', 'seq'),
    'engine_anchor': ('id',),
    'engine_anchored_head': ('instance_id', 'seq'),
}
POSTGRESQL_FUNCTION = (
    "CREATE OR REPLACE FUNCTION engine_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
)

instances = sa.table(
    'engine_instance',
    sa.column('id', sa.String), sa.column('state', sa.LargeBinary),
    sa.column('history_length', sa.Integer), sa.column('history_head', sa.LargeBinary),
)
lines = sa.table(
    'engine_history',
    sa.column('instance_id', sa.String), sa.column('seq', sa.Integer), sa.column('at', sa.DateTime(timezone=True)),
    sa.column('action', sa.String), sa.column('element_id', sa.String), sa.column('actor', sa.String),
    sa.column('details', sa.JSON(none_as_null=True)), sa.column('hash', sa.LargeBinary),
)


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == 'postgresql'
    # A column that may not be null needs a value for the rows that are there; what is right is written below.
    empty = sa.text("'\\x" + NO_HASH.hex() + "'" if on_postgresql else "X'" + NO_HASH.hex() + "'")

    op.add_column('engine_instance', sa.Column('history_length', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('engine_instance', sa.Column('history_head', sa.LargeBinary(), nullable=False, server_default=empty))
    op.add_column('engine_history', sa.Column('on_behalf_of', sa.String(length=64), nullable=True))
    op.add_column('engine_history', sa.Column('before', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('engine_history', sa.Column('hash', sa.LargeBinary(), nullable=False, server_default=empty))
    _chain()
    if on_postgresql:
        # SQLite drops a default only by making the table anew, which its foreign keys forbid inside a transaction.
        op.alter_column('engine_instance', 'history_length', server_default=None)
        op.alter_column('engine_instance', 'history_head', server_default=None)
        op.alter_column('engine_history', 'hash', server_default=None)

    op.create_table('engine_anchor',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('previous', sa.LargeBinary(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_engine_anchor'))
    )
    op.create_table('engine_anchored_head',
    sa.Column('instance_id', sa.String(length=16), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('anchor_id', sa.Integer(), nullable=False),
    sa.Column('head', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('instance_id', 'seq', name=op.f('pk_engine_anchored_head'))
    )
    op.create_index('ix_engine_anchored_head_anchor', 'engine_anchored_head', ['anchor_id', 'instance_id'])

    if on_postgresql:
        op.execute(POSTGRESQL_FUNCTION)
    for table, key in APPEND_ONLY.items():
        _keep_on_postgresql(table) if on_postgresql else _keep_on_sqlite(table, key)


def _chain() -> None:
    """The chain of every case, over the lines that are there."""
    connection = op.get_bind()
    fill = (
        sa.update(lines)
        .where(lines.c.instance_id == sa.bindparam('of'), lines.c.seq == sa.bindparam('number'))
        .values(hash=sa.bindparam('hash'))
    )
    crown = (
        sa.update(instances)
        .where(instances.c.id == sa.bindparam('of'))
        .values(history_length=sa.bindparam('length'), history_head=sa.bindparam('head'))
    )
    last = ''
    while ids := connection.scalars(
        sa.select(instances.c.id).where(instances.c.id > last).order_by(instances.c.id).limit(BATCH)
    ).all():
        last = ids[-1]
        ends = {id: (0, NO_HASH) for id in ids}
        filled = []
        of_these = sa.select(lines).where(lines.c.instance_id.in_(ids)).order_by(lines.c.instance_id, lines.c.seq)
        for line in connection.execute(of_these).mappings():
            head = _digest(ends[line['instance_id']][1], line)
            ends[line['instance_id']] = (line['seq'], head)
            filled.append({'of': line['instance_id'], 'number': line['seq'], 'hash': head})
        if filled:
            connection.execute(fill, filled)
        connection.execute(crown, [{'of': id, 'length': seq, 'head': head} for id, (seq, head) in ends.items()])


def _digest(previous: bytes, line: sa.RowMapping) -> bytes:
    told = {name: value for name, value in line.items() if value is not None and name != 'hash'}
    at = line['at'].replace(tzinfo=UTC) if line['at'].tzinfo is None else line['at'].astimezone(UTC)
    told['at'] = at.isoformat(timespec='microseconds')
    told['previous'] = previous.hex()
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(',', ':')).encode('ascii')).digest()


def _keep_on_postgresql(table: str) -> None:
    op.execute(
        f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} '
        'FOR EACH STATEMENT EXECUTE FUNCTION engine_append_only()'
    )


def _keep_on_sqlite(table: str, key: tuple[str, ...]) -> None:
    same_key = ' AND '.join(f'{column} = NEW.{column}' for column in key)
    there = f'WHEN EXISTS (SELECT 1 FROM {table} WHERE {same_key}) '
    for name, moment, condition in (('update', 'UPDATE', ''), ('delete', 'DELETE', ''), ('replace', 'INSERT', there)):
        op.execute(
            f'CREATE TRIGGER {table}_no_{name} BEFORE {moment} ON {table} {condition}'
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == 'postgresql':
        op.execute('DROP TRIGGER append_only ON engine_history')
    else:
        for name in ('update', 'delete', 'replace'):
            op.execute(f'DROP TRIGGER engine_history_no_{name}')
    op.drop_table('engine_anchored_head')
    op.drop_table('engine_anchor')
    if connection.dialect.name == 'postgresql':
        op.execute('DROP FUNCTION engine_append_only()')

    # The number of lines stood in the state.
    put = sa.update(instances).where(instances.c.id == sa.bindparam('of')).values(state=sa.bindparam('content'))
    last = ''
    while found := connection.execute(
        sa.select(instances).where(instances.c.id > last).order_by(instances.c.id).limit(BATCH)
    ).all():
        last = found[-1].id
        connection.execute(
            put, [{'of': case.id, 'content': _with_length(case.state, case.history_length)} for case in found]
        )
    for table, column in (
        ('engine_history', 'hash'), ('engine_history', 'before'), ('engine_history', 'on_behalf_of'),
        ('engine_instance', 'history_head'), ('engine_instance', 'history_length'),
    ):
        op.drop_column(table, column)


def _with_length(state: bytes, length: int) -> bytes:
    document = json.loads(zlib.decompress(state)) | {'h': length}
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(',', ':')).encode('utf-8'), 6)
