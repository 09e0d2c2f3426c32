"""People in full, over REST: a POST, because looking at them leaves a line in the record."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from records.projects import Project
from records.users import UserKind
from web.api.access import visible
from web.identity import me, require
from web.personal import look, people_of
from web.runtime import command

blueprint = Blueprint("people", __name__, description="Names, identity numbers and phones in full")


class People(Schema):
    """法定代表人, 联系人 and 项目联系人 as they were submitted last."""

    legal_rep = fields.Dict(allow_none=True)
    contact = fields.Dict(allow_none=True)
    project_contact = fields.Dict(allow_none=True)


@blueprint.route("/documents/<document_id>/people")
class DocumentPeople(MethodView):
    @require(UserKind.AUTHORITY)
    @blueprint.response(200, People)
    def post(self, document_id: str) -> dict[str, Any]:
        """The people of a filing or an application for approval, for the authority that handles it; recorded."""
        user = me()
        with command(user.username) as given:
            return people_of(look(given, visible(Project, document_id, user), user))
