"""What the rules say of a document, asked outside of any case: the tables are those of the newest deployment."""

from typing import Any

from engine.deployments import newest
from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.services import Decide
from records.documents import Document
from tasks.filings.examination import Examination
from web.api.problems import complaints
from web.database import db
from web.runtime import runtime


def tables_of(kind: type[Document]) -> Decide:
    """The decision tables that a new case of this kind would ask. Raises CommandRefused 503 before any deployment."""
    session = db.session()
    definition = newest(session, str(kind.__mapper__.polymorphic_identity))
    if definition is None:
        message = Phrase("{procedure}流程还没有部署。", procedure=kind.TITLE)
        raise CommandRefused("definition_unknown", message, status=503, remedy="请联系管理员。")
    deployment = runtime().engine.deployments.deployment(session, definition.deployment_id)

    def decide(decision_id: str, **inputs: Any) -> Any:
        return deployment.decide(decision_id, inputs)

    return decide


def answer(examination: Examination) -> dict[str, Any]:
    """An examination as the interface answers it."""
    found = {finding.code for finding in (*examination.errors, *examination.warnings)}
    return {
        "errors": complaints(examination.errors),
        "warnings": complaints(examination.warnings),
        "hints": complaints(examination.hints),
        "passed": len(examination.passed),
        "total": len(examination.passed) + len(found),
        "computed": examination.computed,
    }
