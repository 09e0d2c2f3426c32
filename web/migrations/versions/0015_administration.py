"""three administrators: the record of their acts, grants that wait, who came in, texts of messages, notices not public

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

ADMINISTRATORS = "role IN ('admin', 'security', 'auditor')"
APPEND_ONLY = ('admin_act', 'access_record')


def upgrade() -> None:
    op.create_table('admin_act',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(length=64), nullable=True),
    sa.Column('act', sa.String(length=32), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('before', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('after', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_admin_act'))
    )
    op.create_index(op.f('ix_admin_act_at'), 'admin_act', ['at'])
    op.create_table('access_record',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('access', sa.String(length=16), nullable=False),
    sa.Column('username', sa.String(length=64), nullable=False),
    sa.Column('address', sa.String(length=45), nullable=False),
    sa.Column('agent', sa.String(length=200), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_record'))
    )
    op.create_index(op.f('ix_access_record_at'), 'access_record', ['at'])
    op.create_index(op.f('ix_access_record_username'), 'access_record', ['username'])
    op.create_table('grant_request',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.String(length=16), nullable=False),
    sa.Column('agency_id', sa.String(length=16), nullable=True),
    sa.Column('roles', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by', sa.String(length=64), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(length=64), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_grant_request_agency_id_agency')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_grant_request_user_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grant_request'))
    )
    pending = sa.text("state = 'PENDING'")
    op.create_index('uq_grant_request_pending', 'grant_request', ['user_id'], unique=True,
                    sqlite_where=pending, postgresql_where=pending)
    op.create_table('sms_text',
    sa.Column('template', sa.String(length=8), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('text', sa.String(length=70), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('template', 'version', name=op.f('pk_sms_text'))
    )
    op.add_column('announcement', sa.Column('public', sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table('announcement') as announcement:
        announcement.alter_column('public', server_default=None)
    op.create_index('ix_engine_history_at', 'engine_history', ['at'])

    # Until now an administrator was one who had no role, or `admin`.
    op.execute(
        "INSERT INTO user_role (user_id, role) SELECT id, 'admin' FROM \"user\" WHERE kind = 'ADMIN' "
        f'AND NOT EXISTS (SELECT 1 FROM user_role WHERE user_id = "user".id AND {ADMINISTRATORS})'
    )
    op.create_index('uq_user_role_administrator', 'user_role', ['user_id'], unique=True,
                    sqlite_where=sa.text(ADMINISTRATORS), postgresql_where=sa.text(ADMINISTRATORS))

    for table in APPEND_ONLY:
        _keep(table)


def _keep(table: str) -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(
            f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} '
            'FOR EACH STATEMENT EXECUTE FUNCTION engine_append_only()'
        )
        return
    there = f'WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) '
    for name, moment, condition in (('update', 'UPDATE', ''), ('delete', 'DELETE', ''), ('replace', 'INSERT', there)):
        op.execute(
            f'CREATE TRIGGER {table}_no_{name} BEFORE {moment} ON {table} {condition}'
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def downgrade() -> None:
    op.drop_index('uq_user_role_administrator', 'user_role')
    op.drop_index('ix_engine_history_at', 'engine_history')
    op.drop_column('announcement', 'public')
    for table in ('sms_text', 'grant_request', 'access_record', 'admin_act'):
        op.drop_table(table)
