"""the open tasks of a case

Revision: 0004, after 0003
"""

from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_engine_task_instance', 'engine_task')
    op.create_index('ix_engine_task_instance', 'engine_task', ['instance_id', 'state', 'token'])


def downgrade() -> None:
    op.drop_index('ix_engine_task_instance', 'engine_task')
    op.create_index('ix_engine_task_instance', 'engine_task', ['instance_id', 'token'])
