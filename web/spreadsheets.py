"""Spreadsheets 电子表格: rows as XLSX and CSV, written as they come, so that a million of them take no memory.

A cell never becomes a formula: what somebody typed into a form is not to run in an official's spreadsheet. A `Decimal`
has the decimals that it is shown with, zeros included.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format

CSV, XLSX = "csv", "xlsx"
MIMETYPES = {CSV: "text/csv; charset=utf-8", XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

MOST_ROWS = 1_048_575
"""Rows that a sheet holds below its headings."""

_BOM = "\ufeff"  # without which Excel takes UTF-8 for the code page of the machine
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SIGNED = re.compile(r"[+-]\d[\d,]*(\.\d+)?%?", re.ASCII)  # a number, which no spreadsheet takes for a formula
_NAME = str.maketrans("[]:*?/\\", "-------")


@dataclass(frozen=True)
class Sheet:
    """A table. `widths` are those of its columns, in characters."""

    name: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Any]]
    widths: Sequence[int] = ()


def csv_lines(sheets: Iterable[Sheet]) -> Iterator[str]:
    """The sheets one below the other, an empty line between them; each name stands above its sheet where there are
    several."""
    sheets = list(sheets)
    yield _BOM
    for number, sheet in enumerate(sheets):
        if len(sheets) > 1:
            yield from _lines([[sheet.name]] if number == 0 else [[], [sheet.name]])
        yield from _lines([sheet.headings])
        yield from _lines(sheet.rows)


def write_csv(file: IO[bytes], sheets: Iterable[Sheet]) -> None:
    """The same into a file."""
    for line in csv_lines(sheets):
        file.write(line.encode())


def write_xlsx(file: IO[bytes], sheets: Iterable[Sheet]) -> None:
    """A workbook, whose rows leave the memory as the next one comes. Raises XlsxWriterException for too many rows."""
    book = Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "bg_color": "#EAF1FB", "bottom": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    numbers = _Formats(book)
    for sheet in sheets:
        page = book.add_worksheet(sheet.name.translate(_NAME)[:31])
        page.freeze_panes(1, 0)
        for column, width in enumerate(sheet.widths):
            page.set_column(column, column, width)
        page.write_row(0, 0, sheet.headings, head)
        for number, row in enumerate(sheet.rows, 1):
            if number > MOST_ROWS:
                raise XlsxWriterException("more rows than a sheet holds")
            for column, value in enumerate(row):
                if isinstance(value, date):
                    page.write_datetime(number, column, value, day)
                elif isinstance(value, int | Decimal):
                    page.write_number(number, column, value, numbers[_places(value)])
                elif value:
                    page.write_string(number, column, str(value))
    book.close()


class _Formats(dict[int, Format]):
    """How a workbook shows numbers, by their decimals: thousands grouped, as pages do."""

    def __init__(self, book: Workbook) -> None:
        self._book = book

    def __missing__(self, places: int) -> Format:
        self[places] = self._book.add_format({"num_format": "#,##0" + ("." + "0" * places if places else "")})
        return self[places]


WRITERS = {CSV: write_csv, XLSX: write_xlsx}


def _lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([_text(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str) and value.startswith(_FORMULA) and not _SIGNED.fullmatch(value):
        return f"'{value}"
    return str(value)


def _places(number: int | Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent)) if isinstance(number, Decimal) else 0
