"""marshmallow schemas of the engine's resources, as the OpenAPI document shows them."""

from marshmallow import RAISE, Schema, fields, validate


class Strict(Schema):
    """A body with a field that nobody knows is refused: a typing error is not silently ignored."""

    class Meta:
        unknown = RAISE


class Paging(Schema):
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))
    cursor = fields.String()


class DefinitionKey(Schema):
    key = fields.String()
    version = fields.Integer()


class DefinitionSchema(DefinitionKey):
    name = fields.String()
    file_name = fields.String()
    deployment_id = fields.Integer()


class DeploymentAnswer(Schema):
    id = fields.Integer()
    definitions = fields.List(fields.Nested(DefinitionKey))


class StartInstance(Strict):
    definition = fields.String(required=True)
    version = fields.Integer()
    business_key = fields.String(validate=validate.Length(1, 200))
    data = fields.Dict(keys=fields.String(), load_default=dict)


class IncidentSchema(Schema):
    id = fields.Integer()
    element_id = fields.String(allow_none=True)
    code = fields.String()
    message = fields.String()
    created_at = fields.AwareDateTime()


class InstanceLine(Schema):
    id = fields.String()
    definition = fields.String()
    version = fields.Integer()
    status = fields.String()
    business_key = fields.String(allow_none=True)
    started_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)


class InstanceSchema(InstanceLine):
    data = fields.Dict()
    waiting = fields.List(fields.String())
    incidents = fields.List(fields.Nested(IncidentSchema))


class InstanceProgress(Schema):
    id = fields.String()
    status = fields.String()
    waiting = fields.List(fields.String())


class InstanceQuery(Paging):
    definition = fields.String()
    status = fields.String()
    business_key = fields.String()


class InstancePage(Schema):
    items = fields.List(fields.Nested(InstanceLine))
    next = fields.String(allow_none=True)


class HistoryLine(Schema):
    seq = fields.Integer()
    at = fields.AwareDateTime()
    action = fields.String()
    element_id = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    actor = fields.String(allow_none=True)
    actor_name = fields.String(allow_none=True)
    on_behalf_of = fields.String(allow_none=True)
    on_behalf_of_name = fields.String(allow_none=True)
    data = fields.Dict(keys=fields.String(), metadata={"description": "what was given"})
    before = fields.Dict(keys=fields.String(), metadata={"description": "what of it had another value until then"})
    opinion = fields.String(allow_none=True)
    decision = fields.String(allow_none=True)


class HistoryAnswer(Schema):
    items = fields.List(fields.Nested(HistoryLine))


class TaskLine(Schema):
    id = fields.String()
    instance_id = fields.String()
    business_key = fields.String(allow_none=True)
    element_id = fields.String()
    name = fields.String()
    role = fields.String(allow_none=True)
    assignee = fields.String(allow_none=True)
    state = fields.String()
    created_at = fields.AwareDateTime()
    due_at = fields.AwareDateTime(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)
    allowed_actions = fields.List(fields.String())


class TaskSchema(TaskLine):
    form = fields.Dict(allow_none=True)


class TaskQuery(Paging):
    box = fields.String(load_default="todo")
    instance_id = fields.String()


class TaskPage(Schema):
    items = fields.List(fields.Nested(TaskLine))
    next = fields.String(allow_none=True)
    total = fields.Integer()


class TaskCommand(Strict):
    data = fields.Dict(keys=fields.String(), load_default=dict)
    opinion = fields.String(validate=validate.Length(max=500), allow_none=True)


class TaskAnswer(Schema):
    instance = fields.Nested(InstanceProgress)
    tasks = fields.List(fields.Nested(TaskLine))


class MessageBody(Strict):
    name = fields.String(required=True)
    correlation = fields.Dict(keys=fields.String(), load_default=dict)
    payload = fields.Dict(keys=fields.String(), load_default=dict)
    ttl = fields.Integer(metadata={"description": "seconds to wait for a receiver"}, validate=validate.Range(1))


class SignalBody(Strict):
    name = fields.String(required=True)
    payload = fields.Dict(keys=fields.String(), load_default=dict)


class Received(Schema):
    received_by = fields.List(fields.String())
    kept = fields.Boolean()


class CancelBody(Strict):
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class RetryBody(Strict):
    data = fields.Dict(keys=fields.String(), load_default=dict)


class JobQuery(Paging):
    state = fields.String(load_default="failed", validate=validate.OneOf(("due", "leased", "failed")))


class JobSchema(Schema):
    id = fields.String()
    instance_id = fields.String(allow_none=True)
    element_id = fields.String(allow_none=True)
    kind = fields.String()
    state = fields.String()
    due_at = fields.AwareDateTime()
    attempts = fields.Integer()
    max_attempts = fields.Integer()
    last_error = fields.String(allow_none=True)


class JobPage(Schema):
    items = fields.List(fields.Nested(JobSchema))
    next = fields.String(allow_none=True)
