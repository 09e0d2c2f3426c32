"""What the pages of the three administrators have in common: their address, their forms, what files say."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from engine.commands import Command
from engine.errors import CommandRefused
from web.pages import commands
from web.texts import gettext as _

blueprint = Blueprint("administration", __name__, url_prefix="/administration")


def posted(act: Callable[[Command], dict[str, Any]]) -> tuple[dict[str, Any], CommandRefused | None]:
    """Carry out the posted form's command: its answer, or what it was refused for and the form is shown again with."""
    try:
        return commands.give(act), None
    except CommandRefused as refusal:
        if refusal.status not in (409, 422):
            raise
        return {}, refusal


def form(refusal: CommandRefused | None, seen: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """What a form's template is given: a fresh command, what is wrong by field, and what is wrong as a whole."""
    return {
        "command_id": commands.fresh(),
        "seen": request.form.get("seen") or (fingerprint(seen) if seen is not None else ""),
        "errors": commands.beside_fields(refusal) if refusal is not None else {},
        "error": commands.refused(refusal) if refusal is not None else "",
        **more,
    }


def fingerprint(shown: Mapping[str, Any]) -> str:
    """Says in short what a form was filled with."""
    return hashlib.sha256(repr(sorted(shown.items())).encode()).hexdigest()[:16]


def require_seen(now: Mapping[str, Any]) -> None:
    """Raises CommandRefused 409 where the posted form was filled with something else than what is there now."""
    seen = request.form.get("seen", "")
    if seen and seen != fingerprint(now):
        raise CommandRefused(
            "page_outdated",
            _("内容已被别人改过，本次没有保存。"),
            remedy=_("请另开页面查看最新内容，核对后再保存。"),
        )


def typed(name: str, longest: int = 20_000) -> str:
    """What was typed into a field, without blanks around it."""
    return request.form.get(name, "").strip().replace("\r\n", "\n")[:longest]


def uploaded(name: str) -> tuple[str, bytes]:
    """A posted file's name and content. Raises CommandRefused 422 where none was chosen."""
    file = request.files.get(name)
    if file is None or not file.filename:
        raise CommandRefused("file_missing", _("请选择 CSV 文件。"), status=422)
    return file.filename, file.read()


def table(name: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A CSV file that spreadsheets open as it is; what would be a formula in one is text."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(headings)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    # Spreadsheets take a file without the mark for one in the system's old encoding.
    return Response("\ufeff" + file.getvalue(), mimetype="text/csv", headers=headers)


def _plain(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
