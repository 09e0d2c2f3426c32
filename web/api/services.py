"""The catalogue of service tasks."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from web.identity import require
from web.runtime import runtime

blueprint = Blueprint("services", __name__, description="Python functions that diagrams may call")


@blueprint.route("/services")
class Services(MethodView):
    @require()
    @blueprint.response(200)
    def get(self) -> list[dict[str, Any]]:
        """Every service task with its typed parameters."""
        return [service.describe() for service in runtime().engine.services]
