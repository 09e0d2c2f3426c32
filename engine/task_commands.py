"""Commands on user and manual tasks: claim, release, complete; and handing them on, one by one or all of a leaver's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from engine import values, verbs
from engine.assignment import Everyone, Person, Standing
from engine.elements import Element
from engine.errors import BusinessRefusal, CommandRefused
from engine.phrases import Phrase
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

# Cases always in one order, so that two handings-over never wait for each other.
_ALL_HELD = (
    select(Task, Instance)
    .join(Instance, Instance.id == Task.instance_id)
    .where(Task.assignee == bindparam("holder"), Task.state == "open")
    .order_by(Instance.id, Task.token)
    .with_for_update(of=(Instance, Task))
    .execution_options(populate_existing=True)
)


class TaskCommands(Work):
    """What a person does with a task in their inbox.

    A substitute does it in the principal's name: the principal has the task then, and rework returns to the principal.
    """

    def claim(self, task_id: str) -> Task:
        """Take a task that nobody has."""
        task, instance = self._open_task(task_id)
        if self._may(verbs.CLAIM, task):
            self._give(task, instance, "claimed", self._in_whose_name, claimed_at=self.now)
        return task

    def release(self, task_id: str) -> Task:
        """Put back a task one has taken."""
        task, instance = self._open_task(task_id)
        self._may(verbs.RELEASE, task)
        self._give(task, instance, "released", None)
        return task

    def transfer(self, task_id: str, receiver: str, reason: str = "") -> Task:
        """Hand a task one has taken, or that nobody has, to a colleague. Raises CommandRefused 422 where they cannot
        take it."""
        task, instance = self._open_task(task_id)
        self._may(verbs.TRANSFER, task)
        if receiver in (task.assignee, self._in_whose_name):
            raise CommandRefused("receiver_has_it", "不能转办给办理人自己。", status=422, remedy="请选择另一位同事。")
        self._require_receiver(receiver, [task])
        self._give(task, instance, "transferred", receiver, handed_by=self.actor, reason=reason)
        return task

    def hand_over(self, holder: str, receiver: str | None = None, reason: str = "") -> list[Task]:
        """Give everything open that somebody has to a colleague, or back to its groups, suspended cases' too.

        For whoever manages people: the actor's own rights do not count. Raises CommandRefused 422 where the receiver
        cannot take all of it; then nothing has been handed over.
        """
        self.on_behalf_of = None
        held = self.session.execute(_ALL_HELD, {"holder": holder}).all()
        tasks = [task for task, _ in held]
        if receiver == holder:
            raise CommandRefused("receiver_has_it", "不能移交给本人。", status=422, remedy="请选择另一位同事。")
        if receiver is not None:
            self._require_receiver(receiver, tasks)
        for task, instance in held:
            self._give(task, instance, "handed_over", receiver, handed_by=holder if receiver else None, reason=reason)
        return tasks

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
        performer = self._in_whose_name
        if performer is not None:
            case.performers[task.element_id] = performer
        self.rows.change(
            task,
            state="done",
            ended_at=self.now,
            completed_by=self.actor,
            assignee=task.assignee or performer,
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
            message = Phrase(
                "「{task}」已由{who}于 {when} 办理。",
                task=task.name,
                who=self._called(task.completed_by) if task.completed_by else "他人",
                when=task.ended_at.astimezone(CHINA).strftime("%m-%d %H:%M") if task.ended_at else "",
            )
            raise CommandRefused("task_done", message, details={"by": task.completed_by})
        if task.state != "open":
            raise CommandRefused("task_cancelled", Phrase("「{task}」已取消，不再需要办理。", task=task.name))
        refuse_suspended(instance)
        return task, instance

    def _may(self, verb: Verb, task: Task) -> bool:
        """Whether the verb has something to do. Raises CommandRefused where who gives the command may not use it."""
        if self.actor is None:
            return True
        policy = self.engine.policy
        if isinstance(policy, Everyone):
            standing = Standing(Person(self.actor, frozenset((task.candidate_group or "",))))
        else:
            standing = policy.standing_of(self.session, self.actor, self.now)
        person, objection = verb.in_whose_name(task, standing)
        self.on_behalf_of = None if person is standing.person else person.name
        if objection is Objection.FORBIDDEN:
            raise CommandRefused("task_forbidden", "你没有办理这件任务的权限。", status=403)
        if objection is Objection.NOT_YOURS:
            message = Phrase("这件任务不在你手里，不能{verb}。", verb=verb.title)
            raise CommandRefused("task_not_yours", message, status=403)
        if objection is Objection.TAKEN:
            who = self._called(task.assignee or "")
            message = Phrase("「{task}」已由{who}认领。", task=task.name, who=who)
            raise CommandRefused("task_taken", message, details={"assignee": task.assignee})
        return objection is None

    @property
    def _in_whose_name(self) -> str | None:
        """Who is told to have done what the actor does: whom they substitute, if anybody."""
        return self.on_behalf_of or self.actor

    def _called(self, actor: str) -> str:
        """Somebody's name, as who gives the command may be told it."""
        return self.engine.policy.display(self.session, actor, self.actor)

    def _give(
        self,
        task: Task,
        instance: Instance,
        action: str,
        assignee: str | None,
        *,
        claimed_at: datetime | None = None,
        handed_by: str | None = None,
        reason: str = "",
    ) -> None:
        """Let somebody have a task from now on, or its whole group."""
        had = {"assignee": task.assignee} if task.assignee is not None else None
        details = {"assignee": assignee} | ({"reason": reason} if reason else {})
        handed_reason = reason or None if handed_by else None
        self.rows.change(
            task, assignee=assignee, claimed_at=claimed_at, handed_by=handed_by, handed_reason=handed_reason
        )
        self._history(instance, action, task.element_id, details, before=had)

    def _require_receiver(self, receiver: str, tasks: Sequence[Task]) -> None:
        """Raise CommandRefused where somebody is not in the group of one of some tasks, or is no longer active."""
        policy = self.engine.policy
        if not receiver:
            remedy = "请选择同组的在岗同事。"
            raise CommandRefused("receiver_missing", "没有选择接办的同事。", status=422, remedy=remedy)
        if policy.is_active(self.session, receiver):
            groups = policy.groups_of(self.session, receiver)
            in_any = isinstance(policy, Everyone)
            tasks = [task for task in tasks if not in_any and task.candidate_group not in (None, *groups)]
        if tasks:
            who = self._called(receiver)
            message = Phrase("{who}不能办理「{task}」。", who=who, task=tasks[0].name)
            raise CommandRefused("receiver_unfit", message, status=422, remedy="请选择同组的在岗同事。")

    def _check_form(self, element: Element, given: dict[str, Any]) -> None:
        name = element.node.form
        if name is None:
            return
        errors = element.process.process.deployment.forms[name].check(values.to_json(given))
        if errors:
            raise BusinessRefusal(errors, code="form_invalid", message="填写的内容不完整或格式不正确。")
