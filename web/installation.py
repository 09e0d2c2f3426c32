"""What commands begin with, and what they leave behind: nothing."""

import click
from flask import Flask

from web.app import create_app
from web.database import close_database, is_up_to_date


def ready() -> Flask:
    """The application, on a database whose tables are those of this version, until the command ends."""
    app = create_app()
    click.get_current_context().call_on_close(lambda: close_database(app))
    if not is_up_to_date(app):
        raise click.UsageError("the database has no tables, or those of another version: start `jigai up` on it once")
    return app
