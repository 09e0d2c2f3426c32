"""first tables

Revision: 0001, after 
"""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table('agency',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('parent_id', sa.String(length=16), nullable=True),
    sa.Column('cert_code', sa.String(length=4), nullable=False),
    sa.Column('e_seal', sa.Boolean(), nullable=False),
    sa.Column('can_file', sa.Boolean(), nullable=False),
    sa.Column('can_approve', sa.Boolean(), nullable=False),
    sa.Column('duty_mobile', sa.Text(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['parent_id'], ['agency.id'], name=op.f('fk_agency_parent_id_agency')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agency')),
    sa.UniqueConstraint('cert_code', name=op.f('uq_agency_cert_code'))
    )
    op.create_table('certificate_serial',
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('year', name=op.f('pk_certificate_serial'))
    )
    op.create_table('engine_buffered_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('correlation', sa.JSON(), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_engine_buffered_message'))
    )
    with op.batch_alter_table('engine_buffered_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_engine_buffered_message_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_engine_buffered_message_name'), ['name'], unique=False)

    op.create_table('engine_command_receipt',
    sa.Column('actor', sa.String(length=64), nullable=False),
    sa.Column('key', sa.String(length=128), nullable=False),
    sa.Column('request', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('answer', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('actor', 'key', name=op.f('pk_engine_command_receipt'))
    )
    op.create_table('engine_deployment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=64), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_engine_deployment')),
    sa.UniqueConstraint('digest', name=op.f('uq_engine_deployment_digest'))
    )
    op.create_table('engine_history',
    sa.Column('instance_id', sa.String(length=16), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('element_id', sa.String(length=200), nullable=True),
    sa.Column('actor', sa.String(length=64), nullable=True),
    sa.Column('details', sa.JSON(none_as_null=True), nullable=True),
    sa.PrimaryKeyConstraint('instance_id', 'seq', name=op.f('pk_engine_history'))
    )
    op.create_table('enterprise',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('uscc', sa.String(length=18), nullable=False),
    sa.Column('region', sa.String(length=6), nullable=False),
    sa.Column('economic_type', sa.String(length=40), nullable=False),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('legal_rep', sa.Text(), nullable=False),
    sa.Column('contact', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enterprise')),
    sa.UniqueConstraint('uscc', name=op.f('uq_enterprise_uscc'))
    )
    op.create_table('filing_serial',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_filing_serial'))
    )
    op.create_table('industry_class',
    sa.Column('code', sa.String(length=4), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('section', sa.String(length=1), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_industry_class'))
    )
    op.create_table('outgoing_sms',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('template', sa.String(length=8), nullable=False),
    sa.Column('mobile', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('key', sa.String(length=128), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outgoing_sms')),
    sa.UniqueConstraint('key', name=op.f('uq_outgoing_sms_key'))
    )
    with op.batch_alter_table('outgoing_sms', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outgoing_sms_state'), ['state'], unique=False)

    op.create_table('policy_edition',
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('edition', sa.String(length=32), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('effective_from', sa.Date(), nullable=False),
    sa.Column('effective_to', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('kind', 'edition', name=op.f('pk_policy_edition'))
    )
    op.create_table('region',
    sa.Column('code', sa.String(length=6), nullable=False),
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('parent', sa.String(length=6), nullable=True),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('prd_core', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['parent'], ['region.code'], name=op.f('fk_region_parent_region')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_region'))
    )
    op.create_table('working_day',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('is_workday', sa.Boolean(), nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_working_day'))
    )
    op.create_table('engine_definition',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('deployment_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['deployment_id'], ['engine_deployment.id'], name=op.f('fk_engine_definition_deployment_id_engine_deployment')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_engine_definition')),
    sa.UniqueConstraint('key', 'version', name=op.f('uq_engine_definition_key'))
    )
    with op.batch_alter_table('engine_definition', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_engine_definition_deployment_id'), ['deployment_id'], unique=False)

    op.create_table('engine_deployment_file',
    sa.Column('deployment_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['deployment_id'], ['engine_deployment.id'], name=op.f('fk_engine_deployment_file_deployment_id_engine_deployment')),
    sa.PrimaryKeyConstraint('deployment_id', 'name', name=op.f('pk_engine_deployment_file'))
    )
    op.create_table('filing',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('enterprise_id', sa.String(length=16), nullable=False),
    sa.Column('agency_id', sa.String(length=16), nullable=True),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('form', sa.JSON(), nullable=False),
    sa.Column('project_contact', sa.Text(), nullable=True),
    sa.Column('project_code', sa.String(length=40), nullable=True),
    sa.Column('project_name', sa.String(length=200), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('submission', sa.Integer(), nullable=False),
    sa.Column('instance_id', sa.String(length=32), nullable=True),
    sa.Column('certificate_number', sa.String(length=15), nullable=True),
    sa.Column('opinion', sa.String(length=500), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_by', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_filing_agency_id_agency')),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprise.id'], name=op.f('fk_filing_enterprise_id_enterprise')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_filing')),
    sa.UniqueConstraint('number', name=op.f('uq_filing_number'))
    )
    with op.batch_alter_table('filing', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_filing_agency_id'), ['agency_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_filing_certificate_number'), ['certificate_number'], unique=False)
        batch_op.create_index(batch_op.f('ix_filing_enterprise_id'), ['enterprise_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_filing_instance_id'), ['instance_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_filing_project_code'), ['project_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_filing_status'), ['status'], unique=False)

    op.create_table('policy_entry',
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('edition', sa.String(length=32), nullable=False),
    sa.Column('code', sa.String(length=32), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('category', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['kind', 'edition'], ['policy_edition.kind', 'policy_edition.edition'], name=op.f('fk_policy_entry_kind_policy_edition')),
    sa.PrimaryKeyConstraint('kind', 'edition', 'code', name=op.f('pk_policy_entry'))
    )
    op.create_table('user',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('username', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('enterprise_id', sa.String(length=16), nullable=True),
    sa.Column('agency_id', sa.String(length=16), nullable=True),
    sa.Column('password_hash', sa.String(length=200), nullable=True),
    sa.Column('mobile', sa.Text(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_user_agency_id_agency')),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprise.id'], name=op.f('fk_user_enterprise_id_enterprise')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user')),
    sa.UniqueConstraint('username', name=op.f('uq_user_username'))
    )
    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_agency_id'), ['agency_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_enterprise_id'), ['enterprise_id'], unique=False)

    op.create_table('api_token',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=16), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_api_token_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_api_token'))
    )
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_token_user_id'), ['user_id'], unique=False)

    op.create_table('attachment',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('filing_id', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('content_type', sa.String(length=100), nullable=False),
    sa.Column('stored_name', sa.String(length=64), nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('uploaded_by', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['filing_id'], ['filing.id'], name=op.f('fk_attachment_filing_id_filing'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    sa.UniqueConstraint('stored_name', name=op.f('uq_attachment_stored_name'))
    )
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attachment_filing_id'), ['filing_id'], unique=False)

    op.create_table('certificate',
    sa.Column('number', sa.String(length=15), nullable=False),
    sa.Column('filing_id', sa.String(length=16), nullable=False),
    sa.Column('enterprise_id', sa.String(length=16), nullable=False),
    sa.Column('agency_id', sa.String(length=16), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('invalid_reason', sa.String(length=32), nullable=True),
    sa.Column('issue_date', sa.Date(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('seal', sa.String(length=16), nullable=False),
    sa.Column('verify_token', sa.String(length=32), nullable=False),
    sa.Column('snapshot', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id'], ['agency.id'], name=op.f('fk_certificate_agency_id_agency')),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprise.id'], name=op.f('fk_certificate_enterprise_id_enterprise')),
    sa.ForeignKeyConstraint(['filing_id'], ['filing.id'], name=op.f('fk_certificate_filing_id_filing')),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_certificate')),
    sa.UniqueConstraint('filing_id', name=op.f('uq_certificate_filing_id')),
    sa.UniqueConstraint('verify_token', name=op.f('uq_certificate_verify_token'))
    )
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_certificate_agency_id'), ['agency_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificate_enterprise_id'), ['enterprise_id'], unique=False)

    op.create_table('engine_instance',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('definition_id', sa.Integer(), nullable=False),
    sa.Column('business_key', sa.String(length=200), nullable=True),
    sa.Column('status', sa.String(length=10), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('state', sa.LargeBinary(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_by', sa.String(length=64), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['definition_id'], ['engine_definition.id'], name=op.f('fk_engine_instance_definition_id_engine_definition')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_engine_instance'))
    )
    with op.batch_alter_table('engine_instance', schema=None) as batch_op:
        batch_op.create_index('ix_engine_instance_business_key', ['business_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_engine_instance_definition_id'), ['definition_id'], unique=False)
        batch_op.create_index('ix_engine_instance_status', ['status', 'started_at'], unique=False)

    op.create_table('engine_start_subscription',
    sa.Column('definition_id', sa.Integer(), nullable=False),
    sa.Column('element_id', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['definition_id'], ['engine_definition.id'], name=op.f('fk_engine_start_subscription_definition_id_engine_definition')),
    sa.PrimaryKeyConstraint('definition_id', 'element_id', name=op.f('pk_engine_start_subscription'))
    )
    with op.batch_alter_table('engine_start_subscription', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_engine_start_subscription_name'), ['name'], unique=False)

    op.create_table('filing_version',
    sa.Column('filing_id', sa.String(length=16), nullable=False),
    sa.Column('submission', sa.Integer(), nullable=False),
    sa.Column('form', sa.JSON(), nullable=False),
    sa.Column('enterprise', sa.JSON(), nullable=False),
    sa.Column('personal', sa.Text(), nullable=False),
    sa.Column('findings', sa.JSON(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_by', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['filing_id'], ['filing.id'], name=op.f('fk_filing_version_filing_id_filing'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('filing_id', 'submission', name=op.f('pk_filing_version'))
    )
    op.create_table('notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('recipient_group', sa.String(length=64), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('filing_id', sa.String(length=16), nullable=True),
    sa.Column('instance_id', sa.String(length=32), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('read_by', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['filing_id'], ['filing.id'], name=op.f('fk_notice_filing_id_filing')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_filing_id'), ['filing_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_recipient_group'), ['recipient_group', 'read_at'], unique=False)

    op.create_table('user_role',
    sa.Column('user_id', sa.String(length=16), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_user_role_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'role', name=op.f('pk_user_role'))
    )
    op.create_table('announcement',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('agency_name', sa.String(length=100), nullable=True),
    sa.Column('enterprise_name', sa.String(length=100), nullable=True),
    sa.Column('certificate_number', sa.String(length=15), nullable=True),
    sa.Column('project_name', sa.String(length=200), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['certificate_number'], ['certificate.number'], name=op.f('fk_announcement_certificate_number_certificate')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_announcement'))
    )
    with op.batch_alter_table('announcement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_announcement_kind'), ['kind', 'published_at'], unique=False)

    op.create_table('certificate_paper',
    sa.Column('number', sa.String(length=15), nullable=False),
    sa.Column('pdf', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['number'], ['certificate.number'], name=op.f('fk_certificate_paper_number_certificate')),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_certificate_paper'))
    )
    op.create_table('engine_incident',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('instance_id', sa.String(length=16), nullable=True),
    sa.Column('token', sa.Integer(), nullable=True),
    sa.Column('job_id', sa.String(length=16), nullable=True),
    sa.Column('element_id', sa.String(length=200), nullable=True),
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['instance_id'], ['engine_instance.id'], name=op.f('fk_engine_incident_instance_id_engine_instance')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_engine_incident'))
    )
    with op.batch_alter_table('engine_incident', schema=None) as batch_op:
        batch_op.create_index('ix_engine_incident_instance', ['instance_id', 'resolved_at'], unique=False)

    op.create_table('engine_job',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('instance_id', sa.String(length=16), nullable=True),
    sa.Column('token', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('element_id', sa.String(length=200), nullable=True),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('idempotency_key', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('max_attempts', sa.Integer(), nullable=False),
    sa.Column('lease', sa.String(length=16), nullable=True),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['instance_id'], ['engine_instance.id'], name=op.f('fk_engine_job_instance_id_engine_instance')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_engine_job'))
    )
    with op.batch_alter_table('engine_job', schema=None) as batch_op:
        batch_op.create_index('ix_engine_job_due', ['state', 'due_at'], unique=False)
        batch_op.create_index('ix_engine_job_instance', ['instance_id'], unique=False)

    op.create_table('engine_subscription',
    sa.Column('instance_id', sa.String(length=16), nullable=False),
    sa.Column('token', sa.Integer(), nullable=False),
    sa.Column('definition_id', sa.Integer(), nullable=False),
    sa.Column('element_id', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('correlation', sa.String(length=500), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['definition_id'], ['engine_definition.id'], name=op.f('fk_engine_subscription_definition_id_engine_definition')),
    sa.ForeignKeyConstraint(['instance_id'], ['engine_instance.id'], name=op.f('fk_engine_subscription_instance_id_engine_instance')),
    sa.PrimaryKeyConstraint('instance_id', 'token', name=op.f('pk_engine_subscription'))
    )
    with op.batch_alter_table('engine_subscription', schema=None) as batch_op:
        batch_op.create_index('ix_engine_subscription_name', ['kind', 'name', 'correlation'], unique=False)

    op.create_table('engine_task',
    sa.Column('id', sa.String(length=16), nullable=False),
    sa.Column('instance_id', sa.String(length=16), nullable=False),
    sa.Column('definition_id', sa.Integer(), nullable=False),
    sa.Column('token', sa.Integer(), nullable=False),
    sa.Column('element_id', sa.String(length=200), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('role', sa.String(length=64), nullable=True),
    sa.Column('candidate_group', sa.String(length=128), nullable=True),
    sa.Column('assignee', sa.String(length=64), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('completed_by', sa.String(length=64), nullable=True),
    sa.Column('result', sa.JSON(), nullable=True),
    sa.ForeignKeyConstraint(['definition_id'], ['engine_definition.id'], name=op.f('fk_engine_task_definition_id_engine_definition')),
    sa.ForeignKeyConstraint(['instance_id'], ['engine_instance.id'], name=op.f('fk_engine_task_instance_id_engine_instance')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_engine_task'))
    )
    with op.batch_alter_table('engine_task', schema=None) as batch_op:
        batch_op.create_index('ix_engine_task_assignee', ['assignee', 'state', 'created_at'], unique=False)
        batch_op.create_index('ix_engine_task_completed_by', ['completed_by', 'ended_at'], unique=False)
        batch_op.create_index('ix_engine_task_group', ['candidate_group', 'state', 'created_at'], unique=False)
        batch_op.create_index('ix_engine_task_instance', ['instance_id', 'token'], unique=False)




def downgrade() -> None:

    with op.batch_alter_table('engine_task', schema=None) as batch_op:
        batch_op.drop_index('ix_engine_task_instance')
        batch_op.drop_index('ix_engine_task_group')
        batch_op.drop_index('ix_engine_task_completed_by')
        batch_op.drop_index('ix_engine_task_assignee')

    op.drop_table('engine_task')
    with op.batch_alter_table('engine_subscription', schema=None) as batch_op:
        batch_op.drop_index('ix_engine_subscription_name')

    op.drop_table('engine_subscription')
    with op.batch_alter_table('engine_job', schema=None) as batch_op:
        batch_op.drop_index('ix_engine_job_instance')
        batch_op.drop_index('ix_engine_job_due')

    op.drop_table('engine_job')
    with op.batch_alter_table('engine_incident', schema=None) as batch_op:
        batch_op.drop_index('ix_engine_incident_instance')

    op.drop_table('engine_incident')
    op.drop_table('certificate_paper')
    with op.batch_alter_table('announcement', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_announcement_kind'))

    op.drop_table('announcement')
    op.drop_table('user_role')
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notice_recipient_group'))
        batch_op.drop_index(batch_op.f('ix_notice_filing_id'))

    op.drop_table('notice')
    op.drop_table('filing_version')
    with op.batch_alter_table('engine_start_subscription', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_engine_start_subscription_name'))

    op.drop_table('engine_start_subscription')
    with op.batch_alter_table('engine_instance', schema=None) as batch_op:
        batch_op.drop_index('ix_engine_instance_status')
        batch_op.drop_index(batch_op.f('ix_engine_instance_definition_id'))
        batch_op.drop_index('ix_engine_instance_business_key')

    op.drop_table('engine_instance')
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_certificate_enterprise_id'))
        batch_op.drop_index(batch_op.f('ix_certificate_agency_id'))

    op.drop_table('certificate')
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attachment_filing_id'))

    op.drop_table('attachment')
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_api_token_user_id'))

    op.drop_table('api_token')
    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_enterprise_id'))
        batch_op.drop_index(batch_op.f('ix_user_agency_id'))

    op.drop_table('user')
    op.drop_table('policy_entry')
    with op.batch_alter_table('filing', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_filing_status'))
        batch_op.drop_index(batch_op.f('ix_filing_project_code'))
        batch_op.drop_index(batch_op.f('ix_filing_instance_id'))
        batch_op.drop_index(batch_op.f('ix_filing_enterprise_id'))
        batch_op.drop_index(batch_op.f('ix_filing_certificate_number'))
        batch_op.drop_index(batch_op.f('ix_filing_agency_id'))

    op.drop_table('filing')
    op.drop_table('engine_deployment_file')
    with op.batch_alter_table('engine_definition', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_engine_definition_deployment_id'))

    op.drop_table('engine_definition')
    op.drop_table('working_day')
    op.drop_table('region')
    op.drop_table('policy_edition')
    with op.batch_alter_table('outgoing_sms', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outgoing_sms_state'))

    op.drop_table('outgoing_sms')
    op.drop_table('industry_class')
    op.drop_table('filing_serial')
    op.drop_table('enterprise')
    op.drop_table('engine_history')
    op.drop_table('engine_deployment')
    op.drop_table('engine_command_receipt')
    with op.batch_alter_table('engine_buffered_message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_engine_buffered_message_name'))
        batch_op.drop_index(batch_op.f('ix_engine_buffered_message_expires_at'))

    op.drop_table('engine_buffered_message')
    op.drop_table('certificate_serial')
    op.drop_table('agency')

