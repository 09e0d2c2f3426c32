"""Activities: tasks, sub-processes and called processes, with their loops and the events on their border."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from engine import compensation, loops
from engine.elements import Element, ProcessSpec, Token, collecting
from engine.errors import EngineError, ExpressionError
from engine.events import CatchEvent, ThrowEvent
from engine.expressions import Expression, Script
from engine.model import Flow, Node
from engine.phrases import Phrase

LONGEST_NAME = 200  # characters of a task's own name, which its row must hold


class Activity(Element):
    """An activity: arms its border, runs its pre-script, works, runs its post-script, disarms, goes on.

    Where it loops, an outer token does all of that but the work, and each instance has a token that only works. The
    scripts are the outer token's, unless `scriptsOnInstances` says that they are the instances'.
    """

    def __init__(self, process: ProcessSpec, node: Node) -> None:
        super().__init__(process, node)
        self.loop = node.loop
        self.handler: Activity | None = None
        """The activity that undoes this one."""

    @property
    def has_undo_body(self) -> bool:
        """Whether something inside it undoes it as a whole."""
        return False

    def arrive(self, scope: Any, flow: Flow | None) -> None:
        if self.node.start_quantity == 1:
            scope.enter(self)
            return
        token = scope.joins.get(self.name) or collecting(self, scope)
        arrived = token.internal_data["arrived"]
        arrived[""] = arrived.get("", 0) + 1
        if arrived[""] == self.node.start_quantity:
            del token.internal_data["arrived"], scope.joins[self.name]
            scope.begin(token)

    def prepare(self, token: Token) -> None:
        """What happens before the work: the border is armed, data come in, the pre-script runs."""
        self._arm(token)
        self._take_in(token)
        self._script(token, self.node.pre_script, "before")

    def _update_hook(self, my_task: Token) -> bool:
        self.prepare(my_task)
        if self.loop is None or "instance_of" in my_task.internal_data:
            return self.activate(my_task)
        loops.enter(self, my_task)
        return False

    def _arm(self, token: Token) -> None:
        if self.boundary and not token.internal_data.keys() & {"instance_of", "boundary"}:
            token.internal_data["boundary"] = []
            for boundary in self.boundary:
                boundary.arm_on(token)

    def _take_in(self, token: Token) -> None:
        """Copy what its data associations bring under the names of its data inputs; its outputs are its own, too."""
        if not (self.node.inputs or self.node.outputs) or token.internal_data.keys() & {"instance_of", "taken_in"}:
            return
        case = token.workflow.case
        view = case.view(token)
        local: dict[str, Any] = {name: None for output in self.node.outputs for name in output.names}
        for mapping in self.node.inputs:
            if mapping.value is not None:
                # A data object that nobody has filled yet has no value, which is no fault (BPMN 2.0 §10.3.1).
                unset = not mapping.value.names <= set(view)
                value = None if unset else case.evaluate(mapping.value, token)
                local |= dict.fromkeys(mapping.names, value)
        token.internal_data.setdefault("local", {}).update(local)
        token.internal_data["taken_in"] = True

    def _give_out(self, token: Token) -> None:
        """Copy its data outputs where its associations lead. What it has not set changes nothing."""
        case = token.workflow.case
        local = token.internal_data.get("local", {})
        for mapping in self.node.outputs:
            if mapping.value is not None:
                value = case.evaluate(mapping.value, token)
            else:
                value = next((local[name] for name in mapping.names if local.get(name) is not None), None)
            if value is not None:
                case.write_around(token, {mapping.target: value})

    def _script(self, token: Token, script: Script | None, moment: str) -> None:
        """Run a pre- or post-script on the tokens that have it, once each even if what follows it is retried."""
        if script is None or moment in token.internal_data:
            return
        if self.loop is not None and self.loop.scripts_on_instances != ("instance_of" in token.internal_data):
            return
        token.workflow.case.execute(script, token)
        token.internal_data[moment] = True

    def _run(self, my_task: Token) -> bool | None:
        return True if "loop" in my_task.internal_data else self._run_hook(my_task)

    def activate(self, token: Token) -> bool:
        """Begin the work of one instance. True: it may run at once."""
        return True

    def _on_complete(self, my_task: Token) -> None:
        case = my_task.workflow.case
        data = my_task.internal_data
        self._script(my_task, self.node.post_script, "after")
        if "instance_of" in data:
            compensation.note(self, my_task)
            case.record("completed", my_task)
            my_task.workflow.discard(my_task)
            loops.instance_done(self, case.tokens[data["instance_of"]], my_task)
            return
        self._give_out(my_task)
        flows = self.choose(my_task)
        scope = my_task.workflow
        if self.loop is None:
            compensation.note(self, my_task)
        scope.discard(my_task)
        self.disarm(my_task)
        if self.loop is None:
            # A completed sub-process that was opened again has been undone, not completed a second time.
            case.record("undone" if "undoes" in data and not self.node.is_compensation else "completed", my_task)
        for flow in flows * self.node.completion_quantity:
            scope.put(flow)
        if "undoes" in data:
            compensation.undone(my_task)

    def _on_cancel(self, my_task: Token) -> None:
        case = my_task.workflow.case
        my_task.workflow.discard(my_task)
        self.disarm(my_task)
        case.cancel_scope_of(my_task)
        for instance in my_task.internal_data.get("loop", {}).get("open", ()):
            case.cancel_token(instance)
        case.record("cancelled", my_task)
        if "undoes" in my_task.internal_data:
            compensation.undone(my_task)  # taken away by hand: what completed before it is still to be undone

    def disarm(self, token: Token) -> None:
        for waiting in token.internal_data.pop("boundary", ()):
            token.workflow.case.cancel_token(waiting)


class PlainTask(Activity):
    """A task of no kind: passes through."""


class UserTask(Activity):
    """A user or manual task: somebody completes it."""

    manual = True

    def activate(self, token: Token) -> bool:
        """Give the task its own name and its due date, where the diagram says how to make them."""
        if self.node.name_expression is not None:
            name = str(token.workflow.case.evaluate(self.node.name_expression, token)).strip()
            token.internal_data["name"] = name[:LONGEST_NAME] or self.node.name
        self.set_due_date(token)
        return True

    @property
    def due_date_follows(self) -> bool:
        """Whether the due date depends on variables, and so changes with them."""
        return self.node.due_date is not None and bool(self.node.due_date.names)

    def set_due_date(self, token: Token) -> None:
        """Work out when a task is to be done by, and from now on whenever that changes. Raises EngineError for what is
        neither a time nor None."""
        if self.node.due_date is None:
            token.internal_data.pop("due", None)
            return
        due = token.workflow.case.evaluate(self.node.due_date, token)
        if due is not None and not isinstance(due, datetime):
            raise ExpressionError(Phrase("办理期限应是一个时刻，实际是 {value}。", value=repr(due)))
        token.internal_data["due"] = due
        if self.due_date_follows:
            token.workflow.case.watching.resume(token)

    def _on_cancel(self, my_task: Token) -> None:
        if self.node.done_by is not None:
            self._note_who_did(self.node.done_by, my_task)
        super()._on_cancel(my_task)

    @staticmethod
    def _note_who_did(who: Expression, token: Token) -> None:
        """Read the expression for a task and its open instances, while what they see is still there."""
        case = token.workflow.case
        for token_id in (token.id, *token.internal_data.get("loop", {}).get("open", ())):
            if token_id not in case.done_by:
                case.done_by[token_id] = None
                # What is cancelled cannot be an incident any more: whoever cannot be found has not done it.
                with suppress(EngineError):
                    case.done_by[token_id] = case.evaluate(who, case.tokens[token_id])


class ScriptTask(Activity):
    """A script, in the language of `engine.expressions`."""

    def _run_hook(self, my_task: Token) -> bool:
        if self.node.script is not None:
            my_task.workflow.case.execute(self.node.script, my_task)
        return True


class ServiceTask(Activity):
    """A Python function: in the command's transaction, or as a job that says later what came of it."""

    def _run_hook(self, my_task: Token) -> bool | None:
        call = self.node.service
        if call is None:
            raise EngineError("服务任务没有指定服务。")
        case = my_task.workflow.case
        arguments = {name: case.evaluate(expression, my_task) for name, expression in call.parameters}
        if case.outside.is_external(call.operator):
            my_task.internal_data["waits"] = {"kind": "service", "operator": call.operator, "arguments": arguments}
            return None
        self.accept(my_task, case.outside.call_service(my_task, call.operator, arguments))
        return True

    def finish(self, token: Token, result: Any) -> None:
        """The job has its result."""
        self.accept(token, result)
        token.complete()

    def give_up(self, token: Token, error: EngineError) -> None:
        """The job threw a BPMN error, or failed for good."""
        raise error

    def accept(self, token: Token, result: Any) -> None:
        """Keep what the function gave: in the result variable if one is named, and nowhere else."""
        token.internal_data.pop("waits", None)
        if self.node.service is not None and self.node.service.result_variable:
            token.workflow.case.write(token, {self.node.service.result_variable: result})


class BusinessRuleTask(Activity):
    """A decision table: its outputs become variables, or its whole result the variable the task names."""

    def _run_hook(self, my_task: Token) -> bool:
        case = my_task.workflow.case
        result = case.decide(self.process.process.deployment, self.node.decision or "", my_task)
        if self.node.result_variable:
            case.write(my_task, {self.node.result_variable: result})
        elif isinstance(result, dict):
            case.write(my_task, result)
        else:
            case.write(my_task, {self.node.decision or "": result})
        return True


class SendTask(Activity, ThrowEvent):
    """Throws a message and goes on."""


class ReceiveTask(Activity, CatchEvent):
    """Waits for a message."""

    def activate(self, token: Token) -> bool:
        return self.wait(token)

    def happen(self, scope: Any) -> None:
        CatchEvent.happen(self, scope)


class ScopedActivity(Activity):
    """An activity that is done when the scope inside it is."""

    def _run_hook(self, my_task: Token) -> bool:
        return True

    def scope_ended(self, token: Token, scope: Any) -> None:
        """The scope inside has no token left."""
        token._ready()

    def choose(self, token: Token) -> list[Flow]:
        return [] if "undoes" in token.internal_data else super().choose(token)


class SubProcess(ScopedActivity):
    """An embedded sub-process or transaction; it shares the variables around it."""

    inner: ProcessSpec

    @property
    def has_undo_body(self) -> bool:
        return self.inner.undo_body is not None

    def scope_ended(self, token: Token, scope: Any) -> None:
        if self.handler is None and "undoes" not in token.internal_data:
            token.internal_data["undo"] = scope.notes
        super().scope_ended(token, scope)

    def activate(self, token: Token) -> bool:
        token.workflow.case.open_scope(token, self.inner, None)
        return False


class CallActivity(ScopedActivity):
    """A called process, with variables of its own: copied in when it begins, back when it ends.

    Without an `ioSpecification` it is given everything and gives back what it set, so that it does not undo what
    a parallel branch wrote meanwhile.
    """

    def activate(self, token: Token) -> bool:
        case = token.workflow.case
        spec = case.outside.called(self.node, self.process.process)
        if not spec.entries:
            message = Phrase("被调用的流程 {process} 没有普通的开始，只能由消息、信号或定时启动。", process=spec.name)
            raise EngineError(message)
        around = case.view(token)
        names = spec.inputs if spec.inputs is not None else case.variable_names(token)
        missing = [name for name in names if name not in around]
        if missing:
            raise EngineError(Phrase("被调用的流程需要变量 {names}，这里没有。", names="、".join(missing)))
        token.internal_data["called"] = spec.definition_id
        token.workflow.case.open_scope(token, spec, {name: around[name] for name in names})
        return False

    def scope_ended(self, token: Token, scope: Any) -> None:
        inside, outputs = scope.layer.values, scope.spec.outputs
        names = sorted(scope.layer.written) if outputs is None else outputs
        token.internal_data["given_back"] = {name: inside[name] for name in names if name in inside}
        token.internal_data["missing"] = [name for name in outputs or () if name not in inside]
        del token.internal_data["called"]
        scope.layer.release()
        super().scope_ended(token, scope)

    def _run_hook(self, my_task: Token) -> bool:
        """Copy back what the called process gave. What it owed may be put right by hand before a retry."""
        case = my_task.workflow.case
        data = my_task.internal_data
        missing, data["missing"] = data["missing"], []
        if missing:
            raise EngineError(Phrase("被调用的流程没有给出变量 {names}。", names="、".join(missing)))
        case.write(my_task, data.pop("given_back"))
        return True
