"""Deployments and definitions."""

from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import select

from engine.deployments import Source, newest
from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.tables import Definition, DeploymentFile
from records.roles import AdminRole
from tasks import operations
from web.api.schemas import DefinitionSchema, DeploymentAnswer
from web.database import db
from web.identity import me, require
from web.runtime import command

blueprint = Blueprint("definitions", __name__, description="Diagrams, tables and forms, deployed and versioned")


@blueprint.route("/deployments")
class Deployments(MethodView):
    @require(AdminRole.SYSTEM)
    @blueprint.response(201, DeploymentAnswer)
    def post(self) -> dict[str, Any]:
        """Deploy a set of files (multipart field `files`: .bpmn, .dmn, .json); 422 lists every problem."""
        files = request.files.getlist("files")
        if not files:
            raise CommandRefused("files_missing", "没有收到文件。", status=422, remedy="请在字段 files 中上传。")
        sources = [Source((file.filename or "file").rsplit("/", 1)[-1], file.read()) for file in files]
        with command(me().username) as given:
            definitions = operations.deploy(given, sources)
            return {
                "id": definitions[0].deployment_id,
                "definitions": [{"key": d.key, "version": d.version} for d in definitions],
            }


@blueprint.route("/definitions")
class Definitions(MethodView):
    @require()
    @blueprint.response(200, DefinitionSchema(many=True))
    def get(self) -> list[Definition]:
        """The newest version of every process."""
        found = db.session.scalars(select(Definition).order_by(Definition.key, Definition.version))
        return list({definition.key: definition for definition in found}.values())


@blueprint.route("/definitions/<key>")
class OneDefinition(MethodView):
    @require()
    @blueprint.response(200, DefinitionSchema(many=True))
    def get(self, key: str) -> list[Definition]:
        """Every version of a process, the newest first."""
        query = select(Definition).where(Definition.key == key).order_by(Definition.version.desc())
        found = list(db.session.scalars(query))
        if not found:
            raise CommandRefused("definition_unknown", Phrase("没有流程 {key}。", key=key), status=404)
        return found


@blueprint.route("/definitions/<key>/versions/<int:version>/diagram")
class Diagram(MethodView):
    @require()
    @blueprint.response(200, content_type="application/xml")
    def get(self, key: str, version: int) -> Response:
        """The diagram of a version, byte for byte as it was deployed."""
        definition = newest(db.session(), key, version)
        if definition is None:
            message = Phrase("没有流程 {key} 的版本 {version}。", key=key, version=version)
            raise CommandRefused("definition_unknown", message, status=404)
        file = db.session.get_one(DeploymentFile, (definition.deployment_id, definition.file_name))
        return Response(file.content, mimetype="application/xml")
