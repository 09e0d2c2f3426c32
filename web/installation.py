"""What commands begin with."""

import click
from flask import Flask

from web.app import create_app
from web.database import is_up_to_date


def ready() -> Flask:
    """The application, on a database whose tables are those of this version."""
    app = create_app()
    if not is_up_to_date(app):
        raise click.UsageError("the database has no tables, or those of another version: start `jigai up` on it once")
    return app
