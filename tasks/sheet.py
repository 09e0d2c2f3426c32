"""A CSV file as offices make them: its encoding, its header in Chinese, its lines, and what is wrong with them.

Nothing raises for what a file says: whatever is wrong is a `Problem` with its place and its remedy, so that all of them
can be told at once.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from pathlib import Path

from engine.phrases import Phrase
from tasks.wording import shortened

HEADER = 1
"""The number of the line that names the columns."""

_ENCODINGS = ("utf-8-sig", "gb18030")
_DAY = re.compile(r"(\d{4})(?:-|/|年)(\d{1,2})(?:-|/|月)(\d{1,2})日?", re.ASCII)
_LONGEST_SHOWN = 30  # characters of a cell that a sentence quotes
_MONTH = re.compile(r"(\d{4})(?:-|/|年)(\d{1,2})月?", re.ASCII)
_FLAGS = {"是": True, "否": False}


@dataclass(frozen=True, order=True)
class Problem:
    """What stands against a line of a file, and what to do about it. `line` is the number that an editor shows;
    `column` is empty where the line as a whole is meant."""

    file: str
    line: int
    column: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Column:
    """A column: its heading, and the name under which its cells are read. `needed`: no line may leave it empty."""

    heading: str
    name: str
    needed: bool = False


@dataclass
class Line:
    """A line of a file. Reading a cell notes what is wrong with it; one that is noted as refused is not imported."""

    file: str
    number: int
    cells: dict[str, str]
    headings: dict[str, str]
    problems: list[Problem] = field(default_factory=list)

    def text(self, name: str) -> str:
        """What a cell says, without blanks around it; empty where the file has no such column."""
        return self.cells.get(name, "")

    def day(self, name: str) -> date | None:
        """The day that a cell says: 2021-10-26, 2021/10/26 or 2021年10月26日. None where it is empty or no day."""
        text = self.text(name)
        match = _DAY.fullmatch(text)
        try:
            if match is not None:
                return date(*(int(part) for part in match.groups()))
        except ValueError:
            pass
        if text:
            self.refuse(name, Phrase("{cell}不是日期", cell=f"“{quoted(text)}”"), remedy="写成 2021-10-26 的样子")
        return None

    def month(self, name: str) -> date | None:
        """The first day of the month that a cell says without a day, such as 2021-10; None where it says no month."""
        match = _MONTH.fullmatch(self.text(name))
        return date(int(match[1]), int(match[2]), 1) if match is not None and 1 <= int(match[2]) <= 12 else None

    def flag(self, name: str) -> bool | None:
        """是 or 否; None where it is empty or neither."""
        text = self.text(name)
        if text and text not in _FLAGS:
            self.refuse(name, Phrase("{cell}不是“是”或“否”", cell=f"“{quoted(text)}”"), remedy="填“是”或“否”")
        return _FLAGS.get(text)

    def is_refused_at(self, name: str) -> bool:
        """Whether something is wrong in a column already."""
        return any(problem.column == self.headings.get(name) for problem in self.problems)

    def refuse(self, name: str, message: str, remedy: str) -> None:
        """Note what is wrong at a column, or with the whole line where `name` is empty. What a sentence quotes from the
        file is put into it with its quotation marks, so that nobody takes it for a word to translate."""
        self.problems.append(Problem(self.file, self.number, self.headings.get(name, ""), message, remedy))


@dataclass(frozen=True)
class Sheet:
    """A file as it was read. `problems` stand against the file; there are no lines then."""

    lines: list[Line]
    problems: list[Problem]


def read(path: Path, columns: Sequence[Column]) -> Sheet:
    """Read a CSV file in UTF-8 (with or without BOM) or GB18030 whose first line names its columns, in any order."""
    return parse(path.name, path.read_bytes(), columns)


def parse(file: str, content: bytes, columns: Sequence[Column]) -> Sheet:
    """The same of a file's content; `file` is what its problems call it."""
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        message = "不是 UTF-8 或 GB18030 编码的文本"
        return _unreadable(file, message, remedy="用表格软件另存为“CSV UTF-8”后再导入")
    try:
        (_, header), *rows = list(_rows(text)) or [(HEADER, [])]
    except csv.Error as error:
        message = Phrase("不是完整的 CSV（{error}）", error=str(error))
        return _unreadable(file, message, remedy="检查引号是否成对，用表格软件另存为 CSV 后再导入")
    if problems := _wrong_with_header(file, header, columns):
        return Sheet([], problems)
    return Sheet(list(_lines(file, rows, header, columns)), [])


def quoted(text: str) -> str:
    """As much of a cell as a sentence can hold."""
    return shortened(text, _LONGEST_SHOWN)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with the number of the line on which it begins: a quoted cell may go over several."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    begins = HEADER
    for row in reader:
        yield begins, [cell.strip() for cell in row]
        begins = reader.line_num + 1


def _wrong_with_header(file: str, header: list[str], columns: Sequence[Column]) -> list[Problem]:
    known = {column.heading: column for column in columns}
    found = [
        Problem(file, HEADER, column.heading, message="缺少这一栏", remedy="在第一行加上这个栏目名，并在各行填写")
        for column in columns
        if column.needed and column.heading not in header
    ]
    for heading in dict.fromkeys(header):
        if heading not in known:
            remedy = "核对栏目名；不需要的栏目请删除"
            found.append(Problem(file, HEADER, quoted(heading), message="没有这个栏目", remedy=remedy))
        elif header.count(heading) > 1:
            found.append(Problem(file, HEADER, heading, message="这一栏出现了不止一次", remedy="只保留一栏"))
    return found


def _lines(
    file: str, rows: Sequence[tuple[int, list[str]]], header: list[str], columns: Sequence[Column]
) -> Iterator[Line]:
    names = {column.heading: column.name for column in columns}
    headings = {column.name: column.heading for column in columns}
    for number, row in rows:
        if not any(row):
            continue
        cells = {names[heading]: cell for heading, cell in zip(header, row, strict=False)}
        line = Line(file, number, cells, headings)
        if len(row) != len(header):
            message = Phrase("有 {cells} 格，应为 {columns} 格", cells=len(row), columns=len(header))
            line.refuse("", message, remedy="检查逗号和引号；内容中有逗号的，整格加引号")
        else:
            for column in columns:
                if column.needed and not line.text(column.name):
                    message = Phrase("没有填写「{column}」", column=column.heading)
                    line.refuse(column.name, message, remedy="按原始记录填写")
        yield line


def _unreadable(file: str, message: str, remedy: str) -> Sheet:
    return Sheet([], [Problem(file, HEADER, "", message, remedy)])
