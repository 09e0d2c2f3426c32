"""Commands on whole cases: start, cancel, retry."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import delete, update

from engine import values
from engine.deployments import newest, titled
from engine.errors import CommandRefused
from engine.phrases import Phrase
from engine.projection import look
from engine.suspension import Suspension
from engine.tables import Incident, Instance, Job
from engine.transactions import after_commit
from engine.variables import Layer
from engine.work import accepted
from engine.workflow import Line


class CaseCommands(Suspension):
    """Starting a case, ending it early, and going on where it failed."""

    def start(
        self,
        process_id: str,
        *,
        data: Mapping[str, Any] | None = None,
        business_key: str | None = None,
        version: int | None = None,
    ) -> Instance:
        """Start a case of the newest version of a process, or of the one named."""
        definition = newest(self.session, process_id, version)
        if definition is None:
            message = Phrase("没有流程 {process}。", process=titled(process_id, version))
            raise CommandRefused("definition_unknown", message, status=404, remedy="请先部署它。")
        spec = self.engine.deployments.compiled(self.session, definition.id)
        if not spec.entries:
            message = Phrase("流程「{process}」只能由消息、信号或定时启动。", process=definition.name)
            raise CommandRefused("no_plain_start", message)
        return self._begin(definition, spec, spec.entries, accepted(data), business_key)

    def cancel(self, instance_id: str, reason: str = "") -> Instance:
        """End a case at once; whatever is open in it is cancelled."""
        instance, case = self._open_case(instance_id, even_suspended=True)
        before = look(case)
        if instance.suspended:
            self.rows.change(instance, status="running")
            self._let_go(instance)
        case.cancel_tokens()
        case.do_engine_steps()
        self._note(case, "cancelled", {"reason": reason} if reason else None)
        self._save(instance, case, before, ended_as="cancelled")
        return instance

    def note(self, instance_id: str, action: str, details: dict[str, Any] | None = None) -> Instance:
        """Write a line about a case that does not move, whatever its status: what somebody did about it elsewhere."""
        instance = self._lock(instance_id)
        if instance is None:
            raise CommandRefused("instance_unknown", Phrase("没有案件 {id}。", id=instance_id), status=404)
        self._write_history(instance, [Line(action, None, None, details, True)])
        self.rows.send()
        return instance

    def retry(self, instance_id: str, data: Mapping[str, Any] | None = None) -> Instance:
        """Try every open incident of a case again, after correcting the variables that what failed reads with `data`.

        They are set where the failed element sees them: in the case, in the process it called, in the loop's instance.
        """
        corrected = accepted(data)
        instance, case = self._open_case(instance_id)
        failed = [token for token in case.tokens.values() if "incident" in token.internal_data]
        jobs = [token.id for token in failed if token.internal_data.get("waits", {}).get("kind") == "service"]
        if jobs:
            self.session.execute(delete(Job).where(Job.instance_id == instance.id, Job.token.in_(jobs)))
            for token_id in jobs:
                del case.tokens[token_id].internal_data["waits"]
        self._try_failed_jobs_again(instance)
        before = look(case)
        places = {id(layer): layer for layer in map(case.layer_of, failed)} or {0: case.layer}
        had = {name: values.to_json(seen) for name, seen in _seen(places.values(), corrected).items()}
        for layer in places.values():
            case.set_in(layer, corrected)
        given = {"data": values.to_json(corrected)} if corrected else None
        self._note(case, "retried", given, before={"data": had} if had else None)
        for token in failed:
            if token.is_open:
                case.retry(token)
        case.do_engine_steps()
        self._save(instance, case, before)
        return instance

    def _try_failed_jobs_again(self, instance: Instance) -> None:
        """Jobs of a case that failed without one of its tokens being at fault: a delivery, something done aside."""
        failed = (Job.instance_id == instance.id, Job.state == "failed")
        again = update(Job).where(*failed).values(state="due", attempts=0, due_at=self.now).returning(Job.id)
        jobs = self.session.scalars(again.execution_options(synchronize_session=False)).all()
        if jobs:
            incidents = update(Incident).where(Incident.job_id.in_(jobs), Incident.resolved_at.is_(None))
            self.session.execute(incidents.values(resolved_at=self.now))
            after_commit(self.session, partial(self.engine.publish, list(jobs)))


def _seen(layers: Iterable[Layer], names: Iterable[str]) -> dict[str, Any]:
    """The values that some names have, as the first layer that has them sees them."""
    views = [layer.view({}) for layer in layers]
    return {name: view[name] for view in reversed(views) for name in names if name in view}
