"""The server-rendered pages."""

from flask import Flask


def register(app: Flask) -> None:
    """Mount the pages."""
