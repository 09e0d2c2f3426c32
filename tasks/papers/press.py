"""What every paper is printed with: the typefaces, the compiler, the QR code, and its complaints in Chinese."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

import pylopdf_fonts_zh_cn as typefaces
import segno
import typst

_BEIJING = timezone(timedelta(hours=8))
_TEMPLATES = Path(__file__).parent
_PROOF = b'#set text(font: ("Noto Serif SC", "Noto Sans SC"))\n#sys.inputs.text'


class PaperError(ValueError):
    """A paper that cannot be printed as its data stand. The message is Chinese and names the place."""


class UnprintableCharacter(PaperError):
    """A character that neither typeface has. `character` and `field` (of the paper's data) name it."""

    def __init__(self, character: str, field: str | None, paper: str) -> None:
        self.character = character
        self.field = field
        where = f"（{field}）" if field else ""
        code = f"U+{ord(character):04X}"
        super().__init__(f"{paper}字体缺少字符「{character}」（{code}）{where}，无法生成{paper}")


class TextTooLong(PaperError):
    """Texts that do not fit one page even at the smallest readable size."""

    def __init__(self, paper: str) -> None:
        super().__init__(f"{paper}内容过长，无法在一页内打印，请精简「建设规模及内容」")


@dataclass(frozen=True)
class Place:
    """Where something stands in a print: the page, from 1, and points from its left and upper edges."""

    page: int
    x: float
    y: float


class Press:
    """One Typst compiler kept with its fonts loaded. It serves one thread at a time, hence the lock."""

    def __init__(self) -> None:
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[typefaces.serif_path().parent],
        )
        # Without its typefaces Typst prints an empty form and does not complain.
        if absent := {"Noto Serif SC", "Noto Sans SC"} - set(fonts.families()):
            raise PaperError(f"缺少字体：{'、'.join(sorted(absent))}")
        # Templates import what they share from beside them.
        self._compiler = typst.Compiler(root=_TEMPLATES, font_paths=fonts, ignore_system_fonts=True)
        self._fonts = fonts
        self._lock = threading.Lock()

    def print(self, template: bytes, inputs: dict[str, str], issued_on: date, *, tagged: bool = True) -> bytes:
        """A template with its inputs as PDF/A-2b; the same give the same bytes. Raises typst.TypstError.

        What is `tagged` says to readers of screens what is a heading, a table, a cell.
        """
        # Typst writes the time in UTC: noon is on the day of issue in both zones.
        moment = datetime.combine(issued_on, time(12), _BEIJING)
        with self._lock:
            pdf = self._compiler.compile(
                template, format="pdf", pdf_standards="a-2b", sys_inputs=inputs, timestamp=moment, pdf_tags=tagged
            )
        return cast(bytes, pdf)  # other formats give other types

    def place(self, template: bytes, inputs: dict[str, str], label: str) -> Place:
        """Where the first point that a template labels so stands. Asked after `print`, little is laid out again."""
        with self._lock:
            found = typst.query(  # type: ignore[type-var]  # its stub wants text and folder of one type
                template,
                f"<{label}>",
                field="value",
                root=_TEMPLATES,
                font_paths=self._fonts,
                ignore_system_fonts=True,
                sys_inputs=inputs,
            )
        first = json.loads(found)[0]
        return Place(first["page"], *(float(first[axis].removesuffix("pt")) for axis in ("x", "y")))


@dataclass(frozen=True)
class Sheet:
    """A print, and what it was printed from, so that it can be asked where something stands in it."""

    pdf: bytes
    template: bytes
    inputs: dict[str, str]

    @cached_property
    def seal_place(self) -> Place:
        """The middle of the seal."""
        return press().place(self.template, self.inputs, "seal")


@cache
def press() -> Press:
    """The process's one press."""
    return Press()


@cache
def template(name: str) -> bytes:
    """The template of a file name, such as `certificate.typ`."""
    return (_TEMPLATES / name).read_bytes()


def prove(data: Mapping[str, Any], paper: str) -> None:
    """Raise UnprintableCharacter where a text of `data` has a character that neither typeface has."""
    characters = set(json.dumps(data, ensure_ascii=False))
    try:
        press().print(_PROOF, {"text": " ".join(sorted(characters))}, date(2000, 1, 1))
    except typst.TypstError as error:
        raise explained(error, data, paper) from error


def qr_code(url: str) -> str:
    """The QR code of `url` as SVG without a border: the page's white is its quiet zone."""
    buffer = io.BytesIO()
    segno.make_qr(url, error="m").save(buffer, kind="svg", border=0, dark="#14203a", xmldecl=False, nl=False)
    return buffer.getvalue().decode()


def explained(error: typst.TypstError, data: Mapping[str, Any], paper: str) -> Exception:
    """Typst's complaint as one that the people concerned understand; unknown complaints stay as they are.

    `data` is what was printed, by field; `paper` what people call it.
    """
    if "no smaller size" in error.message:
        return TextTooLong(paper)
    missing = re.search(r'the text `"(.+?)"` could not be displayed', error.message)
    if missing is None:
        return error
    character = re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), missing[1])[0]
    field = next((name for name, value in data.items() if character in str(value)), None)
    return UnprintableCharacter(character, field, paper)
