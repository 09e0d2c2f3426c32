"""Commands on user and manual tasks: claim, release, complete."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from engine import values, verbs
from engine.assignment import Everyone
from engine.elements import Element
from engine.errors import BusinessRefusal, CommandRefused
from engine.projection import look
from engine.tables import Instance, Task
from engine.verbs import Objection, Verb
from engine.work import CHINA, Work, accepted, refuse_suspended

# The case first, as in every command. The task is held, too: PostgreSQL reads again after a wait only the rows that it
# waited for or was about to hold; another would be as it was before the wait.
_TASK_HELD = (
    select(Task, Instance)
    .join(Instance, Instance.id == Task.instance_id)
    .where(Task.id == bindparam("id"))
    .with_for_update(of=(Instance, Task))
    .execution_options(populate_existing=True)
)


class TaskCommands(Work):
    """What a person does with a task in their inbox."""

    def claim(self, task_id: str) -> Task:
        """Take a task that nobody has."""
        task, instance = self._open_task(task_id)
        if self._may(verbs.CLAIM, task):
            self.rows.change(task, assignee=self.actor, claimed_at=self.now)
            self._history(instance, "claimed", task.element_id, {"assignee": self.actor})
        return task

    def release(self, task_id: str) -> Task:
        """Put back a task one has taken."""
        task, instance = self._open_task(task_id)
        self._may(verbs.RELEASE, task)
        had = {"assignee": task.assignee} if task.assignee is not None else None
        self.rows.change(task, assignee=None, claimed_at=None)
        self._history(instance, "released", task.element_id, {"assignee": None}, before=had)
        return task

    def complete(self, task_id: str, *, data: Mapping[str, Any] | None = None, opinion: str | None = None) -> Instance:
        """Complete a task one has taken, or that nobody has. Raises BusinessRefusal where its form is not met."""
        task, instance = self._open_task(task_id)
        self._may(verbs.COMPLETE, task)
        given = accepted(data)
        if opinion is not None:
            given["opinion"] = opinion
        case = self.restore(instance)
        token = case.tokens[task.token]
        element: Element = token.task_spec
        self._check_form(element, given)
        before = look(case).without_task(task.token)
        if self.actor is not None:
            case.performers[task.element_id] = self.actor
        self.rows.change(
            task,
            state="done",
            ended_at=self.now,
            completed_by=self.actor,
            assignee=task.assignee or self.actor,
            result=values.to_json(given),
        )
        case.complete_task(token, given)
        case.do_engine_steps()
        self._save(instance, case, before)
        return instance

    def _open_task(self, task_id: str) -> tuple[Task, Instance]:
        """A task with its case held: whoever comes second sees what the first has done."""
        held = self.session.execute(_TASK_HELD, {"id": task_id}).one_or_none()
        if held is None:
            raise CommandRefused("task_unknown", "没有这件任务。", status=404)
        task, instance = held
        if task.state == "done":
            who = self.engine.policy.display(self.session, task.completed_by) if task.completed_by else "他人"
            when = task.ended_at.astimezone(CHINA).strftime("%m-%d %H:%M") if task.ended_at else ""
            raise CommandRefused(
                "task_done", f"「{task.name}」已由{who}于 {when} 办理。", details={"by": task.completed_by}
            )
        if task.state != "open":
            raise CommandRefused("task_cancelled", f"「{task.name}」已取消，不再需要办理。")
        refuse_suspended(instance)
        return task, instance

    def _may(self, verb: Verb, task: Task) -> bool:
        """Whether the verb has something to do. Raises CommandRefused where who gives the command may not use it."""
        if self.actor is None:
            return True
        policy = self.engine.policy
        if isinstance(policy, Everyone):
            groups = frozenset((task.candidate_group or "",))
        else:
            groups = policy.groups_of(self.session, self.actor)
        objection = verb.objection(task, self.actor, groups)
        if objection is Objection.FORBIDDEN:
            raise CommandRefused("task_forbidden", "你没有办理这件任务的权限。", status=403)
        if objection is Objection.NOT_YOURS:
            raise CommandRefused("task_not_yours", f"这件任务不在你手里，不能{verb.title}。", status=403)
        if objection is Objection.TAKEN:
            who = policy.display(self.session, task.assignee or "")
            details = {"assignee": task.assignee}
            raise CommandRefused("task_taken", f"「{task.name}」已由{who}认领。", details=details)
        return objection is None

    def _check_form(self, element: Element, given: dict[str, Any]) -> None:
        name = element.node.form
        if name is None:
            return
        errors = element.process.process.deployment.forms[name].check(values.to_json(given))
        if errors:
            raise BusinessRefusal(errors, code="form_invalid", message="填写的内容不完整或格式不正确。")
