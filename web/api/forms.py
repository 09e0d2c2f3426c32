"""Forms of the newest deployment, for pages that show one outside a task."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from engine.deployments import newest
from engine.errors import CommandRefused
from engine.phrases import Phrase
from web.database import db
from web.form_words import in_words, with_choices
from web.identity import require
from web.runtime import runtime
from web.texts import told

blueprint = Blueprint("forms", __name__, description="JSON Schema and UI Schema of forms")


@blueprint.route("/forms/<definition>/<name>")
class Forms(MethodView):
    @require()
    @blueprint.response(200)
    def get(self, definition: str, name: str) -> dict[str, Any]:
        """The form `name`.json, with `name`.ui.json beside it, of the newest version of a process."""
        found = newest(db.session(), definition)
        forms = runtime().engine.deployments.deployment(db.session(), found.deployment_id).forms if found else {}
        if f"{name}.json" not in forms:
            raise CommandRefused("form_unknown", Phrase("没有表单 {name}。", name=name), status=404)
        ui = forms.get(f"{name}.ui.json")
        schema = forms[f"{name}.json"].document
        ui_schema = in_words(ui.document if ui else {}, told)
        return {"schema": in_words(schema, told), "ui_schema": with_choices(schema, ui_schema, told)}
