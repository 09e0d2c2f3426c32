"""The server-rendered pages: thin views over records, engine and tasks. No rule of the trade is written here."""

from flask import Flask

from web.pages import (
    account_merges,
    account_security,
    accounts,
    administration,
    agencies,
    approvals,
    archive,
    audit,
    bulletins,
    change_form,
    changes,
    corrections,
    diagram,
    editions,
    enterprise,
    exporting,
    extensions,
    filings,
    finding,
    grants,
    inbox,
    library,
    office,
    operations,
    personal,
    prints,
    progress,
    provincial_login,
    public,
    seals,
    shell,
    sms,
    sms_texts,
    staff,
    statistics,
    substitutions,
    task,
    terminations,
    working_days,
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
    account_merges.blueprint,
    administration.blueprint,
    office.blueprint,
    exporting.blueprint,
    finding.blueprint,
)


def register(app: Flask) -> None:
    """Mount the pages and give templates what they need."""
    shell.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)


__all__ = [
    "account_security",
    "agencies",
    "approvals",
    "archive",
    "audit",
    "bulletins",
    "change_form",
    "changes",
    "corrections",
    "editions",
    "extensions",
    "filings",
    "grants",
    "operations",
    "personal",
    "prints",
    "progress",
    "provincial_login",
    "register",
    "seals",
    "sms",
    "sms_texts",
    "statistics",
    "terminations",
    "working_days",
]
