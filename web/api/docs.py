"""The REST interface for reading: the OpenAPI document as a page, without scripts from elsewhere."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, render_template
from flask_smorest import Api

METHODS = ("get", "post", "put", "delete")


@dataclass(frozen=True)
class Operation:
    """One call: what it does, what it takes, what it answers. Fields are `(name, type, note)`."""

    method: str
    path: str
    summary: str
    parameters: list[tuple[str, str, str]]
    body: list[tuple[str, str, str]]
    answers: list[tuple[str, list[tuple[str, str, str]]]]


def register(app: Flask, api: Api) -> None:
    """Serve the page at /api/docs."""

    @app.get("/api/docs")
    def api_docs() -> str:
        document = api.spec.to_dict()
        return render_template("public/api.html", groups=groups(document), info=document["info"])


def groups(document: dict[str, Any]) -> dict[str, list[Operation]]:
    """The operations of an OpenAPI document by tag."""
    found: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = _operation(document, method, path, item[method])
                found.setdefault(item[method].get("tags", [""])[0], []).append(operation)
    return found


def _operation(document: dict[str, Any], method: str, path: str, said: dict[str, Any]) -> Operation:
    parameters = [_resolved(document, parameter) for parameter in said.get("parameters", [])]
    answers = [
        (status, _fields(document, _resolved(document, answer)))
        for status, answer in said.get("responses", {}).items()
        if status.isdigit() and status.startswith("2")
    ]
    return Operation(
        method=method.upper(),
        path=path,
        summary=f"{said.get('summary', '')} {said.get('description', '')}".strip(),
        parameters=[(p["name"], _type(document, p.get("schema", {})), p["in"]) for p in parameters],
        body=_fields(document, said.get("requestBody", {})),
        answers=answers,
    )


def _fields(document: dict[str, Any], holder: dict[str, Any]) -> list[tuple[str, str, str]]:
    schema = holder.get("content", {}).get("application/json", {}).get("schema", {})
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        schema = _resolved(document, schema["items"])
    return [
        (name, _type(document, field), _resolved(document, field).get("description", ""))
        for name, field in schema.get("properties", {}).items()
    ]


def _type(document: dict[str, Any], schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = _resolved(document, schema)
    kind = schema.get("type", name or "object")
    kinds = " | ".join(kind) if isinstance(kind, list) else str(kind)
    if kinds == "array":
        return f"[{_type(document, schema.get('items', {}))}]"
    return name if name and kinds == "object" else kinds


def _resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """What a reference within the document leads to, or the value itself."""
    while "$ref" in value:
        place: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        value = place
    return value
