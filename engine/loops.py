"""Multi-instance and standard loops. One token holds the count, one more stands for each instance that is open.

What the outer token keeps does not grow with finished instances, but for the output collection if one is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.util.task import TaskState

from engine import values
from engine.elements import Token
from engine.errors import CommandRefused, EngineError
from engine.events import throw
from engine.expressions import Expression
from engine.loop_reader import MOST
from engine.model import Loop
from engine.phrases import Phrase
from engine.variables import Layer

if TYPE_CHECKING:
    from engine.activities import Activity


def enter(activity: Activity, outer: Token) -> None:
    """Begin the loop; with nothing to do it is over at once."""
    loop = _characteristics(activity)
    if loop.kind == "standard":
        state: dict[str, Any] = {"next": 0, "open": []}
        over = loop.test_before and not _goes_on(loop, outer, 0)
    else:
        count, keys = _size(loop, outer)
        state = {"next": 0, "total": count, "done": 0, "open": []}
        if keys is not None:
            state["keys"] = keys
        if loop.kind == "sequential" and loop.item is not None and loop.collection is not None:
            # Read once, as it is now (BPMN 2.0 §10.3.8); what has had its turn is let go.
            around = outer.workflow.case.view(outer)[loop.collection]
            state["items"] = values.copy([around[key] for key in keys] if keys is not None else list(around))[::-1]
        if loop.output_collection is not None:
            state["out"] = [None] * count
        over = count == 0
    outer._set_state(TaskState.STARTED)
    outer.internal_data["loop"] = state
    if over:
        _finish(loop, outer)
        return
    for _ in range(state["total"] if loop.kind == "parallel" else 1):
        _start(activity, outer)


def instance_done(activity: Activity, outer: Token, instance: Token) -> None:
    """One instance has completed: note what it gave, then see how the loop goes on."""
    loop = _characteristics(activity)
    state = outer.internal_data["loop"]
    local = instance.internal_data["local"]
    state["open"].remove(instance.id)
    if loop.kind != "standard":
        state["done"] += 1
        if "out" in state:
            state["out"][local["loopCounter"]] = local.get(loop.output_item or loop.item or "")
    state["last"] = local
    try:
        _throw(loop, outer)
        if outer.is_open:
            go_on(activity, outer)
    except CommandRefused:
        raise
    except EngineError as error:
        outer.workflow.case.fail(outer, error)


def _throw(loop: Loop, outer: Token) -> None:
    """Throw what the loop's behavior says, now that an instance has completed."""
    if loop.behavior == "One" and outer.internal_data["loop"]["done"] > 1:
        return
    for implicit in loop.throws:
        if outer.is_open and (implicit.condition is None or _holds(implicit.condition, outer)):
            throw(outer, implicit.event)


def go_on(activity: Activity, outer: Token) -> None:
    """After an instance has completed: start the next, wait for the others, or finish. Also how a retry resumes."""
    loop = _characteristics(activity)
    state = outer.internal_data["loop"]
    if loop.kind == "standard":
        over = not _goes_on(loop, outer, state["next"])
    else:
        over = _is_met(loop, outer) or state["done"] == state["total"]
    state.pop("last", None)
    if over:
        for other in list(state["open"]):
            outer.workflow.case.cancel_token(other)
        _finish(loop, outer)
    elif loop.kind != "parallel":
        _start(activity, outer)


def _characteristics(activity: Activity) -> Loop:
    if activity.loop is None:
        raise AssertionError("only activities that loop come here")
    return activity.loop


def _size(loop: Loop, outer: Token) -> tuple[int, list[str] | None]:
    """How many instances there are to be, and the keys of the collection where it is an object."""
    case = outer.workflow.case
    keys: list[str] | None = None
    if loop.collection is not None:
        around = case.view(outer)
        if loop.collection not in around:
            raise EngineError(Phrase("没有集合变量 {name}。", name=loop.collection))
        collection = around[loop.collection]
        if isinstance(collection, dict):
            keys = list(collection)
        elif not isinstance(collection, list):
            raise EngineError(Phrase("变量 {name} 不是列表或对象。", name=loop.collection))
        count = len(collection)
    elif loop.cardinality is not None:
        count = case.evaluate(loop.cardinality, outer)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise EngineError(Phrase("实例数应为不小于 0 的整数，得到的是 {value}。", value=repr(count)))
    else:
        raise EngineError("多实例没有说明次数或集合。")
    if count > MOST:
        raise EngineError(Phrase("实例数 {count} 超过上限 {most}。", count=count, most=MOST))
    return count, keys


def _start(activity: Activity, outer: Token) -> None:
    loop = _characteristics(activity)
    scope = outer.workflow
    state = outer.internal_data["loop"]
    index = state["next"]
    local: dict[str, Any] = {"loopCounter": index}
    if loop.output_item:
        local[loop.output_item] = None
    if loop.item:
        local[loop.item] = _item(loop, state, index, scope.case.view(outer))
    state["next"] += 1
    instance = scope.new_token(activity)
    instance.internal_data["instance_of"] = outer.id
    instance.internal_data["local"] = local
    state["open"].append(instance.id)
    scope.begin(instance)


def _item(loop: Loop, state: dict[str, Any], index: int, around: Any) -> Any:
    if loop.collection is None:
        return index
    if "items" in state:
        return state["items"].pop()
    # All at once; or in a case that was begun before collections were kept for their turns.
    current = around[loop.collection]
    place = state["keys"][index] if "keys" in state else index
    try:
        return current[place]
    except (LookupError, TypeError):
        message = Phrase("集合变量 {name} 已被改动，没有第 {number} 项。", name=loop.collection, number=index + 1)
        raise EngineError(message) from None


def _goes_on(loop: Loop, outer: Token, done: int) -> bool:
    """Whether a standard loop has another round: its condition holds and its maximum is not reached."""
    if loop.maximum is not None and done >= loop.maximum:
        return False
    if loop.condition is None:
        return True
    return bool(outer.workflow.case.evaluate(loop.condition, outer, extra={"loopCounter": done}))


def _is_met(loop: Loop, outer: Token) -> bool:
    """Whether the completion condition holds."""
    return loop.completion is not None and _holds(loop.completion, outer)


def _holds(condition: Expression, outer: Token) -> bool:
    """A condition of the loop, which sees the instance that has just completed and the counts."""
    case = outer.workflow.case
    state = outer.internal_data["loop"]
    counts = {
        "numberOfInstances": state["total"],
        "numberOfCompletedInstances": state["done"],
        "numberOfActiveInstances": len(state["open"]),
        "numberOfTerminatedInstances": 0,
    }
    # The names of BPMN 2.0 (table 10.28) and those that most modelers' users know.
    counts |= {name.replace("numberOf", "nrOf"): count for name, count in counts.items()}
    seen = Layer(state.get("last", {}), case.layer_of(outer)).view({**case.constants, **counts})
    return bool(condition.evaluate(seen, case.functions))


def _finish(loop: Loop, outer: Token) -> None:
    """Give the output collection to the case and let the outer token complete as the next step."""
    case = outer.workflow.case
    state = outer.internal_data["loop"]
    if "out" in state:
        collected: Any = state["out"]
        if "keys" in state:
            collected = dict(zip(state["keys"], collected, strict=True))
        case.write(outer, {loop.output_collection: collected})
    outer.internal_data["loop"] = {}
    outer._set_state(TaskState.READY)
    case.agenda.append(outer)
