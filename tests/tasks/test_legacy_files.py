"""CSV files as they are handed over: encodings, headers, and where a line begins."""

from pathlib import Path

import pytest

from tasks.sheet import Column, Sheet, read

COLUMNS = (Column("备案证号", "number", needed=True), Column("签发日期", "day"), Column("备注", "note"))


def sheet(folder: Path, content: bytes) -> Sheet:
    file = folder / "file.csv"
    file.write_bytes(content)
    return read(file, COLUMNS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_of_offices_and_spreadsheets_are_read(tmp_path: Path, encoding: str) -> None:
    [line] = sheet(tmp_path, "备案证号,备注\r\n 1 ,例如\r\n".encode(encoding)).lines
    assert (line.text("number"), line.text("note"), line.text("day")) == ("1", "例如", "")
    assert line.problems == []


def test_a_line_has_the_number_that_an_editor_shows(tmp_path: Path) -> None:
    content = '备案证号,备注\n1,"一\n二"\n\n,三\n4,四,五\n'
    lines = sheet(tmp_path, content.encode()).lines
    assert [line.number for line in lines] == [2, 5, 6]
    assert [(p.line, p.column, p.message) for line in lines for p in line.problems] == [
        (5, "备案证号", "没有填写「备案证号」"),
        (6, "", "有 3 格，应为 2 格"),
    ]


@pytest.mark.parametrize(
    ("text", "day"), [("2021-10-26", 26), ("2021/10/6", 6), ("2021年10月26日", 26), ("2021-02-30", None), ("", None)]
)
def test_days_are_read_as_people_write_them(tmp_path: Path, text: str, day: int | None) -> None:
    [line] = sheet(tmp_path, f"备案证号,签发日期\n1,{text}\n".encode()).lines
    read_day = line.day("day")
    assert (read_day and read_day.day) == day
    assert line.is_refused_at("day") == (bool(text) and day is None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "不是 UTF-8 或 GB18030 编码的文本"),
        ('备案证号\n"1'.encode(), "不是完整的 CSV（unexpected end of data）"),
        (b"", "缺少这一栏"),
        ("备案证号,编号\n1,2\n".encode(), "没有这个栏目"),
        ("备案证号,备案证号\n1,2\n".encode(), "这一栏出现了不止一次"),
    ],
    ids=["encoding", "quotes", "empty", "unknown", "twice"],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(tmp_path: Path, content: bytes, message: str) -> None:
    found = sheet(tmp_path, content)
    assert found.lines == []
    assert found.problems[0].message == message
