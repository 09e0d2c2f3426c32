"""Errors of the REST interface: application/problem+json with a sentence, a code and a remedy (RFC 9457)."""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from flask import Flask, Response, json, request
from flask_wtf.csrf import CSRFError
from marshmallow import INCLUDE, Schema, fields
from sqlalchemy.exc import DataError, OperationalError, StatementError
from werkzeug.exceptions import HTTPException

from engine.errors import BusinessRefusal, CommandRefused, DeploymentRefused
from engine.phrases import Phrase
from engine.tables import new_id
from web.texts import language, told

PROBLEM = "application/problem+json"

log = structlog.get_logger("jigai.web")

_SENTENCES = ("message", "remedy", "detail")
"""What complaints of every kind say to people."""

_TITLES = {
    400: "请求的格式不正确。",
    401: "请先登录，或在 Authorization 中给出有效的令牌。",
    403: "你没有这项操作的权限。",
    404: "没有找到。",
    405: "这个地址不接受该方法。",
    409: "当前状态不允许这项操作。",
    413: "上传的文件过大。",
    415: "不支持这种内容类型。",
    422: "提交的内容有误。",
    429: "操作过于频繁，请稍后再试。",
}


class FieldProblem(Schema):
    """What is wrong with one field of what was sent, or at one place of a file; what more is known stands beside it."""

    class Meta:
        unknown = INCLUDE

    field = fields.String()
    code = fields.String()
    message = fields.String()


class Problem(Schema):
    """A problem document (RFC 9457), with a code for programs and a remedy for people; it may say more."""

    class Meta:
        unknown = INCLUDE

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    remedy = fields.String()
    errors = fields.List(fields.Nested(FieldProblem))
    number = fields.String(metadata={"description": "of an unforeseen error, to report"})


def problem(
    status: int, code: str, detail: str, *, remedy: str = "", errors: list[dict[str, Any]] | None = None, **more: Any
) -> Response:
    """One problem document."""
    body: dict[str, Any] = {
        "type": f"urn:jigai:problem:{code}",
        "title": told(_TITLES.get(status, "出错了。")),
        "status": status,
        "detail": told(detail),
        "code": code,
        "remedy": told(remedy),
        **{name: _told_within(value) for name, value in more.items()},
    }
    if errors is not None:
        body["errors"] = [_told(error) for error in errors]
    return Response(json.dumps(body, ensure_ascii=False), status=status, mimetype=PROBLEM)


def complaints(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Findings, hints, errors of fields or lines of files, each as a document in the reader's language."""
    return [_told(vars(one)) for one in found]


def _told(complaint: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told(value) if name in _SENTENCES else value for name, value in complaint.items()}


def _told_within(value: Any) -> Any:
    """What a refusal says beside its sentence, such as what blocks a migration, told wherever a sentence is in it."""
    if isinstance(value, list):
        return [_told_within(item) for item in value]
    if isinstance(value, Mapping):
        return _told({name: _told_within(item) for name, item in value.items()})
    return told(value) if isinstance(value, Phrase) else value


def answer_problems(app: Flask) -> None:
    """Answer what is raised below /api as a problem; pages have an answer of their own."""

    @app.errorhandler(CommandRefused)
    def command_refused(refusal: CommandRefused) -> Any:
        return _api(refusal) or _page(refusal, refusal.status)

    @app.errorhandler(DeploymentRefused)
    def deployment_refused(refusal: DeploymentRefused) -> Any:
        errors = [
            {
                "file": p.file,
                "element_id": p.element_id,
                "element_name": p.element_name,
                "line": p.line,
                "code": p.code,
                "message": p.message,
                "remedy": p.remedy,
                "severity": p.severity,
            }
            for p in (found.in_language("en" if language() == "en" else "zh", told) for found in refusal.problems)
        ]
        return problem(422, refusal.code, "部署的文件有误，没有保存。", remedy="请按提示逐一更正。", errors=errors)

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> Any:
        return command_refused(
            CommandRefused(
                "page_expired",
                "页面停留过久，或已在别处重新登录，本次操作没有执行。",
                status=400,
                remedy="请刷新页面后重试；已填写的内容可先复制。",
            )
        )

    @app.errorhandler(HTTPException)
    def http_exception(error: HTTPException) -> Any:
        status = error.code or 500
        if not _is_api():
            return _page(error, status)
        data = getattr(error, "data", {}) or {}
        messages = data.get("messages") or {}
        return problem(
            status, f"http_{status}", _TITLES.get(status, str(error)), errors=list(_fields(messages)) or None
        )

    @app.errorhandler(StatementError)
    @app.errorhandler(OverflowError)
    def out_of_range(error: StatementError | OverflowError) -> Any:
        """What no column holds, such as a NUL, a number of thirty digits, or the day before the calendar's first."""
        if not isinstance(error, DataError | OverflowError) and not isinstance(error.orig, OverflowError):
            return unforeseen(error)
        log.warning("value out of range", path=request.path, exc_info=error)
        message = "内容里有系统不能接收的字符，或超出范围的数字、日期。"
        return command_refused(CommandRefused("value_out_of_range", message, status=422, remedy="请更正后重试。"))

    @app.errorhandler(OperationalError)
    def database_away(error: OperationalError) -> Any:
        return _unforeseen(error, 503, "数据库暂时不可用。", "已保存的内容没有丢失，请稍后重试。")

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Any:
        return _unforeseen(error, 500, "系统出错，本次操作没有生效。", "已保存的内容没有丢失；请把问题编号告诉管理员。")


def _unforeseen(error: Exception, status: int, detail: str, remedy: str) -> Any:
    number = f"E-{new_id()[:8].upper()}"
    log.error("unforeseen error", number=number, path=request.path, exc_info=error)
    if _is_api():
        return problem(status, "unforeseen", detail, remedy=remedy, number=number)
    return _page(error, status, number=number)


def _is_api() -> bool:
    return request.path.startswith("/api/")


def _api(refusal: CommandRefused) -> Response | None:
    if not _is_api():
        return None
    errors = None
    if isinstance(refusal, BusinessRefusal):
        errors = [vars(error) for error in refusal.errors]
    return problem(
        refusal.status, refusal.code, refusal.message, remedy=refusal.remedy, errors=errors, **refusal.details
    )


def _page(error: Exception, status: int, number: str | None = None) -> Any:
    from web.pages.errors import show  # pages import the application, which imports this

    return show(error, status, number)


def _fields(messages: Any, path: str = "") -> Any:
    """marshmallow's nested messages as flat field errors; the place (`json`, `query`) is not part of a field."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            outer = "" if not path and name in ("json", "query", "files", "form") else path
            field = f"{outer}.{name}" if outer else ("" if name in ("json", "query", "files", "form") else str(name))
            yield from _fields(inner, field.removesuffix("._schema"))
    elif isinstance(messages, list):
        for message in messages:
            yield from _fields(message, path)
    else:
        yield {"field": "" if path == "_schema" else path, "code": "invalid", "message": messages}
