"""Multi-instance and standard loops. One token holds the count, one more stands for each instance that is open.

What the outer token keeps does not grow with finished instances, but for the output collection if one is named.
"""

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.task import Task as Token
from SpiffWorkflow.util.task import TaskState

from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.activities import Activity

MOST = 10_000
"""Instances of one activity, at most."""


def enter(activity: "Activity", token: Token) -> bool:
    """Begin the loop. True where there is nothing to do."""
    loop = activity.loop
    if loop is None:
        raise AssertionError("a loop has characteristics")
    token._set_state(TaskState.STARTED)
    if loop.kind == "standard":
        token.internal_data["loop"] = {"next": 0, "open": []}
        if loop.test_before and not _goes_on(activity, token, 0):
            return True
        _start(activity, token)
        return False
    count, keys = _size(activity, token)
    state: dict[str, Any] = {"next": 0, "total": count, "done": 0, "open": []}
    if keys is not None:
        state["keys"] = keys
    if loop.output_collection is not None:
        state["out"] = [None] * count
    token.internal_data["loop"] = state
    if count == 0:
        _finish(activity, token)
        return True
    for _ in range(count if loop.kind == "parallel" else 1):
        if token.workflow.case.tokens.get(token.id) is not token or "loop" not in token.internal_data:
            break
        _start(activity, token)
    return False


def instance_done(activity: "Activity", outer: Token, instance: Token) -> None:
    """One instance has completed: start the next, or let the whole go on."""
    loop = activity.loop
    case = outer.workflow.case
    state = outer.internal_data["loop"]
    state["open"].remove(instance.id)
    local = instance.internal_data["local"]
    if loop is None:
        raise AssertionError("a loop has characteristics")
    if loop.kind == "standard":
        if _goes_on(activity, outer, state["next"]):
            _start(activity, outer)
        else:
            _complete(activity, outer)
        return
    state["done"] += 1
    if "out" in state:
        state["out"][local["loopCounter"]] = local.get(loop.output_item or loop.item or "")
    counts = {
        "nrOfInstances": state["total"],
        "nrOfCompletedInstances": state["done"],
        "nrOfActiveInstances": len(state["open"]),
    }
    met = loop.completion is not None and case.evaluate(loop.completion, instance, extra=counts)
    if met or state["done"] == state["total"]:
        for other in list(state["open"]):
            case.cancel_token(other)
        _finish(activity, outer)
        _complete(activity, outer)
    elif loop.kind == "sequential":
        _start(activity, outer)


def _size(activity: "Activity", token: Token) -> tuple[int, list[str] | None]:
    loop = activity.loop
    case = token.workflow.case
    if loop is None:
        raise AssertionError("a loop has characteristics")
    keys: list[str] | None = None
    if loop.collection is not None:
        around = case.view(token)
        if loop.collection not in around:
            raise EngineError(f"没有集合变量 {loop.collection}。")
        collection = around[loop.collection]
        if isinstance(collection, dict):
            keys = list(collection)
        elif not isinstance(collection, list):
            raise EngineError(f"变量 {loop.collection} 不是列表或对象。")
        count = len(collection)
    elif loop.cardinality is not None:
        count = case.evaluate(loop.cardinality, token)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise EngineError(f"实例数应为不小于 0 的整数，得到的是 {count!r}。")
    else:
        raise EngineError("多实例没有说明次数或集合。")
    if count > MOST:
        raise EngineError(f"实例数 {count} 超过上限 {MOST}。")
    return count, keys


def _start(activity: "Activity", outer: Token) -> None:
    loop = activity.loop
    scope = outer.workflow
    state = outer.internal_data["loop"]
    index = state["next"]
    state["next"] += 1
    local: dict[str, Any] = {"loopCounter": index}
    if loop is not None and loop.kind != "standard":
        if loop.output_item:
            local[loop.output_item] = None
        if loop.item:
            local[loop.item] = _item(loop.collection, state, index, scope.case.view(outer))
    instance = scope.new_token(activity)
    instance.internal_data["instance_of"] = outer.id
    instance.internal_data["local"] = local
    state["open"].append(instance.id)
    scope.begin(instance)


def _item(collection: str | None, state: dict[str, Any], index: int, around: Any) -> Any:
    if collection is None:
        return index
    current = around[collection]
    keys = state.get("keys")
    if isinstance(current, dict) and keys is not None:
        return current.get(keys[index])
    return current[index] if index < len(current) else None


def _goes_on(activity: "Activity", outer: Token, done: int) -> bool:
    loop = activity.loop
    if loop is None or (loop.maximum is not None and done >= loop.maximum):
        return False
    if loop.condition is None:
        return True
    return bool(outer.workflow.case.evaluate(loop.condition, outer, extra={"loopCounter": done}))


def _finish(activity: "Activity", outer: Token) -> None:
    """Give the output collection to the case."""
    loop = activity.loop
    state = outer.internal_data["loop"]
    if loop is not None and loop.output_collection is not None:
        collected: Any = state["out"]
        if "keys" in state:
            collected = dict(zip(state["keys"], collected, strict=True))
        outer.workflow.case.write(outer, {loop.output_collection: collected})


def _complete(activity: "Activity", outer: Token) -> None:
    outer._set_state(TaskState.COMPLETED)
    activity._on_complete(outer)
