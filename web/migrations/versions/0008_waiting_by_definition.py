"""who waits for a message, by definition

Revision: 0008, after 0007
"""

from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

INDEX, TABLE = 'ix_engine_subscription_name', 'engine_subscription'


def upgrade() -> None:
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, ['kind', 'name', 'definition_id', 'correlation'])


def downgrade() -> None:
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, ['kind', 'name', 'correlation'])
