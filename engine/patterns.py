"""Regular expressions of forms, matched in time that grows with the text and never explodes.

Python's `re` tries one way after another, and `(a+)+$` makes it try for ever. Here all ways are followed at once
(Thompson's construction, simulated as Pike does). The syntax is ECMA-262's, as JSON Schema asks for, without what needs
trying: back references and look-around; `\\d`, `\\w` and `\\b` are ASCII, `$` is the end of the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NoReturn, TypeAlias

from engine.phrases import Phrase

LARGEST = 5_000
"""Instructions of one pattern; `x{100}` counts a hundred times."""

MOST_VISITS = 1_000_000
"""Instructions looked at in one search, about half a second."""

Fits: TypeAlias = Callable[[str], bool]


class PatternRefused(Exception):
    """A pattern that is not of the syntax, or too large; the reason is a sentence, in Chinese."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TextTooLong(Exception):
    """A text that would take the pattern too long."""


@dataclass
class _Step:
    """One instruction: take a character that `fits`, look at the place, or go on at `next` and `other`."""

    kind: Literal["take", "start", "end", "boundary", "inside", "go", "done"]
    next: int
    other: int = -1
    fits: Fits | None = None


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern. Use by several threads is safe."""

    text: str
    steps: tuple[_Step, ...]

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere in `text`. Raises TextTooLong."""
        active: set[int] = set()
        visits = 0
        for place in range(len(text) + 1):
            reached, done = self._closure({*active, 0}, text, place)
            if done:
                return True
            if place == len(text):
                return False
            visits += len(reached)
            if visits > MOST_VISITS:
                raise TextTooLong
            character = text[place]
            active = {self.steps[at].next for at in reached if self._takes(at, character)}
        return False

    def _takes(self, at: int, character: str) -> bool:
        fits = self.steps[at].fits
        return fits is not None and fits(character)

    def _closure(self, places: set[int], text: str, place: int) -> tuple[set[int], bool]:
        """Every instruction reached without taking a character, and whether the end is among them."""
        reached: set[int] = set()
        pending = list(places)
        while pending:
            at = pending.pop()
            if at in reached:
                continue
            reached.add(at)
            step = self.steps[at]
            if step.kind == "done":
                return reached, True
            if step.kind == "go":
                pending.append(step.next)
                if step.other >= 0:
                    pending.append(step.other)
            elif step.kind != "take" and _holds(step.kind, text, place):
                pending.append(step.next)
        return reached, False


@lru_cache(maxsize=500)
def compiled(text: str) -> Pattern:
    """The pattern that `text` says. Raises PatternRefused."""
    return _Compiler(text).pattern()


def _holds(kind: str, text: str, place: int) -> bool:
    if kind == "start":
        return place == 0
    if kind == "end":
        return place == len(text)
    before = place > 0 and _is_word(text[place - 1])
    after = place < len(text) and _is_word(text[place])
    return (before is not after) is (kind == "boundary")


def _is_digit(character: str) -> bool:
    return "0" <= character <= "9"


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


_CLASSES: dict[str, Fits] = {
    "d": _is_digit,
    "w": _is_word,
    "s": lambda character: character.isspace() or character == "\ufeff",
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_LINE_ENDS = "\n\r\u2028\u2029"
_DEEPEST = 50


class _Compiler:
    """Reads a pattern by recursive descent; what a quantifier repeats is read again for each copy."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.reads = 0
        self.steps: list[_Step] = []

    def pattern(self) -> Pattern:
        self._alternatives()
        if self.at < len(self.text):
            self._refuse("正则表达式「{pattern}」括号不成对。")
        self._add("done")
        return Pattern(self.text, tuple(self.steps))

    def _refuse(self, message: str, **values: str) -> NoReturn:
        raise PatternRefused(Phrase(message, pattern=self.text[:60], **values))

    def _add(self, kind: Literal["take", "start", "end", "boundary", "inside", "go", "done"]) -> _Step:
        """An instruction that goes on at the one after it."""
        if len(self.steps) >= LARGEST:
            self._refuse("正则表达式「{pattern}」过大。")
        step = _Step(kind, len(self.steps) + 1)
        self.steps.append(step)
        return step

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _next(self) -> str:
        character = self._peek()
        if not character:
            self._refuse("正则表达式「{pattern}」不完整。")
        self.at += 1
        return character

    def _alternatives(self) -> None:
        exits: list[_Step] = []
        while True:
            fork = self._add("go")
            while self._peek() not in ("", "|", ")"):
                self._quantified()
            if self._peek() != "|":
                break
            self.at += 1
            exits.append(self._add("go"))
            fork.other = len(self.steps)
        for leave in exits:
            leave.next = len(self.steps)

    def _quantified(self) -> None:
        begin = self.at
        first = len(self.steps)
        repeatable = self._atom()
        end = self.at
        least, most = self._quantifier()
        if (least, most) == (1, 1):
            return
        if not repeatable:
            self._refuse("正则表达式「{pattern}」的量词前面没有内容。")
        after = self.at
        del self.steps[first:]
        for _ in range(least):
            self._again(begin, end)
        if most is None:
            fork = self._add("go")
            begins = len(self.steps) - 1
            self._again(begin, end)
            self._add("go").next = begins
            fork.other = len(self.steps)
        else:
            forks = []
            for _ in range(most - least):
                forks.append(self._add("go"))
                self._again(begin, end)
            for fork in forks:
                fork.other = len(self.steps)
        self.at = after

    def _again(self, begin: int, end: int) -> None:
        self.at = begin
        self._atom()
        if self.at != end:
            raise AssertionError("the same text reads the same")

    def _quantifier(self) -> tuple[int, int | None]:
        found: tuple[int, int | None] = (1, 1)
        sign = self._peek()
        if sign and sign in "*+?":
            self.at += 1
            found = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        elif sign == "{":
            close = self.text.find("}", self.at)
            low, comma, high = self.text[self.at + 1 : max(close, 0)].partition(",")
            if close < 0 or not _is_count(low) or (high and not _is_count(high)):
                self._refuse("正则表达式「{pattern}」的重复次数不正确。")
            self.at = close + 1
            found = int(low), int(high) if high else (None if comma else int(low))
            if found[1] is not None and found[1] < found[0]:
                self._refuse("正则表达式「{pattern}」的重复次数不正确。")
        else:
            return found
        if self._peek() == "?":  # lazy or not, whether it matches is the same
            self.at += 1
        if self._peek() and self._peek() in "*+?{":
            self._refuse("正则表达式「{pattern}」的量词重复。")
        return found

    def _atom(self) -> bool:
        """One character, class, group or assertion; False for what cannot be repeated."""
        self.reads += 1
        if self.reads > LARGEST:
            self._refuse("正则表达式「{pattern}」过大。")
        character = self._next()
        if character == "(":
            self._group()
        elif character == "[":
            self._add("take").fits = self._class()
        elif character == ".":
            self._add("take").fits = lambda other: other not in _LINE_ENDS
        elif character == "^":
            self._add("start")
            return False
        elif character == "$":
            self._add("end")
            return False
        elif character == "\\" and self._peek() in ("b", "B"):
            self._add("boundary" if self._next() == "b" else "inside")
            return False
        elif character == "\\":
            self._add("take").fits = self._escaped()
        elif character in "*+?{}])":
            self._refuse("正则表达式「{pattern}」中的 {character} 位置不正确。", character=character)
        else:
            self._add("take").fits = character.__eq__
        return True

    def _group(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            self._refuse("正则表达式「{pattern}」嵌套过深。")
        if self._peek() == "?":
            self.at += 1
            kind = self._next()
            if kind == "<" and self._peek() not in ("=", "!"):
                self.at = self.text.find(">", self.at) + 1 or len(self.text)
            elif kind != ":":
                self._refuse("正则表达式「{pattern}」用了环视，不支持。")
        self._alternatives()
        if self._next() != ")":
            self._refuse("正则表达式「{pattern}」括号不成对。")
        self.depth -= 1

    def _escaped(self) -> Fits:
        character = self._next()
        if character.lower() in _CLASSES:
            fits = _CLASSES[character.lower()]
            return fits if character.islower() else lambda other: not fits(other)
        return self._literal(character).__eq__

    def _literal(self, character: str) -> str:
        """The character that an escape stands for."""
        if character in "xu":
            digits = self.text[self.at : self.at + (2 if character == "x" else 4)]
            if len(digits) != (2 if character == "x" else 4) or not all(d in "0123456789abcdefABCDEF" for d in digits):
                self._refuse("正则表达式「{pattern}」中的 {escape} 不完整。", escape=f"\\{character}")
            self.at += len(digits)
            return chr(int(digits, 16))
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character.isalnum():
            self._refuse("正则表达式「{pattern}」中的 {escape} 不支持。", escape=f"\\{character}")
        return character

    def _class(self) -> Fits:
        """What stands in square brackets."""
        negated = self._peek() == "^"
        self.at += negated
        parts: list[Fits] = []
        while self._peek() != "]":
            low = self._member()
            if not isinstance(low, str):
                parts.append(low)
            elif self._peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("", "]"):
                self.at += 1
                high = self._member()
                if not isinstance(high, str) or high < low:
                    self._refuse("正则表达式「{pattern}」的字符范围不正确。")
                parts.append(lambda other, low=low, high=high: low <= other <= high)  # type: ignore[misc]
            else:
                parts.append(low.__eq__)
        self.at += 1
        return lambda other: any(part(other) for part in parts) is not negated

    def _member(self) -> str | Fits:
        character = self._next()
        if character != "\\":
            return character
        if self._peek().lower() in _CLASSES:
            return self._escaped()
        character = self._next()
        return "\b" if character == "b" else self._literal(character)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4
