"""Commands that pages give: a form posted twice is one command, and a page that is out of date gives none."""

import hashlib
from collections.abc import Callable
from typing import Any

from flask import request

from engine.commands import Command
from engine.errors import BusinessRefusal, CommandRefused
from engine.tables import new_id
from records.documents import Document
from web.api.idempotency import once_under
from web.texts import sentences, told


def fresh() -> str:
    """The id of the command that a form about to be shown may give."""
    return new_id()


def give(act: Callable[[Command], dict[str, Any]]) -> dict[str, Any]:
    """Carry out the posted form's command; the same form posted again is answered as the first time.

    A form that was changed after it had been sent is another command, for the rules to judge.
    """
    key = _key()
    document, _status = once_under(key, key, act)
    answer: dict[str, Any] = document
    return answer


def refused(refusal: CommandRefused) -> str:
    """What a page says of a refusal as a whole: the sentence, and what can be done."""
    return sentences(refusal.message, refusal.remedy)


def beside_fields(refusal: CommandRefused) -> dict[str, str]:
    """What a form says beside its fields, of each the first complaint."""
    errors = refusal.errors if isinstance(refusal, BusinessRefusal) else []
    return {error.field: told(error.message) for error in reversed(errors)}


def revision_of(document: Document | None) -> str:
    """What a page shows of a filing, in short: it changes when another version is submitted."""
    return str(document.submission) if document is not None else ""


def require_current(document: Document | None) -> None:
    """Raises CommandRefused 409 when the posted form was shown before the version that is there now."""
    shown = request.form.get("revision", "")
    if document is not None and shown and shown != revision_of(document):
        raise CommandRefused(
            "page_outdated",
            "企业已重新提交，本页显示的不是最新内容，没有办理。",
            remedy="请刷新后核对最新内容再办理。",
        )


def _key() -> str:
    command_id = request.form.get("command_id", "")
    if not command_id:
        return ""
    given = "\n".join(f"{name}={value}" for name, value in sorted(request.form.items()) if name != "csrf_token")
    return hashlib.sha256(f"{request.path}\n{given}".encode()).hexdigest()
