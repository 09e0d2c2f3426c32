"""Gateways. Joins count tokens per incoming flow, so they need no history to know what has arrived."""

from collections.abc import Collection
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.elements import Element, NoFlow, ProcessSpec, Token, collecting
from engine.events import LinkCatch, LinkThrow
from engine.model import Flow, Node


class ExclusiveGateway(Element):
    """One way out: the first flow, in the order drawn, whose condition holds, else the default (BPMN 2.0 §13.4.2)."""

    def choose(self, token: Token) -> list[Flow]:
        for flow in self.node.outgoing:
            if flow.id != self.node.default and self.holds(flow, token):
                return [flow]
        default = [flow for flow in self.node.outgoing if flow.id == self.node.default]
        if not default and self.node.outgoing:
            raise NoFlow("网关的条件都不成立，也没有默认连线。")
        return default


class Join(Element):
    """A gateway that waits. One token of a scope stands on it and counts what has arrived on each incoming flow."""

    def arrive(self, scope: Any, flow: Flow | None) -> None:
        if flow is None or len(self.node.incoming) < 2:
            scope.enter(self)
            return
        token = scope.joins.get(self.name) or collecting(self, scope)
        arrived = token.internal_data["arrived"]
        arrived[flow.id] = arrived.get(flow.id, 0) + 1
        scope.case.attempt(token, self.reconsider, token)

    def reconsider(self, token: Token) -> bool:
        """Let the token run if enough has arrived. True when it does."""
        raise AssertionError("a join says when it may run")

    def release(self, token: Token) -> None:
        """Take one token of each flow that has any; whatever is left waits on, in a token of its own."""
        scope = token.workflow
        left = {flow: count - 1 for flow, count in token.internal_data.pop("arrived").items() if count > 1}
        token.internal_data.pop("incident", None)
        del scope.joins[self.name]
        token._set_state(TaskState.FUTURE)
        token._ready()
        if left:
            surplus = collecting(self, scope)
            surplus.internal_data["arrived"] = left
            self.reconsider(surplus)


class ParallelGateway(Join):
    """Waits for a token on every incoming flow, then puts one on every outgoing flow (BPMN 2.0 §13.4.1)."""

    def reconsider(self, token: Token) -> bool:
        if len(token.internal_data["arrived"]) < len(self.node.incoming):
            return False
        self.release(token)
        return True

    def choose(self, token: Token) -> list[Flow]:
        return self.node.outgoing


class InclusiveGateway(Join):
    """Waits while a token could still arrive that has not (BPMN 2.0 §13.4.3), then takes every flow that holds.

    It is looked at when nothing else can run. A token elsewhere in the scope holds it up when there is a path from it
    to an empty incoming flow, not through this gateway, and none to a flow that already has a token. What may leave an
    activity by its border is a way to an empty flow, but no reason not to wait for the activity itself.
    """

    def __init__(self, process: ProcessSpec, node: Node) -> None:
        super().__init__(process, node)
        self._upstream: dict[tuple[str, bool], frozenset[str]] = {}

    def reconsider(self, token: Token) -> bool:
        if len(token.internal_data["arrived"]) == len(self.node.incoming):
            self.release(token)
            return True
        return False

    def may_fire(self, token: Token) -> bool:
        """Whether nothing can arrive any more that it waits for."""
        return not self.may_arrive(token, token.internal_data["arrived"].keys())

    def may_arrive(self, token: Token, has_come: Collection[str]) -> bool:
        """Whether a token elsewhere could still come along a flow other than those in `has_come`."""
        empty: set[str] = set()
        filled: set[str] = set()
        for flow in self.node.incoming:
            if flow.id in has_come:
                filled |= self._before(flow, over_borders=False)
            else:
                empty |= self._before(flow, over_borders=True)
        holding_up = empty - filled
        return any(other.task_spec.name in holding_up for other in token.workflow.tasks.values() if other is not token)

    def _before(self, flow: Flow, *, over_borders: bool) -> frozenset[str]:
        """The elements from which an incoming flow can be reached without passing this gateway."""
        key = (flow.id, over_borders)
        if key not in self._upstream:
            self._upstream[key] = self._walk_back(flow.source, over_borders)
        return self._upstream[key]

    def _walk_back(self, start: str, over_borders: bool) -> frozenset[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name in seen or name == self.name:
                continue
            seen.add(name)
            element = self.process.element(name)
            waiting.extend(flow.source for flow in element.node.incoming)
            if over_borders and element.node.attached_to is not None:
                waiting.append(element.node.attached_to)
            if isinstance(element, LinkCatch):
                waiting.extend(throw.name for throw in self._throws_to(element))
        return frozenset(seen)

    def _throws_to(self, catch: LinkCatch) -> list[LinkThrow]:
        elements = self.process.task_specs.values()
        return [throw for throw in elements if isinstance(throw, LinkThrow) and throw.target is catch]

    def choose(self, token: Token) -> list[Flow]:
        chosen = [flow for flow in self.node.outgoing if flow.id != self.node.default and self.holds(flow, token)]
        chosen = chosen or [flow for flow in self.node.outgoing if flow.id == self.node.default]
        if not chosen and self.node.outgoing:
            raise NoFlow("网关的条件都不成立，也没有默认连线。")
        return chosen


class ComplexGateway(InclusiveGateway):
    """Goes on as soon as its activation condition holds, then waits for what is still to come (BPMN 2.0 §13.4.5).

    The condition sees `activationCount`, how many incoming flows have a token. The flows out see `waitingForStart`:
    true when the gateway goes on, false when the rest has come and it begins anew; only flows whose condition says so
    get a token then.
    """

    def reconsider(self, token: Token) -> bool:
        arrived = token.internal_data["arrived"]
        gone_on = token.internal_data.get("gone_on")
        if gone_on is not None:
            if len({*gone_on, *arrived}) == len(self.node.incoming):
                self.release(token)
            return False
        condition = self.node.activation
        if condition is None:
            raise AssertionError("structure checks that a complex gateway has an activation condition")
        extra = {"activationCount": len(arrived)}
        if not token.workflow.case.evaluate(condition, token, extra=extra):
            return False
        token.internal_data["gone_on"] = sorted(arrived)
        _take_one_of_each(arrived)
        self._go(token, starting=True)
        return self.reconsider(token)

    def may_fire(self, token: Token) -> bool:
        gone_on = token.internal_data.get("gone_on")
        return gone_on is not None and not self.may_arrive(token, {*gone_on, *token.internal_data["arrived"]})

    def release(self, token: Token) -> None:
        """All that could come has come: begin anew, with whatever came twice."""
        scope = token.workflow
        gone_on = token.internal_data.pop("gone_on")
        left = token.internal_data["arrived"]
        _take_one_of_each(left, but=gone_on)
        if any(flow.condition is not None for flow in self.node.outgoing):
            self._go(token, starting=False)
        scope.discard(token)
        if left:
            fresh = collecting(self, scope)
            fresh.internal_data["arrived"] = left
            scope.case.attempt(fresh, self.reconsider, fresh)

    def _go(self, token: Token, *, starting: bool) -> None:
        runner = token.workflow.new_token(self)
        runner.internal_data["starting"] = starting
        runner._ready()

    def holds(self, flow: Flow, token: Token) -> bool:
        starting = token.internal_data.get("starting", True)
        if flow.condition is None:
            return bool(starting)
        return bool(token.workflow.case.evaluate(flow.condition, token, extra={"waitingForStart": starting}))

    def choose(self, token: Token) -> list[Flow]:
        if token.internal_data.get("starting", True):
            return super().choose(token)
        return [flow for flow in self.node.outgoing if flow.id != self.node.default and self.holds(flow, token)]

    def _on_complete(self, my_task: Token) -> None:
        if my_task.internal_data.get("starting", True):
            super()._on_complete(my_task)
            return
        flows = self.choose(my_task)
        scope = my_task.workflow
        scope.discard(my_task)
        for flow in flows:
            scope.put(flow)


def _take_one_of_each(arrived: dict[str, int], but: Collection[str] = ()) -> None:
    """Take one token off every flow that has any, but for those of `but`."""
    for flow in [flow for flow in arrived if flow not in but]:
        arrived[flow] -= 1
        if arrived[flow] == 0:
            del arrived[flow]


class EventBasedGateway(Element):
    """Whichever event after it comes first is the way out; the others are disarmed (BPMN 2.0 §13.4.4)."""

    def _on_complete(self, my_task: Token) -> None:
        scope = my_task.workflow
        scope.discard(my_task)
        scope.case.record("completed", my_task)
        racers = [scope.new_token(self.process.element(flow.target)) for flow in self.node.outgoing]
        for racer in racers:
            racer.internal_data["race"] = [other.id for other in racers if other is not racer]
        for racer in racers:
            if scope.case.tokens.get(racer.id) is racer:
                scope.begin(racer)
