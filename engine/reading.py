"""What reading any part of a diagram needs: its texts and expressions, and where to report what is wrong."""

from __future__ import annotations

from engine import xml
from engine.allowed import BPMN, SPIFF
from engine.errors import ExpressionError
from engine.expressions import Expression, Script
from engine.problems import Problem, problem
from engine.xml import Element


def whole_number(text: str, least: int = 1, most: int = 999_999_999) -> int | None:
    """The number that `text` writes in plain digits; None for anything else, and beyond these bounds."""
    is_plain = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_plain and least <= int(text) <= most else None


class Reading:
    """One file while it is read."""

    def __init__(self, root: Element, file: str) -> None:
        self.root = root
        self.file = file
        self.problems: list[Problem] = []

    # Reporting

    def report(self, code: str, element: Element, **facts: object) -> None:
        self.problems.append(problem(code, file=self.file, element=element, **facts))  # type: ignore[arg-type]  # facts are the sentence's

    def named_place(self, element: Element) -> Element:
        """The element itself, or the nearest one around it that has an id to name."""
        place: Element | None = element
        while place is not None and not place.get("id"):
            place = place.getparent()
        return element if place is None else place

    # Texts

    def extensions(self, element: Element) -> dict[str, Element]:
        holder = element.find(f"{{{BPMN}}}extensionElements")
        if holder is None:
            return {}
        return {xml.local_name(child): child for child in holder.iterchildren(f"{{{SPIFF}}}*")}

    def properties(self, element: Element | None) -> dict[str, str]:
        if element is None:
            return {}
        return {p.get("name") or "": p.get("value") or "" for p in element.iter(f"{{{SPIFF}}}property")}

    def reference(self, text: str | None, *, elsewhere: bool = False) -> str:
        """What a QName refers to: its local part where its prefix is of the file's own namespace, or of whichever where
        it may be another file's."""
        name = (text or "").strip()
        prefix, colon, local = name.partition(":")
        own = self.root.get("targetNamespace")
        is_known = prefix in self.root.nsmap and (elsewhere or own in (None, self.root.nsmap[prefix]))
        return local if colon and is_known else name

    def text(self, element: Element | None) -> str:
        return (element.text or "").strip() if element is not None else ""

    def children(self, element: Element, tag: str) -> list[Element]:
        return list(element.iterchildren(f"{{{BPMN}}}{tag}"))

    def optional(self, holder: Element | None, element: Element) -> Expression | None:
        return self.expression(holder, element) if self.text(holder) and holder is not None else None

    def expression(self, holder: Element, element: Element) -> Expression | None:
        text = holder.text or ""
        if not text.strip():
            self.report("expression_empty", element)
            return None
        return self.parse(text, holder, element)

    def parse(self, text: str, place: Element, element: Element) -> Expression | None:
        try:
            return Expression.parse(text)
        except ExpressionError as error:
            self.report("bad_expression", element, line=place.sourceline, reason=error.message, text=text.strip()[:80])
            return None

    def script(self, holder: Element | None, element: Element) -> Script | None:
        if holder is None or not (holder.text or "").strip():
            return None
        try:
            return Script.parse(holder.text or "")
        except ExpressionError as error:
            self.report("bad_script", element, line=holder.sourceline, reason=error.message)
            return None
