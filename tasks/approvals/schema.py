"""The wire shape of an application for approval: the project's, and what approval asks beside it."""

from marshmallow import fields

from tasks.filings.schema import SET_BY_SERVER, Flag, ProjectForm, Shape, nested, text


class Contract(Shape):
    """One row of 招标事项. `estimate` in 万元; `combinable`: may be bought together with others of its kind."""

    kind = text(16)
    estimate = text(30)
    combinable = Flag(allow_none=True)
    scope = text(16)
    org = text(16)
    method = text(16)
    reason = text(300)


class Tender(Shape):
    """Who pays, which decides whether tender approval is needed, and what is to be bought. Amounts in 万元."""

    dropped = frozenset(("required", "basis"))

    budget_funds = text(30)
    soe_funds_controlling = Flag(allow_none=True)
    international_funds = Flag(allow_none=True)
    article4_project = Flag(allow_none=True)
    rows = fields.List(nested(Contract))


class ApprovalForm(ProjectForm):
    """An application as `POST /approvals` and `PUT /approvals/{id}` take it. `materials` has the id of the attachment
    for each material's key."""

    dropped = SET_BY_SERVER | {"foreign"}

    land_use = text(16)
    land_preexamination_exempt = Flag(allow_none=True)
    capital_increase = Flag(allow_none=True)
    merger = Flag(allow_none=True)
    state_assets = Flag(allow_none=True)
    materials = fields.Dict(keys=text(32), values=text(16))
    tender = nested(Tender)
