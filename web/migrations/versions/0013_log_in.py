"""who gets in: identities, log-ins, tokens with a scope, accounts that were merged or locked

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('user') as table:
        table.add_column(sa.Column('must_change_password', sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column('failed_logins', sa.Integer(), nullable=False, server_default='0'))
        table.add_column(sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column('merged_into', sa.String(length=16), nullable=True))
        table.create_foreign_key(op.f('fk_user_merged_into_user'), 'user', ['merged_into'], ['id'])
        table.create_index(op.f('ix_user_merged_into'), ['merged_into'])
    with op.batch_alter_table('user') as table:
        table.alter_column('must_change_password', server_default=None)
        table.alter_column('failed_logins', server_default=None)
    with op.batch_alter_table('api_token') as table:
        table.add_column(sa.Column('id', sa.String(length=16), nullable=True))
        table.add_column(sa.Column('name', sa.String(length=50), nullable=False, server_default=''))
        table.add_column(sa.Column('scope', sa.String(length=8), nullable=False, server_default='write'))
        table.add_column(sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE api_token SET id = substr(digest, 1, 16)")
    with op.batch_alter_table('api_token') as table:
        table.alter_column('id', existing_type=sa.String(length=16), nullable=False)
        table.alter_column('name', server_default=None)
        table.alter_column('scope', server_default=None)
        table.create_unique_constraint(op.f('uq_api_token_id'), ['id'])
    op.create_table('login_session',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('user_id', sa.String(length=16), nullable=False),
    sa.Column('method', sa.String(length=16), nullable=False),
    sa.Column('agent', sa.String(length=200), nullable=False),
    sa.Column('address', sa.String(length=45), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_login_session_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_session'))
    )
    op.create_index(op.f('ix_login_session_user_id'), 'login_session', ['user_id'])
    op.create_table('identity',
    sa.Column('issuer', sa.String(length=200), nullable=False),
    sa.Column('subject', sa.String(length=255), nullable=False),
    sa.Column('user_id', sa.String(length=16), nullable=False),
    sa.Column('bound_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_identity_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('issuer', 'subject', name=op.f('pk_identity'))
    )
    op.create_index(op.f('ix_identity_user_id'), 'identity', ['user_id'])
    op.create_table('account_merge',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('enterprise_name', sa.String(length=100), nullable=False),
    sa.Column('mobile', sa.Text(), nullable=False),
    sa.Column('enterprise_id', sa.String(length=16), nullable=True),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('instance_id', sa.String(length=16), nullable=True),
    sa.Column('kept_id', sa.String(length=16), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprise.id'], name=op.f('fk_account_merge_enterprise_id_enterprise')),
    sa.ForeignKeyConstraint(['kept_id'], ['user.id'], name=op.f('fk_account_merge_kept_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_merge'))
    )
    op.create_index(op.f('ix_account_merge_enterprise_id'), 'account_merge', ['enterprise_id'])


def downgrade() -> None:
    op.drop_table('account_merge')
    op.drop_table('identity')
    op.drop_table('login_session')
    with op.batch_alter_table('api_token') as table:
        table.drop_constraint(op.f('uq_api_token_id'), type_='unique')
        for name in ('seen_at', 'expires_at', 'scope', 'name', 'id'):
            table.drop_column(name)
    with op.batch_alter_table('user') as table:
        table.drop_index(op.f('ix_user_merged_into'))
        table.drop_constraint(op.f('fk_user_merged_into_user'), type_='foreignkey')
        for name in ('merged_into', 'locked_until', 'failed_logins', 'must_change_password'):
            table.drop_column(name)
