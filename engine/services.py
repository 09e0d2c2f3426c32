"""Service tasks: one typed Python function is the source of its schema, catalogue entry, checks and execution.

    @service_task("certificate/issue", version=1, title="签发备案证", category="证书", effect="transaction")
    def issue_certificate(filing_id: Annotated[str, Param(title="申报编号")], call: Call) -> Issued: ...

A diagram names the id in its `serviceTaskOperator`. Packages offer modules of such functions by the entry point
group `jigai.services` (design §11).
"""

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import reduce
from importlib.metadata import entry_points
from typing import Any, Literal, Protocol

from sqlalchemy.orm import Session

from engine import values
from engine.errors import EngineError
from engine.phrases import Phrase

Effect = Literal["transaction", "external"]
ENTRY_POINT_GROUP = "jigai.services"
_MARK = "__service_task__"


class ServiceError(EngineError):
    """A service task that cannot be registered, found, or called with what it was given."""

    code = "service_error"


@dataclass(frozen=True)
class Param:
    """What the catalogue says of a parameter."""

    title: str = ""
    description: str = ""


class Decide(Protocol):
    """Evaluates a decision table of the deployment that the case runs on."""

    def __call__(self, decision_id: str, **inputs: Any) -> Any: ...


class Enqueue(Protocol):
    """Writes a job of its own, without a token, in the command's transaction."""

    def __call__(self, service_id: str, **params: Any) -> None: ...


@dataclass(frozen=True)
class Call:
    """What a service task may know of the case that calls it, and do beside returning a result.

    `session` is the command's: committing it is an error. `idempotency_key` names the case and the task, never
    the attempt, so the outside can recognise a repetition.

    An external task does its slow work without a transaction: its `session` only reads. What it wants to keep it
    hands to `keep` as a function of a session, which runs in the transaction that records its result. In a
    transaction's own task `keep` runs at once.
    """

    session: Session
    instance_id: str
    business_key: str | None
    element_id: str
    idempotency_key: str
    actor: str | None
    now: datetime
    log: Any
    decide: Decide
    enqueue: Enqueue
    keep: Callable[[Callable[[Session], None]], None]


@dataclass(frozen=True)
class Parameter:
    """One typed parameter of a service task."""

    name: str
    type: Any
    title: str
    description: str
    required: bool
    default: Any = None


@dataclass(frozen=True)
class Takes:
    """The names of the parameters that a service takes (None: any), and of those that it needs."""

    names: frozenset[str] | None
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ServiceTask:
    """A registered function and everything said about it."""

    id: str
    function: Callable[..., Any]
    version: int = 1
    title: str = ""
    category: str = ""
    effect: Effect = "transaction"
    errors: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 5
    timeout: float = 60.0
    parameters: tuple[Parameter, ...] = ()
    wants_call: bool = False
    typed: bool = True

    @property
    def takes(self) -> Takes:
        """The parameters a diagram may and must give."""
        if self.typed:
            names = frozenset(parameter.name for parameter in self.parameters)
            return Takes(names, frozenset(parameter.name for parameter in self.parameters if parameter.required))
        try:
            found = inspect.signature(self.function).parameters.values()
        except (TypeError, ValueError):
            return Takes(None)
        named = [p for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name != "call"]
        required = frozenset(p.name for p in named if p.default is inspect.Parameter.empty)
        takes_any = any(p.kind is p.VAR_KEYWORD for p in found)
        return Takes(None if takes_any else frozenset(p.name for p in named), required)

    @property
    def place(self) -> str:
        """Where the function stands: `module:function`."""
        return f"{self.function.__module__}:{self.function.__qualname__}"

    def bind(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the function's types. Raises ServiceError naming what is missing, unknown or mistyped."""
        if not self.typed:
            return dict(arguments)
        known = {parameter.name: parameter for parameter in self.parameters}
        if unknown := sorted(set(arguments) - set(known)):
            message = Phrase(
                "服务「{service}」没有参数 {unknown}，它的参数是 {known}。",
                service=self.id,
                unknown="、".join(unknown),
                known="、".join(known) or "（无）",
            )
            raise ServiceError(message)
        bound: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.name in arguments:
                bound[parameter.name] = _convert(
                    arguments[parameter.name], parameter.type, f"{self.id}.{parameter.name}"
                )
            elif parameter.required:
                message = Phrase(
                    "服务「{service}」缺少参数 {name}（{title}）。",
                    service=self.id,
                    name=parameter.name,
                    title=parameter.title or parameter.name,
                )
                raise ServiceError(message)
        return bound

    def invoke(self, arguments: Mapping[str, Any], call: Call, variable: str | None = None) -> Any:
        """Run the function; its result as a process value (a dataclass becomes an object).

        Raises ValueRefused, which names the variable that the result is for, where it cannot be stored.
        """
        bound = self.bind(arguments)
        if self.wants_call:
            bound["call"] = call
        result = to_value(self.function(**bound))
        values.check(result, variable or self.id)
        return result

    def describe(self) -> dict[str, Any]:
        """The catalogue entry that `GET /services` and `jigai services show` give."""
        return {
            "id": self.id,
            "version": self.version,
            "title": self.title,
            "category": self.category,
            "effect": self.effect,
            "documentation": inspect.getdoc(self.function) or "",
            "errors": dict(self.errors),
            "attempts": self.attempts if self.effect == "external" else 1,
            "timeout": self.timeout if self.effect == "external" else None,
            "parameters": [
                {
                    "name": parameter.name,
                    "title": parameter.title,
                    "description": parameter.description,
                    "required": parameter.required,
                    "schema": json_schema(parameter.type),
                }
                for parameter in self.parameters
            ],
            "result": json_schema(typing.get_type_hints(self.function).get("return", Any)) if self.typed else {},
        }


def service_task(
    id: str,
    *,
    version: int = 1,
    title: str,
    category: str = "",
    effect: Effect = "transaction",
    errors: Mapping[str, str] | None = None,
    attempts: int = 5,
    timeout: float = 60.0,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function as the service task `id`. The function itself stays callable and testable as it is."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        parameters, wants_call = _parameters(function)
        task = ServiceTask(
            id=id,
            function=function,
            version=version,
            title=title,
            category=category,
            effect=effect,
            errors=dict(errors or {}),
            attempts=attempts,
            timeout=timeout,
            parameters=parameters,
            wants_call=wants_call,
        )
        setattr(function, _MARK, task)
        return function

    return declare


class Registry:
    """The service tasks one application knows, by id."""

    def __init__(self, tasks: Iterable[ServiceTask] = ()) -> None:
        self._tasks: dict[str, ServiceTask] = {}
        for task in tasks:
            self.add(task)

    @classmethod
    def installed(cls) -> "Registry":
        """Every service task that an installed package offers by the entry point group `jigai.services`."""
        registry = cls()
        for entry_point in entry_points(group=ENTRY_POINT_GROUP):
            registry.add_module(entry_point.load())
        return registry

    def add(self, task: ServiceTask) -> None:
        """Register; a second task with one id is refused with both places named."""
        known = self._tasks.get(task.id)
        if known is not None and known.function is not task.function:
            raise ServiceError(f"服务「{task.id}」有两处定义：{known.place} 和 {task.place}。")
        self._tasks[task.id] = task

    def add_module(self, module: types.ModuleType) -> None:
        """Register every declared function of a module."""
        for member in vars(module).values():
            task = getattr(member, _MARK, None)
            if isinstance(task, ServiceTask):
                self.add(task)

    def add_callable(self, id: str, function: Callable[..., Any]) -> None:
        """Register a plain callable, as the test kit does: its parameters come by keyword, unconverted."""
        declared = getattr(function, _MARK, None)
        if isinstance(declared, ServiceTask):
            self.add(dataclasses.replace(declared, id=id))
            return
        try:
            wants_call = "call" in inspect.signature(function).parameters
        except (TypeError, ValueError):
            wants_call = False
        self.add(ServiceTask(id=id, function=function, title=id, wants_call=wants_call, typed=False))

    def get(self, id: str) -> ServiceTask | None:
        return self._tasks.get(id)

    def takes(self, id: str) -> Takes | Literal[False]:
        """What a service takes; False where there is none."""
        task = self._tasks.get(id)
        return task.takes if task is not None else False

    def __iter__(self) -> typing.Iterator[ServiceTask]:
        return iter(sorted(self._tasks.values(), key=lambda task: task.id))


def to_value(result: Any) -> Any:
    """A function's result as a process value: dataclasses become objects, enumerations their values, tuples lists."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return {f.name: to_value(getattr(result, f.name)) for f in dataclasses.fields(result)}
    if isinstance(result, Enum):
        return to_value(result.value)
    if isinstance(result, Mapping):
        return {key: to_value(item) for key, item in result.items()}
    if isinstance(result, list | tuple):
        return [to_value(item) for item in result]
    return result


def json_schema(annotation: Any) -> dict[str, Any]:
    """The JSON Schema of a parameter's or result's type, for the catalogue."""
    annotation = _bare(annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [json_schema(argument) for argument in arguments]}
    if origin is list:
        return {"type": "array", "items": json_schema(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": json_schema(arguments[1])}
    if origin is Literal:
        return {"enum": list(arguments)}
    if isinstance(annotation, type):
        if issubclass(annotation, Enum):
            return {"enum": [member.value for member in annotation]}
        if dataclasses.is_dataclass(annotation):
            hints = typing.get_type_hints(annotation, include_extras=True)
            return {
                "type": "object",
                "title": annotation.__name__,
                "properties": {f.name: json_schema(hints[f.name]) for f in dataclasses.fields(annotation)},
            }
    return dict(_SCHEMAS.get(annotation, {}))


_SCHEMAS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Decimal: {"type": "string", "format": "decimal"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    dict: {"type": "object"},
    list: {"type": "array"},
    type(None): {"type": "null"},
    None: {"type": "null"},
}


def _bare(annotation: Any) -> Any:
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def _parameters(function: Callable[..., Any]) -> tuple[tuple[Parameter, ...], bool]:
    hints = typing.get_type_hints(function, include_extras=True)
    parameters: list[Parameter] = []
    wants_call = False
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "call":
            wants_call = True
            continue
        if name not in hints:
            raise ServiceError(f"{function.__module__}:{function.__qualname__} 的参数 {name} 没有类型标注。")
        annotation = hints[name]
        extras = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is typing.Annotated else ()
        described = next((extra for extra in extras if isinstance(extra, Param)), Param())
        required = parameter.default is inspect.Parameter.empty
        parameters.append(
            Parameter(
                name=name,
                type=_bare(annotation),
                title=described.title,
                description=described.description,
                required=required,
                default=None if required else parameter.default,
            )
        )
    return tuple(parameters), wants_call


def _convert(value: Any, annotation: Any, path: str) -> Any:
    """`value`, a process value, as the annotated Python type; ServiceError where it does not fit."""
    annotation = _bare(annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any or annotation is inspect.Parameter.empty:
        return value
    if origin in (typing.Union, types.UnionType):
        return _convert_to_one_of(value, arguments, path)
    if origin is Literal:
        if value in arguments:
            return value
    elif origin is list and isinstance(value, list):
        return [_convert(item, arguments[0], f"{path}[{index}]") for index, item in enumerate(value)]
    elif origin is dict and isinstance(value, dict):
        return {key: _convert(item, arguments[1], f"{path}.{key}") for key, item in value.items()}
    elif isinstance(annotation, type):
        converted = _convert_plain(value, annotation, path)
        if converted is not None:
            return converted
    raise _mistyped(path, _name(annotation), value)


def _convert_to_one_of(value: Any, choices: tuple[Any, ...], path: str) -> Any:
    if value is None and type(None) in choices:
        return None
    for choice in choices:
        if choice is type(None):
            continue
        try:
            return _convert(value, choice, path)
        except ServiceError:
            continue
    wanted = reduce(lambda one, other: Phrase("{one} 或 {other}", one=one, other=other), map(_name, choices))
    raise _mistyped(path, wanted, value)


def _mistyped(path: str, wanted: str, value: Any) -> ServiceError:
    return ServiceError(
        Phrase("参数 {parameter} 应为 {wanted}，得到的是 {value}。", parameter=path, wanted=wanted, value=repr(value))
    )


def _convert_plain(value: Any, annotation: type, path: str) -> Any:
    if annotation is bool or isinstance(value, bool):
        return value if annotation is bool and isinstance(value, bool) else None
    if dataclasses.is_dataclass(annotation) and isinstance(value, dict):
        hints = typing.get_type_hints(annotation, include_extras=True)
        return annotation(**{key: _convert(item, hints.get(key, Any), f"{path}.{key}") for key, item in value.items()})
    if isinstance(value, annotation) and not (annotation is date and isinstance(value, datetime)):
        return value
    try:
        if issubclass(annotation, Enum):
            return annotation(value)
        if annotation is Decimal and isinstance(value, int | str | float):
            return Decimal(str(value))
        if annotation is float and isinstance(value, int | Decimal):
            return float(value)
        if annotation in (date, datetime) and isinstance(value, str):
            return annotation.fromisoformat(value)
    except (ValueError, InvalidOperation):
        return None
    return None


def _name(annotation: Any) -> str:
    return getattr(annotation, "__name__", str(annotation))
