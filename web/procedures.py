"""The procedures that come with the product: `processes/`, deployed like any others."""

from pathlib import Path
from typing import Any

from engine.deployments import Source, newest
from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.services import Decide
from engine.tables import Definition
from web.database import db
from web.runtime import runtime
from web.settings import ROOT

FOLDER = ROOT / "processes"
DEPLOYED = (".bpmn", ".dmn", ".json")


def sources(path: Path) -> list[Source]:
    """The files to deploy at a path: a file, or a folder with everything below it. Forms go by their bare name."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in DEPLOYED)
    return [Source(file.name, file.read_bytes()) for file in files]


def deploy_product() -> list[Definition]:
    """Deploy `processes/`; the same bytes again change nothing."""
    with runtime().engine.command(db.session()) as command:
        return command.deploy(sources(FOLDER))


def rules_of(process: str) -> Decide:
    """The decision tables that a case would ask which began now: those of the newest version of its process.

    Raises CommandRefused 503 where the process is not deployed.
    """
    definition = newest(db.session(), process)
    if definition is None:
        message = Phrase("流程 {process} 还没有部署。", process=process)
        raise CommandRefused("definition_unknown", message, status=503, remedy="请联系管理员。")
    deployment = runtime().engine.deployments.deployment(db.session(), definition.deployment_id)

    def decide(decision_id: str, **inputs: Any) -> Any:
        return deployment.decide(decision_id, inputs)

    return decide
