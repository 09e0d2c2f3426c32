"""What an enterprise does with a document of its own besides filling it in: take it back, throw a draft away."""

from typing import Any

from flask import flash, redirect

from engine.commands import Command
from engine.errors import CommandRefused
from records import documents
from records.documents import Document
from tasks import procedure
from web.api.access import own
from web.identity import me
from web.pages import addresses, commands
from web.runtime import command, runtime


def withdraw(kind: type[Document], document_id: str, told: str) -> Any:
    """撤回: back to its form, while nobody has decided; if that is refused, the document's page says why."""

    def act(given: Command) -> dict[str, Any]:
        document = own(kind, document_id, me())
        commands.require_current(document)
        procedure.withdraw(given, document)
        return {"message": told}

    try:
        flash(commands.give(act)["message"], "success")
    except CommandRefused as refusal:
        if refusal.status != 409:
            raise
        flash(f"{refusal.message}{refusal.remedy}", "error")
        return redirect(addresses.of_document(own(kind, document_id, me())), 303)
    return redirect(addresses.form_of(own(kind, document_id, me())), 303)


def delete(kind: type[Document], document_id: str) -> None:
    """Delete a draft that was never submitted, and the files with it. Raises CommandRefused as `delete_draft` does."""
    with command(me().username) as given:
        stored = documents.delete_draft(given.session, own(kind, document_id, me()))
    for file in stored:
        runtime().attachments.delete(file)
