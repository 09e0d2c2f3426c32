"""The interface's language: Chinese in the source, other languages in the catalogue (Flask-Babel)."""

from contextvars import ContextVar
from typing import Any

from babel.support import NullTranslations
from flask import Flask, request, session
from flask_babel import Babel, Domain
from markupsafe import Markup

from engine.phrases import Phrase

LANGUAGES = {"zh": "中文", "en": "English"}
DEFAULT = "zh"
_ENDS = ("。", "！", "？", "；", ".", "!", "?", ";", "”", "）")

babel = Babel()


class Texts(Domain):
    """The catalogue of a request, looked up once: a page asks for hundreds of texts."""

    def __init__(self) -> None:
        super().__init__()
        self._of_request: ContextVar[NullTranslations | None] = ContextVar("texts", default=None)

    def begin(self) -> None:
        """Look it up for the request that begins."""
        self.as_default()
        self._of_request.set(super().get_translations())

    def end(self, _error: BaseException | None = None) -> None:
        self._of_request.set(None)

    def get_translations(self) -> NullTranslations:
        return self._of_request.get() or super().get_translations()

    def gettext(self, string: str, **variables: Any) -> str:
        text = str(self.get_translations().gettext(string))
        return text % variables if variables else text

    def pgettext(self, context: str, string: str) -> str:
        """A word that means something else elsewhere: `context`, in English, says what it means here."""
        return str(self.get_translations().pgettext(context, string))


texts = Texts()
gettext = texts.gettext
pgettext = texts.pgettext


def told(text: str | None) -> str:
    """A word or sentence that no call names, as an analyst wrote it, a record has it or a refusal says it, in the
    reader's language; as it stands where nobody has translated it."""
    if isinstance(text, Phrase):
        pattern = texts.gettext(text.pattern)
        return pattern.format(**{name: _put_in(pattern, name, value) for name, value in text.values.items()})
    return texts.gettext(text) if text else ""


def _put_in(pattern: str, name: str, value: Any) -> Any:
    """A value of a phrase; a word of the catalogue begins small inside a sentence, but not inside quotation marks."""
    if not isinstance(value, str):
        return value
    word = told(value)
    is_inside = word != value and f" {{{name}}}" in pattern
    return word[:1].lower() + word[1:] if is_inside else word


def sentences(*parts: str | None) -> str:
    """Sentences for people one after the other, such as a refusal and its remedy, in the reader's language; one that
    has no full stop gets it."""
    stop, gap = ("。", "") if language() == DEFAULT else (".", " ")
    return gap.join(part if part.endswith(_ENDS) else part + stop for part in map(told, parts) if part)


def _in_template(string: str, **variables: Any) -> Markup:
    """A text of ours is HTML; what is put into it is not."""
    text = Markup(texts.get_translations().gettext(string))  # noqa: S704 - a catalogue is ours
    return text % variables if variables else text


def register(app: Flask) -> None:
    """Choose the language of each request: the one the reader chose, else Chinese."""
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    babel.init_app(app, locale_selector=language)
    app.before_request(texts.begin)
    app.teardown_request(texts.end)
    # Not by Jinja's extension, which goes through five calls for each of a page's two hundred texts.
    app.jinja_env.globals |= {"_": _in_template, "pgettext": pgettext}


def language() -> str:
    chosen = request.args.get("lang") or session.get("language", DEFAULT)
    return chosen if chosen in LANGUAGES else DEFAULT
