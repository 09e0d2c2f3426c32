"""Marks that a Chinese keyboard types where expressions need those of ASCII, and what to type instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.errors import ExpressionError
from engine.phrases import Phrase

_MEANT: Mapping[str, str] = {
    "，": ",", "、": ",", "；": ",", "：": ":", "。": ".", "．": ".", "（": "(", "）": ")", "【": "[", "】": "]",
    "［": "[", "］": "]", "｛": "{", "｝": "}", "＜": "<", "＞": ">", "＝": "=", "！": "!", "＋": "+", "－": "-",
    "—": "-", "＊": "*", "／": "/", "％": "%", "×": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!=", "…": "..",
    "　": " ", "“": '"', "”": '"', "‘": "'", "’": "'", "「": '"', "」": '"', "『": '"', "』": '"', "《": '"', "》": '"',
    "＂": '"', "＇": "'", **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
}  # fmt: skip


def refuse_misplaced(text: str) -> None:
    """ExpressionError for the first such mark that stands outside the text literals."""
    for part, quoted in quoted_parts(text):
        for mark in () if quoted else part:
            meant = _MEANT.get(mark)
            if meant is None:
                continue
            if meant in "\"'":
                message = "文本请放在英文引号里：把「{mark}」改成 {meant} 。"
            elif meant == " ":
                message = "请用英文标点：把「{mark}」改成英文的空格。"
            else:
                message = "请用英文标点：把「{mark}」改成英文的「{meant}」。"
            raise ExpressionError(Phrase(message, mark=mark, meant=meant))


def quoted_parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text cut into its literals (True), quotes included, and what stands between them (False).

    A literal without an end reaches to the end of the text.
    """
    start = position = 0
    while position < len(text):
        if text[position] not in "\"'":
            position += 1
            continue
        if position > start:
            yield text[start:position], False
        start, position = position, end_of_literal(text, position) or len(text)
        yield text[start:position], True
        start = position
    if start < len(text):
        yield text[start:], False


def end_of_literal(text: str, position: int) -> int | None:
    """The position after the text literal that begins at `position`; None where it has no end."""
    quote = text[position]
    position += 1
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == quote:
            return position + 1
        position += 1
    return None
