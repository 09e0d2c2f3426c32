"""The server-rendered pages: thin views over records, engine and tasks. No rule of the trade is written here."""

from flask import Flask

from web.pages import (
    accounts,
    approvals,
    archive,
    change_form,
    changes,
    corrections,
    diagram,
    enterprise,
    extensions,
    filings,
    inbox,
    library,
    prints,
    progress,
    public,
    seals,
    shell,
    sms,
    staff,
    substitutions,
    task,
    terminations,
)

BLUEPRINTS = (
    public.blueprint,
    library.blueprint,
    accounts.blueprint,
    enterprise.blueprint,
    inbox.blueprint,
    task.blueprint,
    diagram.blueprint,
    substitutions.blueprint,
    staff.blueprint,
)


def register(app: Flask) -> None:
    """Mount the pages and give templates what they need."""
    shell.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)


__all__ = [
    "approvals",
    "archive",
    "change_form",
    "changes",
    "corrections",
    "extensions",
    "filings",
    "prints",
    "progress",
    "register",
    "seals",
    "sms",
    "terminations",
]
