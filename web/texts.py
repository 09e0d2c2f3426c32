"""The interface's language: Chinese in the source, other languages in the catalogue (Flask-Babel)."""

from flask import Flask, request, session
from flask_babel import Babel

LANGUAGES = {"zh": "中文", "en": "English"}
DEFAULT = "zh"

babel = Babel()


def register(app: Flask) -> None:
    """Choose the language of each request: the one the reader chose, else Chinese."""
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    babel.init_app(app, locale_selector=language)


def language() -> str:
    chosen = request.args.get("lang") or session.get("language", DEFAULT)
    return chosen if chosen in LANGUAGES else DEFAULT
