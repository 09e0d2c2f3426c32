"""marshmallow schemas of the engine's resources, as the OpenAPI document shows them."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from engine.allowance import LONGEST_NAME
from engine.inbox import COUNTED
from engine.job_commands import LONGEST_REASON
from engine.jobs import AT_ONCE, WORKED

MOST_JOBS = 500
"""Jobs that one request decides about at most."""

LONGEST_TTL = 366 * 24 * 3600
"""Seconds that a message may wait for its receiver at most."""


STORED = validate.Range(0, 2**31 - 1)
"""The whole numbers that a column can hold: a larger one is a mistake of the request."""


class Strict(Schema):
    """A body with a field that nobody knows is refused: a typing error is not silently ignored."""

    class Meta:
        unknown = RAISE


class ProblemLine(Schema):
    """What is wrong with a line of a file."""

    line = fields.Integer()
    column = fields.String()
    message = fields.String()
    remedy = fields.String()


class Paging(Schema):
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))
    cursor = fields.String()


def page_of(line: type[Schema]) -> type[Schema]:
    """The schema of a page of a list: `next` is the cursor of the page that follows, null on the last."""
    name = line.__name__.removesuffix("Line").removesuffix("Answer").removesuffix("Schema") + "Page"
    page: dict[str, fields.Field[Any]] = {
        "items": fields.List(fields.Nested(line)),
        "next": fields.String(allow_none=True),
    }
    return Schema.from_dict(page, name=name)


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
    version = fields.Integer(validate=STORED)
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


InstancePage = page_of(InstanceLine)


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
    handed_by = fields.String(allow_none=True, metadata={"description": "who handed it to the assignee"})
    handed_reason = fields.String(allow_none=True)
    on_behalf_of = fields.String(
        allow_none=True, metadata={"description": "whom who asks would act for, as the substitute"}
    )
    allowed_actions = fields.List(fields.String())


class TaskSchema(TaskLine):
    form = fields.Dict(allow_none=True)


class TaskQuery(Paging):
    box = fields.String(load_default="todo")
    instance_id = fields.String()


class TaskPage(Schema):
    items = fields.List(fields.Nested(TaskLine))
    next = fields.String(allow_none=True)
    total = fields.Integer(
        allow_none=True, metadata={"description": f"how many there are; null where there are more than {COUNTED}"}
    )


class TaskCommand(Strict):
    data = fields.Dict(keys=fields.String(), load_default=dict)
    opinion = fields.String(validate=validate.Length(max=500), allow_none=True)


class Colleague(Schema):
    username = fields.String()
    name = fields.String()


class Colleagues(Schema):
    items = fields.List(fields.Nested(Colleague))


class TaskAnswer(Schema):
    instance = fields.Nested(InstanceProgress)
    tasks = fields.List(fields.Nested(TaskLine))


class MessageBody(Strict):
    name = fields.String(required=True, validate=validate.Length(1, LONGEST_NAME))
    correlation = fields.Dict(keys=fields.String(), load_default=dict)
    payload = fields.Dict(keys=fields.String(), load_default=dict)
    ttl = fields.Integer(
        metadata={"description": "seconds to wait for a receiver"}, validate=validate.Range(1, LONGEST_TTL)
    )


class SignalBody(Strict):
    name = fields.String(required=True, validate=validate.Length(1, LONGEST_NAME))
    payload = fields.Dict(keys=fields.String(), load_default=dict)


class Received(Schema):
    received_by = fields.List(fields.String())
    kept = fields.Boolean()


class ReasonBody(Strict):
    reason = fields.String(load_default="", validate=validate.Length(max=LONGEST_REASON))


class TokenName(fields.Field[int | str]):
    """A token: its number, or the id of an element on which only one stands."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | str:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValidationError("应为令牌编号或元素编号。")
        return value


class TransferBody(ReasonBody):
    to = fields.String(required=True, metadata={"description": "a colleague's username"})


class InstructionBody(Strict):
    do = fields.String(required=True, validate=validate.OneOf(("add", "move", "cancel")))
    token = TokenName(metadata={"type": ["integer", "string"], "description": "move, cancel: which token"})
    element = fields.String(metadata={"description": "add, move: the element to place it before"})
    scope = fields.Integer(metadata={"description": "the token of the activity to place it inside of"})
    flow = fields.String(metadata={"description": "at a join: the incoming flow it comes along"})

    @validates_schema
    def check(self, body: dict[str, Any], **kwargs: Any) -> None:
        needed = {"add": {"element"}, "move": {"token", "element"}, "cancel": {"token"}}[body["do"]]
        allowed = needed | (set() if body["do"] == "cancel" else {"scope", "flow"})
        given = body.keys() - {"do"}
        missing, idle = needed - given, given - allowed
        if missing or idle:
            raise ValidationError(
                {name: ["不能缺少。"] for name in missing} | {name: ["这里没有意义。"] for name in idle}
            )


class ModifyBody(ReasonBody):
    instructions = fields.List(fields.Nested(InstructionBody), required=True, validate=validate.Length(1, 100))
    data = fields.Dict(keys=fields.String(), load_default=dict)


class _Crossing(ReasonBody):
    mapping = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=dict,
        metadata={"description": "ids of elements and flows of the old version → those of the new one"},
    )
    called = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(validate=STORED),
        load_default=dict,
        metadata={"description": "versions for called processes inside the case; those not named stay"},
    )
    preview = fields.Boolean(load_default=False)


class MigrateBody(_Crossing):
    version = fields.Integer(required=True, validate=STORED)


class MigrationBody(_Crossing):
    definition = fields.String(required=True)
    from_version = fields.Integer(required=True, validate=STORED)
    to_version = fields.Integer(required=True, validate=STORED)
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1000))
    cursor = fields.String()


class FindingSchema(Schema):
    element_id = fields.String()
    element_name = fields.String()
    code = fields.String()
    message = fields.String()
    remedy = fields.String()


class MigrationLine(Schema):
    instance_id = fields.String()
    outcome = fields.String()
    message = fields.String()
    blocks = fields.List(fields.Nested(FindingSchema))
    changes = fields.List(fields.Nested(FindingSchema))


class MigratedInstance(InstanceSchema):
    outcome = fields.String()
    blocks = fields.List(fields.Nested(FindingSchema))
    changes = fields.List(fields.Nested(FindingSchema))


MigrationPage = page_of(MigrationLine)


class RetryBody(Strict):
    data = fields.Dict(keys=fields.String(), load_default=dict)


class JobFilter(Strict):
    kind = fields.String(validate=validate.OneOf((*AT_ONCE, *WORKED)))
    definition = fields.String(metadata={"description": "the process whose cases the jobs belong to"})
    element_id = fields.String()
    instance_id = fields.String()


class JobQuery(Paging, JobFilter):
    class Meta(Paging.Meta):
        pass

    state = fields.String(load_default="failed", validate=validate.OneOf(("due", "leased", "held", "failed")))


class JobSchema(Schema):
    id = fields.String()
    instance_id = fields.String(allow_none=True)
    element_id = fields.String(allow_none=True)
    kind = fields.String()
    state = fields.String(metadata={"description": "due, leased, held or failed; skipped once it has been"})
    due_at = fields.AwareDateTime()
    attempts = fields.Integer()
    max_attempts = fields.Integer()
    last_error = fields.String(allow_none=True)
    service = fields.String(attribute="payload.operator", metadata={"description": "what a service's job calls"})
    arguments = fields.Dict(attribute="payload.arguments", metadata={"description": "and what with"})


JobPage = page_of(JobSchema)


class RetryJobBody(Strict):
    arguments = fields.Dict(
        keys=fields.String(), metadata={"description": "arguments of the service to be replaced by others"}
    )


class SkipJobBody(Strict):
    reason = fields.String(required=True, validate=validate.Length(1, LONGEST_REASON))
    result = fields.Raw(allow_none=True, metadata={"description": "what a service task is completed with"})


class RetryJobsBody(Strict):
    """Jobs by their ids, or the failed ones of a filter, the oldest first, at most `MOST_JOBS`."""

    ids = fields.List(fields.String(), validate=validate.Length(1, MOST_JOBS))
    filter = fields.Nested(JobFilter)

    @validates_schema
    def names_jobs_in_one_way(self, body: dict[str, Any], **_: Any) -> None:
        if ("ids" in body) == ("filter" in body):
            raise ValidationError("请给出 ids 或 filter 之一。")


class SkipJobsBody(RetryJobsBody):
    reason = fields.String(required=True, validate=validate.Length(1, LONGEST_REASON))


class JobResult(Schema):
    id = fields.String()
    done = fields.Boolean()
    code = fields.String(allow_none=True)
    message = fields.String(allow_none=True)


class JobResults(Schema):
    items = fields.List(fields.Nested(JobResult))
