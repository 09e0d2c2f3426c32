"""What an enterprise does with a document of its own: begin it, go on with it, take it back, throw a draft away."""

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import abort, flash, redirect

from engine.commands import Command
from engine.errors import CommandRefused
from records import documents
from records.documents import Document
from tasks import procedure
from web.api.access import own
from web.identity import me
from web.pages import addresses, commands
from web.runtime import command, runtime
from web.texts import gettext as _
from web.texts import told

_D = TypeVar("_D", bound=Document)


def begin(document: Document, form: Mapping[str, Any]) -> Any:
    """Keep a new draft, and go to its form."""
    with command(me().username) as given:
        documents.create_draft(given.session, document, form, actor=me().username, now=given.now)
        address = addresses.form_of(document)
    return redirect(address, 303)


def editable(kind: type[_D], document_id: str) -> _D:
    """The document, to be filled in. One that may no longer be edited is shown to be read instead, with the reason."""
    document = own(kind, document_id, me())
    try:
        documents.require_editable(document)
    except CommandRefused as refusal:
        flash(told(refusal.message), "warning")
        abort(redirect(addresses.of_document(document)))
    return document


def withdraw(kind: type[Document], document_id: str, done: str) -> Any:
    """撤回: back to its form, while nobody has decided; if that is refused, the document's page says why."""

    def act(given: Command) -> dict[str, Any]:
        document = own(kind, document_id, me())
        commands.require_current(document)
        procedure.withdraw(given, document)
        return {"message": done}

    try:
        flash(commands.give(act)["message"], "success")
    except CommandRefused as refusal:
        if refusal.status != 409:
            raise
        flash(commands.refused(refusal), "error")
        return redirect(addresses.of_document(own(kind, document_id, me())), 303)
    return redirect(addresses.form_of(own(kind, document_id, me())), 303)


def delete(kind: type[Document], document_id: str) -> str:
    """Delete a draft that was never submitted, and the files with it; answers with what its project was called.
    Raises CommandRefused as `delete_draft` does."""
    with command(me().username) as given:
        document = own(kind, document_id, me())
        name = document.project_name or _("未命名项目")
        stored = documents.delete_draft(given.session, document)
    for file in stored:
        runtime().attachments.delete(file)
    return name
