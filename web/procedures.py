"""The procedures that come with the product: `processes/`, deployed like any others."""

from pathlib import Path

from engine.deployments import Source
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
